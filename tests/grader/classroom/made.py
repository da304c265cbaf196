"""Made-up gradings for the tests of pages and regrades: a class whose results are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from grader.classroom import batch
from grader.classroom.course_file import Course
from grader.classroom.fingerprints import Fingerprints
from grader.classroom.keys import key, stamp
from grader.classroom.ledger import Ledger
from grader.classroom.records import Answer, Event
from grader.verdict.result import FunctionResult, Outcome, Result, State, TestResult
from tests.grader.classroom.works import ASSIGNMENT, FILE, result, task

PART, OTHER = "a", "b"


def test(name: str, passed: bool, blame: str = "", points: float = 2.0) -> TestResult:
    """One test of part a."""
    return TestResult(
        name=f"test_made.py::{name}",
        title=f"The sentence of {name}.",
        part=PART,
        visibility="hidden",
        outcome=Outcome.PASSED if passed else Outcome.FAILED,
        score=points if passed else 0.0,
        max_score=points,
        message="" if passed else f"{name} is wrong",
        hint="" if passed else f"The hint of {name}.",
        blame=(blame,) if blame else (),
    )


def made(text: str, tests: Mapping[str, bool], said: Mapping[str, str] | None = None) -> Result:
    """A result with these tests, {name: passed}; said: {wrong function: its mistake, or ""}."""
    wrong = list(said or {})
    rows = tuple(test(n, ok, "" if ok or not wrong else wrong[0]) for n, ok in tests.items())
    functions = tuple(
        FunctionResult(name, PART, State.WRONG, sentence) for name, sentence in (said or {}).items()
    )
    points = sum(row.score for row in rows)
    return replace(result(task(text), points), tests=rows, functions=functions)


def record(
    course: Course,
    results: Mapping[str, Result],
    fingerprints: Mapping[str, Mapping[str, str]] | None = None,
    accept: bool = True,
    key_of: str = "",
) -> None:
    """Records {text of a submission: its result}; key_of: another stamp than today's."""
    from grader.intake.submission import digest

    now = key_of or stamp(course.find(ASSIGNMENT).assignment)
    with Ledger.open(course.ledger_path) as ledger:
        for text, each in results.items():
            sha256 = digest({FILE: text.encode()})
            answer = Answer(key(sha256, now), ASSIGNMENT, sha256, each.to_json())
            Fingerprints(course.folder).add(answer.key, (fingerprints or {}).get(text, {}))
            ledger.add_grading(batch.to_grading(answer, "tester", ""), answer.result, accept)


def release(course: Course, on: bool = True) -> None:
    """Shows, or hides, the grades to students."""
    with Ledger.open(course.ledger_path) as ledger:
        ledger.add_event(Event("release", "tester", "done", ASSIGNMENT, data={"on": on}))
