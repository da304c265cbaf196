"""Grades from attempts, gradings and decisions: the arithmetic, and what each student reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from grader.classroom.course_file import Course, Late, Rules
from grader.classroom.gradebook import Book
from grader.classroom.records import Attempt, Student
from tests.grader.classroom.books import ADA, BOB, ZONE, attempt, book_of, event, first


@pytest.mark.parametrize(
    ("counts", "points", "raw"), [("latest", 60.0, 60.0), ("best", 80.0, 80.0), ("all", 70.0, 70.0)]
)
def test_which_attempts_count(counts: str, points: float, raw: float) -> None:
    attempts = [attempt(-3, "x"), attempt(-2, "y"), attempt(-1, "z")]
    entry = first(book_of(attempts, {"x": 70.0, "y": 80.0, "z": 60.0}, counts=counts))
    assert (entry.status, entry.raw, entry.points) == ("graded", raw, points)
    assert entry.parts == {"a": (points * 0.6, 60.0), "b": (points * 0.4, 40.0)}


def test_the_student_reads_the_whole_arithmetic() -> None:
    """The lines of a student's page: two late days, one of them free, and points by hand."""
    events = [event("adjust", why="a fine figure", part="b", points=4.0)]
    late = Late(days_free=1, points_per_day=0.1)
    entry = first(book_of([attempt(25, "x")], {"x": 80.0}, events, late=late))
    assert entry.points == 75.6
    assert (entry.raw, entry.manual, entry.late_days) == (80.0, 4.0, 2)
    assert entry.parts["b"] == (36.0, 40.0)
    assert entry.explanation == [
        "Due 2026-06-01 12:00:00 BST.",
        "Handed in 2026-06-02 13:00:00 BST, 2 days late.",
        "The tests give 80 of 100 points.",
        "By hand +4 in part b: a fine figure",
        "Together 84 points.",
        "1 late day costs nothing.",
        "1 late day at 0.1 of the score each: 84 x 0.9 = 75.6 points.",
        "Grade: 75.6 of 100 points.",
    ]


def test_a_cap_holds_for_work_with_paid_late_days_only() -> None:
    book = book_of([attempt(1, "x")], {"x": 90.0}, late=Late(cap=0.7))
    assert first(book).points == 70.0
    assert "Late work earns at most 70 points: 70 points." in first(book).explanation
    book = book_of([attempt(1, "x")], {"x": 90.0}, late=Late(cap=0.7, days_free=1))
    assert first(book).points == 90.0


def test_the_terms_free_days_go_to_what_is_due_first() -> None:
    attempts = [attempt(30, "x"), attempt(30, "y", assignment="two")]
    book = book_of(attempts, {"x": 100.0, "y": 100.0}, total=3, late=Late(points_per_day=0.1))
    first, second = book.of(ADA)
    assert (first.points, second.points) == (100.0, 90.0)
    assert first.explanation[-1] == "The term has 1 free late day left."
    assert second.explanation[-1] == "The term has 0 free late days left."


def test_late_work_after_work_in_time_counts_as_late_or_not_by_the_rules() -> None:
    attempts, points = [attempt(-1, "x"), attempt(30, "y")], {"x": 70.0, "y": 75.0}
    late = Late(points_per_day=0.1, last_day=3)
    assert first(book_of(attempts, points, late=late)).points == 60.0
    assert first(book_of(attempts, points, late=late, counts="best")).points == 70.0
    closed = Late(last_day=1)
    entry = first(book_of(attempts, points, late=closed))
    assert (entry.points, entry.late_days) == (70.0, 0)
    assert "it is 2 days late, and late day 1 is the last; it does not count" in str(
        entry.explanation
    )


@pytest.mark.parametrize("owner", ["ada", "group:red"])
def test_an_extension_of_the_student_or_the_group_counts(owner: str) -> None:
    late = Late(points_per_day=0.5)
    book = book_of([attempt(30, "x")], {"x": 80.0}, [event("extend", owner, days=2)], late=late)
    assert first(book).points == 80.0
    assert first(book).explanation[0] == "Due 2026-06-03 12:00:00 BST, extended."


def test_work_in_an_hour_that_a_clock_change_repeats() -> None:
    """The deadline is the second 01:30 of that night; nothing says that it was extended."""
    due = datetime(2026, 10, 25, 1, 30, tzinfo=ZONE, fold=1)
    second = Attempt("one", "ada", "x", due.astimezone(UTC), "test", ("ada",))
    book = book_of([second], {"x": 80.0})
    rules = tuple(Rules(each.id, due) for each in book.course.assignments)
    book = Book(**{**vars(book), "course": Course(book.course.course, rules)})
    assert first(book).explanation[:2] == [
        "Due 2026-10-25 01:30:00 GMT.",
        "Handed in 2026-10-25 01:30:00 GMT, in time.",
    ]


def test_the_last_extension_of_an_owner_replaces_the_earlier_ones() -> None:
    events = [event("extend", days=9), event("extend", days=0)]
    assert first(book_of([attempt(30, "x")], {"x": 80.0}, events)).late_days == 2


def test_a_groups_work_counts_for_all_who_were_in_it_then() -> None:
    """A student who has left the group since keeps what was handed in before."""
    book = book_of([attempt(-1, "x", "group:red")], {"x": 80.0})
    book.students[1] = Student("bob", "Bob Kahn", group="blue")
    assert [first(book, student).points for student in book.students] == [80.0, 80.0]


def test_a_decision_about_one_of_a_group_does_not_concern_the_other() -> None:
    events = [event("extend", "bob", days=2), event("hold", "bob", on=True)]
    book = book_of([attempt(30, "x", "group:red")], {"x": 80.0}, events)
    assert (first(book).status, first(book).late_days) == ("graded", 2)
    assert first(book, BOB).status == "held"


def test_the_grader_s_own_fault_and_missing_gradings_give_no_points() -> None:
    attempts = [attempt(-2, "x"), attempt(-1, "y")]
    for counts in ("latest", "best", "all"):
        fault = first(book_of(attempts, {"x": 90.0, "y": 0.0}, faults=("y",), counts=counts))
        assert (fault.status, fault.raw, fault.points) == ("fault", None, None)
        waiting = first(book_of(attempts, {"x": 90.0}, counts=counts))
        assert (waiting.status, waiting.raw, waiting.points) == ("ungraded", None, None)


def test_excused_held_and_missing() -> None:
    attempts, points = [attempt(-1, "x")], {"x": 90.0}
    excused = first(book_of(attempts, points, [event("excuse", on=True)]))
    assert (excused.status, excused.points) == ("excused", None)
    events = [event("adjust", part="", points=5.0), event("hold", on=True)]
    held = first(book_of(attempts, points, events))
    assert (held.status, held.raw, held.points, held.parts, held.manual) == (
        *("held", None, None, {}),
        0.0,
    )
    assert held.explanation == ["The grade is held back for now: ask the staff."]
    shown = first(book_of(attempts, points, [*events, event("hold", on=False)]))
    assert (shown.status, shown.points) == ("graded", 95.0)
    assert first(book_of([], {})).status == "missing"


def test_points_by_hand_alone_are_a_grade() -> None:
    """Work that was handed in on paper."""
    entry = first(book_of([], {}, [event("adjust", part="a", points=50.0)]))
    assert (entry.status, entry.raw, entry.points) == ("graded", 0.0, 50.0)
    assert entry.parts == {"a": (50.0, 60.0), "b": (0.0, 40.0)}


def test_points_by_hand_survive_a_regrade_until_they_are_withdrawn() -> None:
    events = [event("adjust", part="a", points=5.0), event("adjust", part="", points=1.5)]
    attempts = [attempt(-1, "x")]
    assert first(book_of(attempts, {"x": 70.0}, events)).points == 76.5
    assert first(book_of(attempts, {"x": 80.0}, events)).points == 86.5
    events.append(event("adjust", withdraws=1))
    assert first(book_of(attempts, {"x": 80.0}, events)).points == 81.5
