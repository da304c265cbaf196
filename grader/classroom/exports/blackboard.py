"""Blackboard Learn: fills the file that "Work offline: download" gives, to be uploaded again.

A column's name ends in its number, "Homework 5 [Total Pts: 100 Score] |1234", by which the upload
finds it. A student is recognised by "Student ID" or "Username". The file is tab-separated in UTF-16
or comma-separated in UTF-8, as it was chosen; both are written back as they were read. There is no
word for excused in it.

From knowledge of exported files, not tried against a running site.
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

NUMBERED = re.compile(
    r"(?P<title>.+?)(?: \[Total Pts: (?:up to )?(?P<points>[\d.,]+)[^\]]*\])? ?\|(?P<id>\d+)"
)
WHO = ("Student ID", "Username")


def filled(
    path: Path,
    entries: Sequence[Entry],
    people: People,
    column: str | None = None,
    missing: float | None = None,
) -> tuple[bytes, Filled]:
    """The file to upload, and the differences. entries: of one assignment. Raises UserError."""
    sheet = sheets.read(path)
    if not set(WHO) & set(sheet.header):
        names = " or ".join(map(repr, WHO))
        raise UserError(f"{path} has no column {names}: it is not a download of Blackboard")
    numbered = {
        place: match
        for place, name in enumerate(sheet.header)
        if (match := NUMBERED.fullmatch(name.strip()))
    }
    titles = {place: match["title"] for place, match in numbered.items()}
    place = choose(sheet, column, titles, entries)
    check_points(sheet, place, numbered[place]["points"] or "", entries)
    rows = [number for number, row in enumerate(sheet.rows) if row and number > 0]
    claims = {row: _claims(sheet, row) for row in rows}
    result = fill(sheet, place, claims, entries, people, Style(None, missing=missing))
    return sheet.to_bytes(), result


def _claims(sheet: Sheet, row: int) -> list[Claim]:
    def cell(name: str) -> str:
        place = sheet.place(name)
        return "" if place is None else sheet.rows[row][place].strip()

    name = f"{cell('First Name')} {cell('Last Name')}".strip()
    user = cell("Username")
    return [Claim(id=cell("Student ID")), Claim(id=user, email=user), Claim(name=name)]
