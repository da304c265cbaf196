"""A gradebook of two students and two assignments, from attempts, points and decisions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from grader.classroom.course_file import About, Course, LateDays, Rules
from grader.classroom.decisions import Decisions
from grader.classroom.entry import Entry
from grader.classroom.gradebook import Book
from grader.classroom.records import Attempt, Event, Grading, Student

ZONE = ZoneInfo("Europe/London")
DUE = datetime(2026, 6, 1, 12, tzinfo=ZONE)
ADA, BOB = Student("ada", "Ada Lovelace", group="red"), Student("bob", "Bob Kahn", group="red")
POSSIBLE = {"a": 60.0, "b": 40.0}


def attempt(hours: float, sha256: str, owner: str = "ada", assignment: str = "one") -> Attempt:
    """An attempt so many hours after the due time; a group's counts for both students."""
    members = ("ada", "bob") if owner.startswith("group:") else (owner,)
    time = DUE + timedelta(hours=hours)
    return Attempt(assignment, owner, sha256, time, "test", members)


def grading(sha256: str, points: float, is_fault: bool = False) -> Grading:
    """A grading with so many of 100 points."""
    parts = {"a": (points * 0.6, 60.0), "b": (points * 0.4, 40.0)}
    return Grading(sha256, "one", sha256, points, 100.0, parts, is_fault, "me", accepted=1)


def book_of(
    attempts: list[Attempt],
    points: dict[str, float],
    events: list[Event] | tuple[Event, ...] = (),
    total: int | None = None,
    faults: tuple[str, ...] = (),
    **rules: Any,
) -> Book:
    """A class of Ada and Bob with the assignments one and two. points: {sha256: of 100}."""
    names = ("one", "two")
    gradings = {sha: grading(sha, each, sha in faults) for sha, each in points.items()}
    by_student: dict[tuple[str, str], list[Attempt]] = {}
    for each in attempts:
        for member in each.members:
            by_student.setdefault((member, each.assignment), []).append(each)
    return Book(
        Course(
            About("term", timezone="Europe/London"),
            tuple(Rules(name, DUE, **rules) for name in names),
            LateDays(total),
        ),
        [ADA, BOB],
        by_student,
        dict.fromkeys(names, gradings),
        dict.fromkeys(names, POSSIBLE),
        Decisions.of([Event(**{**vars(each), "id": n}) for n, each in enumerate(events, 1)]),
    )


def first(book: Book, student: Student = ADA) -> Entry:
    """A student's entry for the assignment one."""
    return book.of(student)[0]


def event(kind: Any, owner: str = "ada", why: str = "why", **data: Any) -> Event:
    """A decision about the assignment one."""
    return Event(kind, "me", why, "one", owner, data)
