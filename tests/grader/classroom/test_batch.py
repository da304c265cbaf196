"""What is graded: each different submission once, whatever ends the command in between."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.classroom import batch
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.classroom.records import Answer, Task
from grader.classroom.work import fault
from grader.errors import UserError
from tests.grader.classroom.works import ASSIGNMENT, make_class, work


@dataclass
class Here:
    """Grades in this process, and stops as if killed after some answers."""

    most: int = 10**9

    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        for number, task in enumerate(tasks):
            if number == self.most:
                raise KeyboardInterrupt
            yield work(task)


class Failing:
    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        for task in tasks:
            yield fault(task, "out of order")


@pytest.fixture(name="course")
def _course(tmp_path: Path) -> Course:
    return make_class(tmp_path / "class", ["1", "2", "2", "3"])


def run(course: Course, engine: batch.Engine) -> batch.Tally:
    with Ledger.open(course.ledger_path) as ledger:
        todo = batch.waiting(ledger, course.find("a2").assignment)
        return batch.grade(course, ledger, todo, engine, "tester")


def points(course: Course) -> list[float]:
    with Ledger.open(course.ledger_path) as ledger:
        return sorted(each.earned for each in ledger.current(ASSIGNMENT).values())


def test_equal_submissions_are_graded_once(course: Course) -> None:
    assert run(course, Here()) == batch.Tally(graded=3, faults=0)
    assert points(course) == [1.0, 2.0, 3.0]
    assert run(course, Here()) == batch.Tally(graded=0, faults=0)


@pytest.mark.parametrize("most", [0, 1, 2])
def test_a_stopped_run_goes_on_where_it_was(course: Course, most: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(course, Here(most))
    assert run(course, Here()) == batch.Tally(graded=3 - most, faults=0)
    with Ledger.open(course.ledger_path) as ledger:
        keys_ = [each.key for each in ledger.gradings()]
    assert len(keys_) == len(set(keys_)) == 3


def test_a_fault_is_graded_again(course: Course) -> None:
    assert run(course, Failing()) == batch.Tally(graded=3, faults=3)
    assert run(course, Here()) == batch.Tally(graded=3, faults=0)
    assert points(course) == [1.0, 2.0, 3.0]


def test_a_damaged_submission_is_refused_by_name(course: Course) -> None:
    with Ledger.open(course.ledger_path) as ledger:
        first = batch.submissions(ledger, ASSIGNMENT)[0]
    path = course.store_path / first[:2] / f"{first}.zip"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match=f"{path} is damaged"):
        run(course, Here())


def test_two_commands_at_once_are_refused(course: Course) -> None:
    refused = pytest.raises(UserError, match="is being graded by another process")
    with batch.locked(course), refused, batch.locked(course):
        pass
    with batch.locked(course):
        pass
