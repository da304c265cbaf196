"""Fills one column of an exported gradebook with the grades of one assignment.

Only what is certain is written: the points of graded work, and for an excused student the system's
word for it, if it has one. Work that is not graded, or held back, and a fault of the grader leave a
cell as it was; so does missing work, unless a number for it is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from course.errors import UserError
from grader.classroom.entry import Entry
from grader.classroom.exports.sheet import Sheet
from grader.classroom.people import Claim, People
from grader.classroom.words import plural
from grader.report.words import points


@dataclass(frozen=True)
class Change:
    """A cell that gets another value."""

    student: str  # the id in the roster
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.student} ({self.name}): {self.before or 'empty'} -> {self.after}"


@dataclass
class Filled:
    """What filling did, or in a dry run would do."""

    column: str
    changes: list[Change] = field(default_factory=list)
    same: int = 0
    left: list[str] = field(default_factory=list)  # cells that stay, and why, a line each
    strangers: list[str] = field(default_factory=list)  # rows of nobody in the roster
    absent: list[str] = field(default_factory=list)  # students without a row

    def lines(self) -> list[str]:
        """The differences, as staff read them."""
        told = [f"{self.column}:", *(f"  {change}" for change in self.changes)]
        told += [f"  unchanged: {line}" for line in self.left]
        told += [f"  not in the roster: {name}" for name in self.strangers]
        told += [f"  not in the file: {name}" for name in self.absent]
        count = f"{len(self.changes)} changed, {self.same} the same, {len(self.left)} left as is"
        return [*told, f"  {count}"]


@dataclass(frozen=True)
class Style:
    """How a system writes grades."""

    excused: str | None = None  # its word; None: it has none
    comma: bool = False  # decimals are written 7,5
    missing: float | None = None  # the points of missing work; None: such cells stay

    def value(self, entry: Entry) -> str | None:
        """The text of a cell; None if it stays as it is."""
        if entry.status == "graded" and entry.points is not None:
            return self.number(entry.points)
        if entry.status == "excused":
            return self.excused
        if entry.status == "missing" and self.missing is not None:
            return self.number(self.missing)
        return None

    def number(self, value: float) -> str:
        """12.0 -> "12", 7.25 -> "7.25" or "7,25"."""
        text = points(value)
        return text.replace(".", ",") if self.comma else text


def fill(
    sheet: Sheet,
    column: int,
    claims: Mapping[int, Sequence[Claim]],
    entries: Sequence[Entry],
    people: People,
    style: Style,
    locked: Collection[int] = (),
) -> Filled:
    """Fills a column of `sheet` in place.

    claims: {row: what it says about its student, the surest first}; other rows stay. entries: of
    one assignment. locked: rows that must stay. Raises UserError if two rows are one student's.
    """
    filled = Filled(sheet.header[column])
    known = {entry.student: entry for entry in entries}
    rows: dict[str, int] = {}
    for row, said in claims.items():
        student = _student(people, said)
        if student is None or student not in known:
            filled.strangers.append(_called(said))
            continue
        if student in rows:
            where = f"rows {rows[student] + 1} and {row + 1}"
            raise UserError(f"{sheet.path}: {where} are both the student {student!r}")
        rows[student] = row
        if row in locked:
            filled.left.append(f"{student} ({known[student].name}): locked in the other system")
            continue
        _put(sheet.rows[row], column, known[student], style, filled)
    filled.absent = [f"{e.student} ({e.name})" for e in entries if e.student not in rows]
    return filled


def _put(row: list[str], column: int, entry: Entry, style: Style, filled: Filled) -> None:
    value, before = style.value(entry), row[column].strip()
    if value is None:
        held = before or "empty"
        filled.left.append(f"{entry.student} ({entry.name}): {held}, {entry.status}")
    elif _equal(before, value):
        filled.same += 1
    else:
        row[column] = value
        filled.changes.append(Change(entry.student, entry.name, before, value))


def _equal(before: str, value: str) -> bool:
    """Whether two cells say the same, as "7.50" and "7.5" do."""
    try:
        return float(before.replace(",", ".")) == float(value.replace(",", "."))
    except ValueError:
        return before == value


def _student(people: People, claims: Sequence[Claim]) -> str | None:
    for claim in claims:
        owner = people.owner([claim])
        if owner is not None:
            return owner.members[0]
    return None


def _called(claims: Sequence[Claim]) -> str:
    words = [each for claim in claims for each in (claim.id, claim.email, claim.name) if each]
    return ", ".join(dict.fromkeys(words)) or "(a row without a name)"


def out_of(entries: Sequence[Entry]) -> float:
    """The points that can be had in the assignment of these entries; raises UserError for none."""
    if not entries:
        raise UserError("the roster has no student, so there is nothing to export")
    return entries[0].out_of


def check_points(sheet: Sheet, column: int, written: str, entries: Sequence[Entry]) -> None:
    """Raises UserError if the other system has another number of points for the assignment."""
    try:
        theirs = float(written.replace(",", "."))
    except ValueError:
        return  # it says nothing
    ours = out_of(entries)
    if theirs != ours:
        raise UserError(
            f"{sheet.path}: {sheet.header[column]!r} has {plural(theirs, 'point')} there and "
            f"{ours:g} here: change it in the other system"
        )


def choose(
    sheet: Sheet, wanted: str | None, titles: Mapping[int, str], entries: Sequence[Entry]
) -> int:
    """The column of an assignment: the one that is named, or the only one of its name.

    titles: {place: title without the system's additions}. Raises UserError.
    """
    headers = {place: sheet.header[place] for place in titles}
    if wanted is None:
        name = entries[0].assignment if entries else ""
        names = {name.casefold(), name.partition("_")[0].casefold()}
        hits = [place for place, title in titles.items() if title.casefold() in names]
        what = f"no column for {name!r} is found" if not hits else f"{name!r} has several columns"
    else:
        hits = [place for place in titles if wanted in (headers[place], titles[place])]
        what = f"--column {wanted!r} is " + ("several columns" if hits else "not a column")
    if len(hits) == 1:
        return hits[0]
    names_there = ", ".join(map(repr, headers.values())) or "none"
    raise UserError(f"{sheet.path}: {what}; name one with --column: {names_there}")
