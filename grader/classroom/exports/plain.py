"""A plain csv of the gradebook: one row a student, four columns an assignment, and the total.

Points are empty unless the work is graded; the status says why. The total counts graded work, and
missing work as 0; out_of leaves out excused work. It is empty while a grade is still to come.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from course.errors import UserError
from grader.classroom.entry import Entry
from grader.classroom.records import Student
from grader.classroom.words import plural
from grader.report.words import points

WHO = ("id", "name", "email", "section", "group")
EACH = ("points", "out_of", "status", "late_days")
OPEN = ("ungraded", "fault", "held")
MARK = "\ufeff"  # spreadsheet programs take a file without it for another encoding


def table(entries: Sequence[Entry], students: Sequence[Student]) -> list[list[str]]:
    """The rows, the names of the columns first."""
    names = list(dict.fromkeys(entry.assignment for entry in entries))
    grades = {(entry.student, entry.assignment): entry for entry in entries}
    columns = [f"{name} {what}" for name in names for what in EACH]
    rows = [[*WHO, *columns, "total", "total out_of"]]
    for student in students:
        own = [grades[student.id, name] for name in names]
        cells = [cell for entry in own for cell in _cells(entry)]
        who = [str(getattr(student, name)) for name in WHO]
        rows.append([*map(_text, who), *cells, *_total(own)])
    return rows


def _cells(entry: Entry) -> list[str]:
    earned = "" if entry.points is None else points(entry.points)
    return [earned, points(entry.out_of), entry.status, str(entry.late_days)]


def _total(entries: Sequence[Entry]) -> list[str]:
    counted = [entry for entry in entries if entry.status != "excused"]
    out_of = points(sum(entry.out_of for entry in counted))
    if any(entry.status in OPEN for entry in counted):
        return ["", out_of]
    return [points(sum(entry.points or 0.0 for entry in counted)), out_of]


def _text(cell: str) -> str:
    """A name as text: a spreadsheet program would compute one that begins as a formula does."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def to_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """The csv, in UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return (MARK + text.getvalue()).encode()


def differences(rows: Sequence[Sequence[str]], path: Path) -> list[str]:
    """What is not as in the file that is there, a line each. Raises UserError if it is not ours."""
    before = _read(path)
    if before is None:
        students = plural(len(rows) - 1, "student")
        return [f"{path} is new: {students}, {plural(len(rows[0]), 'column')}"]
    old = {row[0]: dict(zip(before[0], row, strict=False)) for row in before[1:] if row}
    new = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    lines = [f"{id_}: no longer there" for id_ in old if id_ not in new]
    for id_, cells in new.items():
        if id_ not in old:
            lines.append(f"{id_}: new")
            continue
        lines += [
            f"{id_}: {name}: {old[id_].get(name) or 'empty'} -> {value or 'empty'}"
            for name, value in cells.items()
            if value != old[id_].get(name, "")
        ]
    return lines or [f"{path} is up to date"]


def _read(path: Path) -> list[list[str]] | None:
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file to write")
    if not path.exists():
        return None
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}"
        ) from None
    if not rows or rows[0][:1] != [WHO[0]]:
        raise UserError(f"{path} is not a gradebook of ours: name another file")
    return rows
