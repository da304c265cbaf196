"""A regrade counts only when it is accepted, touches only what it must, and can be undone."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from grader.classroom import batch, regrade
from grader.classroom.course_file import Course
from grader.classroom.gradebook import entries
from grader.classroom.ledger import Ledger
from grader.classroom.pages import names
from grader.classroom.records import Answer, Event, Task
from grader.errors import UserError
from tests.grader.classroom.works import ASSIGNMENT, make_class, result, work

POINTS = ("1", "2", "3")


class Kinder:
    """Gives one point more than the suite of before, but to the second."""

    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        for task in tasks:
            points = work(task).result["score"]
            made = result(task, points + (points != 2)).to_json()
            yield Answer(task.key, task.assignment, task.sha256, made)


class Plain:
    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        yield from map(work, tasks)


@pytest.fixture(name="course")
def _course(tmp_path: Path) -> Course:
    """Three students, graded."""
    course = make_class(tmp_path / "class", POINTS)
    with Ledger.open(course.ledger_path) as ledger:
        todo = batch.waiting(ledger, course.find("a2").assignment)
        batch.grade(course, ledger, todo, Plain(), "tester")
    return course


@pytest.fixture(name="ledger")
def _ledger(course: Course) -> Iterator[Ledger]:
    with Ledger.open(course.ledger_path) as ledger:
        yield ledger


@pytest.fixture(name="changed")
def _changed(course: Course, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret was changed, and everything was graded again."""
    monkeypatch.setenv("COURSE_SECRET", "another")
    again(course, ledger)


def again(course: Course, ledger: Ledger, owners: list[str] | None = None) -> batch.Tally:
    todo = regrade.plan(ledger, course.find("a2").assignment, owners)
    return batch.grade(course, ledger, todo, Kinder(), "tester", "regrade", accept=False)


def raw(course: Course, ledger: Ledger) -> list[float | None]:
    return [entry.raw for entry in entries(ledger, course)]


def test_nothing_is_touched_while_nothing_changed(course: Course, ledger: Ledger) -> None:
    assert regrade.plan(ledger, course.find("a2").assignment) == []
    with pytest.raises(UserError, match="nothing to accept"):
        regrade.accept(ledger, course.find("a2").assignment, "tester", "why")
    with pytest.raises(UserError, match="nothing to undo"):
        regrade.undo(ledger, course.find("a2").assignment, "tester", "why")


@pytest.mark.usefixtures("changed")
def test_nothing_counts_until_it_is_accepted_and_it_can_be_undone(
    course: Course, ledger: Ledger
) -> None:
    assignment = course.find("a2").assignment
    assert raw(course, ledger) == [1, 2, 3]
    assert again(course, ledger).graded == 0
    assert regrade.accept(ledger, assignment, "tester", "a fairer test") == 3
    assert raw(course, ledger) == [2, 2, 4]
    assert regrade.undo(ledger, assignment, "tester", "it was not") == 3
    assert raw(course, ledger) == [1, 2, 3]
    assert regrade.undo(ledger, assignment, "tester", "it was") == 3
    assert raw(course, ledger) == [2, 2, 4]


@pytest.mark.usefixtures("changed")
def test_points_by_hand_outlast_it(course: Course, ledger: Ledger) -> None:
    data = {"part": "a", "points": 0.5}
    ledger.add_event(Event("adjust", "tester", "neat", ASSIGNMENT, "s000", data))
    regrade.accept(ledger, course.find("a2").assignment, "tester", "a fairer test")
    first = entries(ledger, course)[0]
    assert (first.raw, first.points, first.manual) == (2, 2.5, 0.5)


@pytest.mark.usefixtures("changed")
def test_the_table_shows_before_and_after(course: Course, ledger: Ledger) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    regrade.show(regrade.changes(ledger, course.find("a2").assignment), console)
    text = console.export_text()
    assert "s000" in text
    assert "s001" not in text
    assert "a 1 > 2" in text
    assert "3 graded again: 2 gain points, 0 lose points, 1 has as many as before" in text


@pytest.mark.usefixtures("changed")
def test_anonymous_marking_shows_pseudonyms(course: Course, ledger: Ledger) -> None:
    """The table once named the students whom no page named."""
    console = Console(width=120, record=True, file=io.StringIO())
    shown = names.shown(ledger.salt, hidden=True)
    regrade.show(regrade.changes(ledger, course.find("a2").assignment), console, shown)
    text = console.export_text()
    assert names.pseudonym(ledger.salt, "s000") in text
    assert "s000" not in text


def test_one_students_work_alone(
    course: Course, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SECRET", "another")
    assert again(course, ledger, ["s002"]).graded == 1
    regrade.accept(ledger, course.find("a2").assignment, "tester", "asked for", ["s002"])
    assert raw(course, ledger) == [1, 2, 4]
    with pytest.raises(UserError, match="'nobody' has handed in nothing"):
        again(course, ledger, ["nobody"])


def test_going_back_to_an_earlier_suite_needs_no_grading(
    course: Course, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SECRET", "another")
    again(course, ledger)
    regrade.accept(ledger, course.find("a2").assignment, "tester", "a new suite")
    monkeypatch.delenv("COURSE_SECRET")
    assert regrade.plan(ledger, course.find("a2").assignment) == []
    assert regrade.accept(ledger, course.find("a2").assignment, "tester", "the old one") == 3
    assert raw(course, ledger) == [1, 2, 3]


def test_what_was_not_graded_again_cannot_be_accepted(
    course: Course, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said that the grades were those of the suite as it is now, when they were not."""
    monkeypatch.setenv("COURSE_SECRET", "another")
    with pytest.raises(UserError, match="nothing to accept yet: without --accept"):
        regrade.accept(ledger, course.find("a2").assignment, "tester", "why")
