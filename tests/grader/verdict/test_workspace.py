"""What lies beside student code while hidden tests run, and how a test's end is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader.assignment import Assignment, Part
from grader.boundary.errors import WorkerLost
from grader.boundary.sandbox import why_no_sandbox
from grader.boundary.worker_process import WorkerProcess
from grader.intake.submission import Tree, take
from grader.verdict import workspace
from grader.verdict.grade import Options, grade
from grader.verdict.result import Outcome, Result
from tests.hostile.corpus import COURSE, TOY

BROKEN = b"import os\n\n\ndef broken():\n    pass\n\n\nbroken(1)\n"
CALLS_GIVEN = b"""

def mean(numbers):
    return encode("a")


def predict(texts):
    return encode("a")
"""
RAISES = b"""

def mean(numbers):
    return second(numbers)


def second(numbers):
    return "%s" + 1
""" % (b"x" * 900)

needs_sandbox = pytest.mark.skipif(bool(why_no_sandbox()), reason=str(why_no_sandbox()))


def graded(tree: Tree, assignment: Assignment = TOY) -> Result:
    return grade(assignment, tree, Options("sandbox"))


def solution(**changed: bytes) -> Tree:
    tree = take(COURSE / "solution", TOY)
    return replace(tree, files={**tree.files, **changed})


def with_more(source: bytes) -> Tree:
    """The solution with `source` after the end of its work.py."""
    return solution(**{"src/work.py": (COURSE / "solution" / "work.py").read_bytes() + source})


def test_a_given_file_that_no_test_needs_is_a_stand_in() -> None:
    """Calling given files that compute the model's loss gave most of a part's points."""
    laid = workspace.hidden(replace(TOY, given=()), solution())
    assert laid.files["src/given.py"] == workspace.STAND_IN
    assert laid.files["src/work.py"] != workspace.STAND_IN
    assert workspace.hidden(TOY, solution()).files["src/given.py"] != workspace.STAND_IN
    assert workspace.public(TOY, solution()).files["src/given.py"] != workspace.STAND_IN


def test_names_of_a_stand_in_are_found_and_raise_when_used() -> None:
    """A module that imports one is still imported, and a class may be derived from it."""
    scope: dict[str, Any] = {}
    exec(workspace.STAND_IN, scope)
    name = scope["__getattr__"]("CausalCrossAttention")
    derived = type("Derived", (name,), {})
    for made in (name, derived):
        with pytest.raises(scope["GivenFileWithheld"], match="is given, and unavailable"):
            made(1, key=2)


@needs_sandbox
def test_a_withheld_file_is_there_for_the_other_parts() -> None:
    """While part a is tested, what is given cannot be called; in part b it can."""
    parts = (Part("a", "Functions", 3), Part("b", "A model", 6), Part("c", "Labels", 1))
    toy = replace(TOY, parts=parts, withheld={"a": ("src/given.py",)})
    result = graded(with_more(CALLS_GIVEN), toy)
    tests = {test.name.partition("::")[2]: test for test in result.tests}
    assert tests["test_mean"].outcome is Outcome.ERROR
    assert "a given file that computes" in tests["test_mean"].message
    assert tests["test_predict"].outcome is Outcome.FAILED


@needs_sandbox
def test_an_error_at_import_is_told_once() -> None:
    """It was told at every test, with the hint of each, forty-seven times in a5."""
    result = graded(solution(**{"src/work.py": BROKEN}))
    assert {test.outcome for test in result.tests} == {Outcome.ERROR}
    assert not any(test.hint for test in result.tests)
    first, *others = [test.message for test in result.tests]
    where = "importing your code fails at src/work.py, line 8"
    assert first == f"{where}: your code raised a TypeError"
    assert set(others) == {f"{where}, see above"}
    assert [len(test.frames) for test in result.tests] == [1] + [0] * len(others)


@needs_sandbox
@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_worker_is_tried_again_once(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Killed from outside, it counted against the student; twice in one test is our own fault."""
    request, losses = WorkerProcess.request, []

    def lossy(self: WorkerProcess, operation: str, *rest: Any) -> Any:
        if operation == "call" and len(losses) < times:
            losses.append(operation)
            self.kill()
            raise WorkerLost("killed by somebody else")
        return request(self, operation, *rest)

    monkeypatch.setattr(WorkerProcess, "request", lossy)
    result = graded(solution())
    assert (result.usable, result.score) == ((True, 10.0) if times == 1 else (False, 9.0))
    assert [test.outcome for test in result.tests].count(Outcome.GRADER_FAULT) == times - 1


@needs_sandbox
def test_ctrl_c_stops_hidden_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told as the grader's own fault, with a result and exit code 3."""

    def stopped(self: WorkerProcess, *rest: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(WorkerProcess, "request", stopped)
    with pytest.raises(KeyboardInterrupt):
        graded(solution())


@needs_sandbox
def test_one_bounded_frame_is_shown_of_an_exception() -> None:
    """Six frames with names and lines that student code chose told 9,000 bits a grade."""
    work = (COURSE / "solution" / "work.py").read_bytes()
    work += (
        b"\n\ndef first():\n    second()\n\n\ndef second():\n    x = '" + b"x" * 900 + b"' + 1\n"
    )
    work += b"\n\ndef mean(numbers):\n    first()\n"
    result = graded(solution(**{"src/work.py": work}))
    test = next(test for test in result.tests if test.name.endswith("test_mean"))
    (frame,) = test.frames
    assert frame.function == "second"
    assert len(frame.source) == 200
