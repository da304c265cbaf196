"""Reads a roster: a csv file of the students, with their sections and groups.

    id,name,email,section,group
    ada,Ada Lovelace,ada@example.org,1,red

id and name are needed, the other columns may be left out. A mistake is a UserError with the line.
"""

from __future__ import annotations

import csv
from dataclasses import fields
from io import StringIO
from pathlib import Path

from course.errors import printable
from course.files import read_text
from grader.classroom.records import TEAM, Student
from grader.classroom.words import plural
from grader.errors import UserError

COLUMNS = tuple(field.name for field in fields(Student))
NEEDED = ("id", "name")


def read(path: Path) -> list[Student]:
    """The students of a roster, in its order. Raises UserError."""
    students: list[Student] = []
    places: dict[str, int] = {}  # an id's line; ids that differ in case alone would share a file
    for number, row in rows(path, COLUMNS, NEEDED):
        student = Student(**row)
        place = f"{path}, line {number}"
        _check_id(student.id, place)
        key = student.id.casefold()
        if key in places:
            first = f"the first time in line {places[key]}"
            raise UserError(f"{place}: {student.id!r} is there twice, {first}")
        places[key] = number
        students.append(student)
    if not students:
        raise UserError(f"{path} has no students: each line is {','.join(COLUMNS)}")
    return students


def rows(
    path: Path, columns: tuple[str, ...], needed: tuple[str, ...]
) -> list[tuple[int, dict[str, str]]]:
    """The lines of a csv file with a header: (line, {column: text without spaces around it}).

    Raises UserError for an unknown or missing column, a line that is too long or too short, and
    a file that is not UTF-8.
    """
    reader = csv.reader(StringIO(_text(path)), strict=True)
    found = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header, columns, needed, path)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(
                    (reader.line_num, _row(header, cells, f"{path}, line {reader.line_num}"))
                )
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}") from None
    for number, row in found:
        for column in needed:
            if not row[column]:
                raise UserError(f"{path}, line {number}: {column} is empty")
    return found


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except UserError as error:
        advice = ': save it as "CSV UTF-8"' if "is not UTF-8" in str(error) else ""
        raise UserError(f"{error}{advice}") from None


def _check_header(
    header: list[str], columns: tuple[str, ...], needed: tuple[str, ...], path: Path
) -> None:
    valid = f"the first line names the columns, of {', '.join(columns)}, with commas between"
    for name in header:
        if name not in columns:
            raise UserError(f"{path}, line 1: {printable(name)!r} is not a column: {valid}")
        if header.count(name) > 1:
            raise UserError(f"{path}, line 1: the column {name!r} is there twice")
    for name in needed:
        if name not in header:
            raise UserError(f"{path}, line 1: the column {name!r} is missing: {valid}")


def _row(header: list[str], cells: list[str], place: str) -> dict[str, str]:
    if len(cells) != len(header):
        count = plural(len(cells), "cell")
        raise UserError(f"{place} has {count}, not {len(header)}: {','.join(cells)!r}")
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True)}


def _check_id(name: str, place: str) -> None:
    """Raises UserError for an id that could not be the name of a file, or looks like a group's."""
    if name.startswith(TEAM):
        raise UserError(f"{place}: the id {name!r} begins with {TEAM!r}, as only groups may")
    if not name.isprintable() or set(name) & set('/\\:*?"<>|') or name.startswith("."):
        valid = 'a printable text without any of / \\ : * ? " < > |, not beginning with a dot'
        raise UserError(f"{place}: {printable(name)!r} is not an id: give {valid}")
