"""What is to be graded: one job for each different submission, with a key.

The ledger holds one grading a key (keys.py), so a command that was stopped at any moment goes on
where it was, and nothing is graded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

import filelock

from grader.assignment import Assignment
from grader.classroom.course_file import Course
from grader.classroom.fingerprints import Fingerprints
from grader.classroom.keys import key, stamp, stamp_of, state
from grader.classroom.ledger import Ledger
from grader.classroom.records import Answer, Grading, Task
from grader.classroom.store import Store
from grader.errors import UserError
from grader.verdict.result import Result

LOCK = "grading.lock"


@dataclass(frozen=True)
class Job:
    """One submission to grade, with the suite as it is now."""

    key: str
    assignment: str
    sha256: str


class Engine(Protocol):
    """Grades tasks somewhere; answers come in any order, one for each task."""

    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        """The answers, as they come; closing it stops the work."""


@dataclass(frozen=True)
class Tally:
    """What a run did."""

    graded: int
    faults: int  # of them, by the grader's own fault; they are graded again the next time


def submissions(ledger: Ledger, assignment: str) -> list[str]:
    """The sha256 of every different submission that can be graded, in the order they came."""
    return list(dict.fromkeys(ledger.handed_in(assignment)))


def waiting(ledger: Ledger, assignment: Assignment) -> list[Job]:
    """The submissions that have no grading that counts, but for the grader's own faults.

    One graded with another suite or secret is not among them: `regrade` grades it again.
    """
    current = ledger.current(assignment.id)
    done = {sha256 for sha256, grading in current.items() if not grading.is_fault}
    wanted = [sha256 for sha256 in submissions(ledger, assignment.id) if sha256 not in done]
    return jobs(assignment, wanted)


def jobs(assignment: Assignment, wanted: Iterable[str]) -> list[Job]:
    """A job for each submission, by its sha256."""
    now = stamp(assignment)
    return [Job(key(sha256, now), assignment.id, sha256) for sha256 in wanted]


@contextmanager
def locked(course: Course) -> Iterator[None]:
    """Within it, no other process grades this class; raises UserError if one does."""
    path = course.folder / LOCK
    try:
        with filelock.FileLock(path, timeout=0):
            yield
    except filelock.Timeout:
        raise UserError(
            f"{course.folder} is being graded by another process: wait for it"
        ) from None


def grade(
    course: Course,
    ledger: Ledger,
    todo: list[Job],
    engine: Engine,
    who: str,
    why: str = "",
    accept: bool = True,
    done: Callable[[Answer], None] = lambda answer: None,
) -> Tally:
    """Grades every job and records each result as it comes.

    accept: the results count at once. done: called after each was recorded.
    """
    for name in sorted({job.assignment for job in todo}):
        now = state(course.find(name).assignment)
        ledger.add_state(stamp_of(now), now)
    fingerprints = Fingerprints(course.folder)
    counts = [0, 0]
    with closing(engine.run(tasks(course, todo))) as answers:
        for answer in answers:
            # First, so that a grading in the ledger always has them.
            fingerprints.add(answer.key, answer.fingerprints)
            ledger.add_grading(to_grading(answer, who, why), answer.result, accept)
            counts[answer.is_fault] += 1
            done(answer)
    return Tally(sum(counts), counts[1])


def tasks(course: Course, todo: list[Job]) -> Iterator[Task]:
    """The jobs with their files, each read when it is asked for."""
    store = Store(course.store_path)
    stamps = {
        name: stamp(course.find(name).assignment) for name in {job.assignment for job in todo}
    }
    for job in todo:
        files = store.load(job.sha256).files
        yield Task(job.key, job.assignment, job.sha256, files, stamps[job.assignment])


def to_grading(answer: Answer, who: str, why: str) -> Grading:
    """An answer as the ledger keeps it."""
    result = Result.from_json(answer.result)
    return Grading(
        key=answer.key,
        assignment=answer.assignment,
        sha256=answer.sha256,
        earned=result.score,
        possible=result.max_score,
        parts={part.id: (part.score, part.max_score) for part in result.parts},
        is_fault=not result.usable,
        who=who,
        why=why,
    )
