"""Grading in a process that stays: the same result as `grader grade`, or a grader's fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.assignment import find
from grader.boundary.sandbox import why_no_sandbox
from grader.classroom import work
from grader.classroom.keys import key, stamp
from grader.classroom.records import Task
from grader.intake.submission import take
from grader.verdict.grade import grade
from grader.verdict.result import Result


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    problem = why_no_sandbox()
    if problem:
        pytest.skip(problem)
    yield
    work.close()
    work._stamps.clear()


def skeleton() -> Task:
    assignment = find("a2")
    tree = take(assignment.src, assignment)
    now = stamp(assignment)
    return Task(key(tree.sha256, now), assignment.id, tree.sha256, tree.files, now)


@pytest.mark.slow
def test_the_result_is_that_of_one_grade() -> None:
    """All but times, the name and how it was isolated: the checkout's own work is trusted."""
    task, assignment = skeleton(), find("a2")
    first, second = work.grade(task), work.grade(task)
    alone = grade(assignment, replace(take(assignment.src, assignment), own=False))
    results = [Result.from_json(first.result), Result.from_json(second.result), alone]
    told = {
        (each.score, each.usable, each.parts, each.functions, tuple(map(_timeless, each.tests)))
        for each in results
    }
    assert len(told) == 1
    assert alone.usable
    assert results[0].isolation.kind == "sandbox"
    assert first.fingerprints == {}  # nothing is wrong, only unwritten


def _timeless(test: object) -> object:
    return replace(test, seconds=0.0)  # type: ignore[type-var]


def test_a_process_of_another_state_refuses() -> None:
    """A worker of a cluster may have an older checkout, or another secret."""
    answer = work.grade(replace(skeleton(), stamp="of another suite"))
    assert answer.is_fault
    assert answer.result["score"] == 0.0
    assert "another suite, grader, secret or limits" in answer.result["faults"][0]


def test_what_goes_wrong_on_our_side_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(work, "examine", broken)
    answer = work.grade(skeleton())
    assert answer.is_fault
    assert answer.result["faults"] == ("ZeroDivisionError: ours",)
