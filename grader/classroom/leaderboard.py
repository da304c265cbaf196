"""A board of the best work in an assignment: of those who asked to be on it, by names they chose.

Nothing that a student reports counts: a line's points are those of the grading that the staff ran
and accepted, before late days and points by hand. A board is written only when staff say so.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from course.files import write_all
from grader.classroom import adjust
from grader.classroom.course_file import Course, Rules
from grader.classroom.decisions import Decisions
from grader.classroom.gradebook import Book
from grader.classroom.ledger import Ledger
from grader.classroom.pages import templates
from grader.errors import UserError

LONGEST_NAME = 30  # characters


@dataclass(frozen=True)
class Line:
    """One line of a board."""

    rank: int  # equal points share one
    name: str  # that the student chose
    points: float
    possible: float
    parts: dict[str, tuple[float, float]]  # {part: (earned, possible)}
    submitted: datetime  # in the course's zone


def enter(
    ledger: Ledger, rules: Rules, student: str, name: str, who: str, why: str, on: bool = True
) -> int:
    """Puts a student on the board under a name, or takes the student off; the event's id.

    Raises UserError for a name that another has, or that says who somebody is.
    """
    owner = adjust.owner_named(ledger, student)
    name = unicodedata.normalize("NFKC", name).strip()
    if on:
        _check(ledger, rules, owner, name)
    return adjust.decide(ledger, "board", rules.id, owner, who, why, on=on, name=name)


def lines(course: Course, ledger: Ledger, rules: Rules) -> list[Line]:
    """The board, best first, and the earlier work first among equals."""
    book = Book.read(ledger, course)
    names = book.decisions.board(rules.id)
    found: dict[str, tuple[float, datetime, Line]] = {}
    for student in book.students:
        entry = next(each for each in book.of(student) if each.assignment == rules.id)
        grading = book.gradings[rules.id].get(entry.sha256)
        chosen = [names[owner] for owner in student.owners if owner in names]
        if not chosen or entry.status != "graded" or grading is None or grading.is_fault:
            continue
        times = book.attempts[student.id, rules.id]
        time = next(each.submitted_at for each in times if each.sha256 == entry.sha256)
        parts = dict(grading.parts)
        local = time.astimezone(course.zone)
        line = Line(0, chosen[0], grading.earned, grading.possible, parts, local)
        found[line.name] = (-line.points, time, line)
    ordered = [line for _, _, line in sorted(found.values(), key=lambda each: each[:2])]
    points = [line.points for line in ordered]
    return [Line(**{**vars(each), "rank": points.index(each.points) + 1}) for each in ordered]


def write(out: Path, course: Course, ledger: Ledger, rules: Rules) -> int:
    """Writes the board as one HTML page; returns how many lines it has. Raises UserError."""
    if not Decisions.of(ledger.events()).released(rules.id):
        raise UserError(f"{rules.id} is not released: the board would show points before it is")
    board = lines(course, ledger, rules)
    titles = rules.assignment.part_titles
    page = templates.render("board", course=course, rules=rules, board=board, titles=titles)
    write_all(out.parent, {out.name: page.encode()})
    return len(board)


def _check(ledger: Ledger, rules: Rules, owner: str, name: str) -> None:
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise UserError(f"--name {name!r}: give 1 to {LONGEST_NAME} printable characters")
    known = {word.casefold() for each in ledger.students() for word in (each.id, each.name)}
    if name.casefold() in known:
        raise UserError(f"--name {name!r} is a student's own: choose one that tells nobody's")
    for event in ledger.events("board", rules.id):
        if event.owner != owner and event.data["name"].casefold() == name.casefold():
            raise UserError(f"--name {name!r} was taken by another: choose another name")
