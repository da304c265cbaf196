"""Grafts in the sandbox: the same as in this process, and nothing that they do ends a grade."""

from __future__ import annotations

from dataclasses import asdict, replace

from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox
from grader.verdict.result import Outcome, Result, State
from tests.grader.verdict.toy import AREA, SQUARE, TOTAL, by_name, functions, here, there


def test_the_sandbox_gives_the_same_result_twice(toy: Assignment, sandbox: Sandbox) -> None:
    """And the same as this process."""

    def plain(result: Result) -> dict:
        tests = [asdict(replace(test, seconds=0, frames=())) for test in result.tests]
        return {"tests": tests, "functions": result.functions, "score": result.score}

    first, second = (plain(there(toy, sandbox, SQUARE, TOTAL).result) for _ in range(2))
    assert first == second == plain(here(toy, SQUARE, TOTAL))


def test_an_exception_in_one_function(toy: Assignment, sandbox: Sandbox) -> None:
    raises = (SQUARE[0], "raise ValueError(f'hidden {x}')")
    result = there(toy, sandbox, raises).result
    tests = by_name(result)
    assert (tests["square"].outcome, tests["square"].blame) == (Outcome.ERROR, ("square",))
    assert tests["area"].outcome is Outcome.CARRIED
    assert (tests["area"].frames, result.usable, result.score) == ((), True, 8)


def test_a_file_that_is_not_python(toy: Assignment, sandbox: Sandbox) -> None:
    """The other file's functions are right, and say so; this one's cannot be tried."""
    graded = there(toy, sandbox, ("def total(sides):", "def total(sides:"))
    tests = by_name(graded.result)
    assert (tests["square"].outcome, tests["scale"].outcome) == (Outcome.PASSED, Outcome.PASSED)
    assert tests["area"].outcome is Outcome.ERROR
    assert "src/shapes.py is not valid Python" in tests["area"].message
    assert graded.result.usable
    assert graded.result.score == 4


def test_a_removed_function_is_not_carried(toy: Assignment, sandbox: Sandbox) -> None:
    result = there(toy, sandbox, ("def area(side):", "def my_area(side):")).result
    tests = by_name(result)
    assert tests["area"].outcome is Outcome.ERROR
    assert "src/shapes.py has no function area" in tests["area"].message
    assert result.usable and tests["area"].score == 0


def test_nothing_that_a_graft_prints_is_kept(toy: Assignment, sandbox: Sandbox) -> None:
    """It runs beside the reference's text, which it could print."""
    shouts = ('"""Shapes."""', '"""Shapes."""\n\nprint("imported once", flush=True)')
    alone = there(toy, sandbox, shouts)
    assert alone.printed.count(b"imported once") >= 1
    graded = there(toy, sandbox, shouts, SQUARE)
    assert by_name(graded.result)["area"].outcome is Outcome.CARRIED
    assert graded.printed == alone.printed


def test_a_function_that_never_answers_in_a_graft(toy: Assignment, sandbox: Sandbox) -> None:
    """It answers in the submission, and waits for ever where `square` is the reference's."""
    toy = replace(toy, limits=replace(toy.limits, call_seconds=0.5))
    area = (AREA[0], "while square(3) == 9:\n        pass\n    return square(side)")
    result = there(toy, sandbox, SQUARE, area).result
    tests = by_name(result)
    assert (tests["area"].outcome, tests["area"].score) == (Outcome.FAILED, 0)
    assert (tests["area"].blame, result.usable) == (("area",), True)
    assert functions(result)["area"].state is State.WRONG


def test_a_timeout_is_blamed_once_and_the_others_are_carried(
    toy: Assignment, sandbox: Sandbox
) -> None:
    toy = replace(toy, limits=replace(toy.limits, call_seconds=0.5))
    result = there(toy, sandbox, (SQUARE[0], "while True:\n        pass")).result
    tests = by_name(result)
    assert tests["square"].outcome is Outcome.TIMEOUT
    assert tests["square"].blame == tests["area"].blame == ("square",)
    assert (tests["area"].outcome, tests["total"].outcome) == (Outcome.CARRIED,) * 2
    assert functions(result)["square"].state is State.WRONG
