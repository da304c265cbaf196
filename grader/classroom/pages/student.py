"""A page for each student: every grade with its arithmetic, and nothing of any other student.

An assignment is shown once it was released. What a page says of mistakes follows the assignment's
`visibility` in course.toml, or its
own `diagnosis`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup

from grader.assignment import Assignment
from grader.classroom.course_file import Course
from grader.classroom.entry import Entry
from grader.classroom.gradebook import Book
from grader.classroom.ledger import Ledger
from grader.classroom.pages import marks, templates
from grader.classroom.pages.marks import Mark, Test
from grader.report.words import EXPLAINED, STATES
from grader.verdict.result import Outcome, State


@dataclass(frozen=True)
class Lost:
    """A test without all its points."""

    part: str
    title: str
    outcome: str
    score: float
    max_score: float
    message: str
    hint: str


@dataclass(frozen=True)
class Section:
    """One assignment on a student's page."""

    title: str
    entry: Entry | None  # None: not released yet
    passed: int = 0
    tests: int = 0
    lost: tuple[Markup, ...] = ()  # each test without all its points
    functions: tuple[tuple[str, str], ...] = ()  # those that are not right: (name, what is known)


def pages(
    course: Course, ledger: Ledger, book: Book, entries: Sequence[Entry]
) -> Iterator[tuple[str, str]]:
    """(a student's id, the page's text) of every student."""
    known = {rules.id: rules.assignment for rules in course.assignments}
    for who, own in groupby(entries, key=lambda entry: entry.student):
        mine = list(own)
        sections = [_section(known[entry.assignment], entry, ledger, book) for entry in mine]
        yield (
            who,
            templates.render(
                "student", course=course, student=who, name=mine[0].name, sections=sections
            ),
        )


def _section(assignment: Assignment, entry: Entry, ledger: Ledger, book: Book) -> Section:
    title, visibility = assignment.title, assignment.diagnosis
    if not book.decisions.released(entry.assignment):
        return Section(title, None)
    grading = book.gradings[entry.assignment].get(entry.sha256)
    if entry.status != "graded" or grading is None or grading.is_fault:
        return Section(title, entry)
    mark = marks.read(ledger, grading.id)
    lost = [test for test in mark.tests if test.score < test.max_score]
    return Section(
        title,
        entry,
        passed=len(mark.tests) - len(lost),
        tests=len(mark.tests),
        lost=tuple(_shown(_lost(test, visibility)) for test in lost),
        functions=tuple(_functions(mark, visibility)),
    )


@lru_cache(maxsize=2**14)  # many students lose the same test in the same way
def _shown(lost: Lost) -> Markup:
    return Markup(templates.render("lost", test=lost))


def _lost(test: Test, visibility: str) -> Lost:
    message = test.message.strip() or EXPLAINED[Outcome(test.outcome)]
    hint = "" if visibility == "none" else test.hint
    return Lost(
        *(test.part, test.title, test.outcome, test.score, test.max_score, message, hint),
    )


def _functions(mark: Mark, visibility: str) -> Iterator[tuple[str, str]]:
    for function in mark.functions:
        if function.state != State.RIGHT:
            said = function.diagnosis if visibility == "sentence" else ""
            state = STATES[State(function.state)]
            yield function.name, f"{state}: {said}" if said else state
