"""Moodle: fills the worksheet of an assignment ("Download grading worksheet"), to upload it again.

Rows are found by Identifier, "Participant 123", which stays; a student is recognised by ID number,
Username or email address, if the site shows them, or else by the full name. A row whose "Grade can
be changed" is not Yes stays. The worksheet has no word for excused. Columns are expected under
their English names: the site's language must be English while it is downloaded.

From knowledge of Moodle's own code, not tried against a running site.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.classroom.entry import Entry
from grader.classroom.exports import sheet as sheets
from grader.classroom.exports.filling import Filled, Style, check_points, fill
from grader.classroom.exports.sheet import Sheet
from grader.classroom.people import Claim, People

GRADE, MOST, OPEN = "Grade", "Maximum Grade", "Grade can be changed"


def filled(
    path: Path,
    entries: Sequence[Entry],
    people: People,
    column: str | None = None,
    missing: float | None = None,
) -> tuple[bytes, Filled]:
    """The file to upload, and the differences. entries: of one assignment. Raises UserError."""
    sheet = sheets.read(path)
    sheet.column("Identifier")
    place = sheet.column(column or GRADE)
    rows = [number for number, row in enumerate(sheet.rows) if row and number > 0]
    most = sheet.place(MOST)
    written = {sheet.rows[row][most].strip() for row in rows} if most is not None else set()
    for text in sorted(written):
        check_points(sheet, place, text, entries)
    style = Style(None, any("," in text for text in written), missing)
    claims = {row: _claims(sheet, row) for row in rows}
    result = fill(sheet, place, claims, entries, people, style, _locked(sheet, rows))
    return sheet.to_bytes(), result


def _locked(sheet: Sheet, rows: Sequence[int]) -> set[int]:
    """The rows whose grade may not be changed."""
    place = sheet.place(OPEN)
    if place is None:
        return set()
    return {row for row in rows if sheet.rows[row][place].strip() != "Yes"}


def _claims(sheet: Sheet, row: int) -> list[Claim]:
    def cell(name: str) -> str:
        place = sheet.place(name)
        return "" if place is None else sheet.rows[row][place].strip()

    return [
        Claim(id=cell("ID number")),
        Claim(id=cell("Username")),
        Claim(email=cell("Email address")),
        Claim(name=cell("Full name")),
    ]
