"""Canvas: fills the csv that its gradebook exports, so that it can be imported again.

The import needs the columns Student, ID and Section, and finds an assignment by the number in its
column's name, "Homework 5 (1234)"; for a name that it does not know it makes a new assignment. So
a file is only ever filled, and holds the student's columns and one assignment: what is not in the
file stays as it is in Canvas. The row of the points ("    Points Possible") is kept. EX excuses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from course.errors import UserError
from grader.classroom.entry import Entry
from grader.classroom.exports import sheet as sheets
from grader.classroom.exports.filling import Filled, Style, check_points, choose, fill
from grader.classroom.exports.sheet import Sheet
from grader.classroom.people import Claim, People

NEEDED = ("Student", "ID", "Section")
KNOWN = ("Student", "ID", "SIS User ID", "SIS Login ID", "Root Account", "Section")
NUMBERED = re.compile(r"(?P<title>.+) \((?P<id>\d+)\)")
POINTS = "Points Possible"
EXCUSED = "EX"


def filled(
    path: Path,
    entries: Sequence[Entry],
    people: People,
    column: str | None = None,
    missing: float | None = None,
) -> tuple[bytes, Filled]:
    """The file to import, and the differences. entries: of one assignment. Raises UserError."""
    sheet = sheets.read(path)
    for name in NEEDED:
        sheet.column(name)
    titles = {
        place: match["title"]
        for place, name in enumerate(sheet.header)
        if (match := NUMBERED.fullmatch(name.strip()))
    }
    place = choose(sheet, column, titles, entries)
    students, possible = _rows(sheet)
    check_points(sheet, place, sheet.rows[possible][place], entries)
    claims = {row: _claims(sheet, row) for row in students}
    result = fill(sheet, place, claims, entries, people, Style(EXCUSED, missing=missing))
    return _only(sheet, place).to_bytes(), result


def _rows(sheet: Sheet) -> tuple[list[int], int]:
    """The students' rows, and that of the points; what stands above it is none of a student's."""
    name = sheet.column("Student")
    for number, row in enumerate(sheet.rows):
        if row and row[name].strip() == POINTS:
            after = range(number + 1, len(sheet.rows))
            return [each for each in after if sheet.rows[each]], number
    raise UserError(f"{sheet.path} has no row {POINTS!r}: it is not a gradebook of Canvas")


def _claims(sheet: Sheet, row: int) -> list[Claim]:
    """What a row says, the school's own numbers first."""

    def cell(name: str) -> str:
        place = sheet.place(name)
        return "" if place is None else sheet.rows[row][place].strip()

    login = cell("SIS Login ID")
    return [
        Claim(id=cell("SIS User ID")),
        Claim(id=login, email=login),
        Claim(id=cell("ID")),
        Claim(name=cell("Student")),
    ]


def _only(sheet: Sheet, place: int) -> Sheet:
    """The sheet with the student's columns and this one."""
    kept = [n for n, name in enumerate(sheet.header) if name in KNOWN or n == place]
    sheet.rows = [[row[n] for n in kept] for row in sheet.rows if row]
    return sheet
