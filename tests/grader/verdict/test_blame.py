"""Who is to blame for a failed test, and whose points are carried, on a toy assignment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.verdict.blame import Blamer, Failure
from grader.verdict.grade import Options, grade
from grader.verdict.grafts import Grafts
from grader.verdict.outcomes import Ending
from grader.verdict.result import Outcome, Result, State, TestResult
from tests.grader.verdict.toy import (
    APPLY,
    AREA,
    BLANK,
    SQUARE,
    TOTAL,
    by_name,
    here,
    make,
    outcomes,
    states,
    submission,
)

RIGHT = "full marks here: your {} is right; {}, on which it rests, is judged under {}"
CARRIED, FAILED, PASSED = Outcome.CARRIED.value, Outcome.FAILED.value, Outcome.PASSED.value


def test_one_wrong_function_costs_only_the_tests_about_it(toy: Assignment) -> None:
    result = here(toy, SQUARE)
    assert outcomes(result) == {
        "square": FAILED,
        "scale": PASSED,
        "area": CARRIED,
        "total": CARRIED,
        "everything": FAILED,  # about no function, so nothing is carried
        "total_large": CARRIED,
    }
    tests = by_name(result)
    assert (result.score, tests["area"].score, tests["square"].score) == (8, 3, 0)
    assert tests["area"].message == RIGHT.format("area", "square", "a")
    assert tests["total"].message == RIGHT.format("total", "square", "a")
    assert (tests["area"].hint, tests["square"].hint) == ("", "Multiply.")
    assert {tests[name].blame for name in ("square", "area", "total")} == {("square",)}
    assert states(result) == {
        "square": State.WRONG,
        "Scale.apply": State.RIGHT,
        "area": State.RIGHT,
        "total": State.RIGHT,
    }


def test_two_wrong_functions_are_both_blamed(toy: Assignment) -> None:
    result = here(toy, APPLY, AREA)
    tests = by_name(result)
    assert [tests[name].outcome for name in ("scale", "area")] == [Outcome.FAILED] * 2
    assert (tests["scale"].blame, tests["area"].blame) == (("Scale.apply",), ("area",))
    assert tests["total"].outcome is Outcome.CARRIED
    assert tests["total"].blame == ("Scale.apply", "area")
    assert "Scale.apply and area, on which it rests, are judged under a and b" in (
        tests["total"].message
    )
    assert [name for name, state in states(result).items() if state == "wrong"] == [
        "Scale.apply",
        "area",
    ]


def test_a_wrong_function_on_a_wrong_one_is_not_carried(toy: Assignment) -> None:
    result = here(toy, SQUARE, AREA)
    tests = by_name(result)
    assert (tests["area"].outcome, tests["area"].score) == (Outcome.FAILED, 0)
    assert "area" in tests["area"].blame
    assert states(result)["area"] == states(result)["square"] == "wrong"
    assert tests["total"].outcome is Outcome.CARRIED


def test_a_function_that_is_not_written(toy: Assignment) -> None:
    result = here(toy, (SQUARE[0], BLANK))
    tests = by_name(result)
    assert tests["square"].outcome is Outcome.NOT_IMPLEMENTED
    assert tests["area"].outcome is Outcome.CARRIED
    assert tests["area"].message == (
        "full marks here: your area is right; square, on which it rests, is not written yet"
    )
    assert states(result)["square"] == State.NOT_WRITTEN
    assert states(result)["area"] == State.RIGHT


def test_the_skeleton_carries_nothing(toy: Assignment) -> None:
    """Every function is missing, and none is right."""
    blank = skeleton.without(toy, skeleton.units(toy))
    tree = replace(submission(toy), files={name: text.encode() for name, text in blank.items()})
    result = grade(toy, tree, Options("none"))
    assert result.score == 0
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}
    assert set(states(result).values()) == {State.NOT_WRITTEN}


def test_changed_given_code_is_blamed_by_its_file(toy: Assignment) -> None:
    """Not the functions that suffer from it; a test that rests on it says so."""
    result = here(toy, ("OFFSET = 0", "OFFSET = 1"))
    tests = by_name(result)
    assert tests["square"].outcome is Outcome.FAILED
    assert tests["square"].blame == ("src/numbers_.py",)
    assert tests["area"].blame == ("src/numbers_.py",)
    assert State.WRONG not in states(result).values()


def test_changed_given_code_of_a_class_is_blamed_by_its_file(toy: Assignment) -> None:
    """A changed __init__ next to a method to be written was blamed on the method."""
    result = here(toy, ("self.factor = factor", "self.factor = factor + 1"))
    assert by_name(result)["scale"].blame == ("src/numbers_.py",)
    assert State.WRONG not in states(result).values()


def test_functions_that_are_right_alone_and_wrong_together(tmp_path: Path) -> None:
    """Each of two halves suits the reference's other one."""
    suite = """
import pytest

from grader import expect


@pytest.mark.part("b")
@pytest.mark.points(1)
@pytest.mark.about("area", "total")
def test_both(student):
    \"\"\"Area and sum work together.\"\"\"
    assert expect.number(student.shapes.total([2])) == 8, "the sum is wrong"
"""
    toy = make(tmp_path, **{"test_both.py": suite})
    area = (AREA[0], "total.done = True\n    return square(side)")
    total = (f"return {TOTAL[0]}", f"total.done = False\n    x = {TOTAL[0]}\n    return x - t")
    total = (total[0], total[1].replace("t", "t", 1).replace("x - t", "x + total.done"))
    result = grade(toy, submission(toy, area, total), Options("none", parts=("b",)))
    test = by_name(result)["both"]
    assert test.outcome is Outcome.FAILED
    assert (
        test.message == "the sum is wrong; area and total are each right alone, and wrong together"
    )
    assert test.blame == ("area", "total")


def test_carry_errors_can_be_switched_off(toy: Assignment) -> None:
    """Then points are lost, and who is to blame is still said."""
    result = here(replace(toy, carry_errors=False), SQUARE)
    tests = by_name(result)
    assert CARRIED not in outcomes(result).values()
    assert (tests["area"].outcome, tests["area"].score) == (Outcome.FAILED, 0)
    assert tests["area"].message.startswith("the area is wrong")
    assert tests["area"].blame == ("square",)
    assert (result.score, result.max_score) == (2, 11)
    assert states(result)["area"] == "right"


def test_a_test_that_is_about_nothing_is_left_alone(toy: Assignment) -> None:
    test = by_name(here(toy, SQUARE))["everything"]
    assert (test.outcome, test.score, test.about, test.blame) == (Outcome.FAILED, 0, (), ())
    assert test.message == "something is wrong"


def test_a_slow_test_is_carried_if_only_another_function_is_wrong(toy: Assignment) -> None:
    test = by_name(here(toy, SQUARE))["total_large"]
    assert (test.outcome, test.score, test.blame) == (Outcome.CARRIED, 1, ("square",))


def test_a_slow_test_is_not_tried_again_if_only_its_own_function_is_wrong(
    toy: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_large = (f"return {TOTAL[0]}", f"return min(1000, {TOTAL[0]})")
    opened = _grafts(monkeypatch)
    test = by_name(here(toy, only_large))["total_large"]
    assert (test.outcome, test.score) == (Outcome.FAILED, 0)
    assert opened == []


def _grafts(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[str]]:
    """Notes which units' grafts are opened from now on."""
    opened: list[frozenset[str]] = []
    student = Grafts.student

    def noted(self: Grafts, keep: frozenset[str], *rest: Any, **more: Any) -> Any:
        opened.append(keep)
        return student(self, keep, *rest, **more)

    monkeypatch.setattr(Grafts, "student", noted)
    return opened


def test_full_marks_run_nothing_again(toy: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    """No graft is made and the submission's text is not looked at; with a mistake both happen."""
    opened, surveys = _grafts(monkeypatch), []
    survey = Grafts.survey
    monkeypatch.setattr(Grafts, "survey", lambda self: surveys.append(self) or survey(self))
    assert here(toy).score == 11
    assert (opened, surveys) == ([], [])
    assert here(toy, SQUARE).score == 8
    assert opened and len(surveys) == 1


def test_what_a_test_needs_is_found_once(
    toy: Assignment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is a fact of the suite: every submission had the reference run again without a unit."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    removed: list[str] = []
    without = Grafts.without
    monkeypatch.setattr(
        Grafts, "without", lambda self, unit: removed.append(unit) or without(self, unit)
    )
    first = here(toy, SQUARE)
    assert set(removed) == {"square"}
    removed.clear()
    second = here(toy, SQUARE)
    assert removed == []
    assert replace(first, seconds=0, tests=_timeless(first)) == replace(
        second, seconds=0, tests=_timeless(second)
    )
    (kept,) = (tmp_path / "cache").rglob("*.needs.json")
    kept.write_bytes(b"[")
    assert here(toy, SQUARE).score == 8
    assert "square" in removed


def _timeless(result: Result) -> tuple[TestResult, ...]:
    return tuple(replace(test, seconds=0) for test in result.tests)


def test_a_trial_with_a_missing_function_is_one_of_its_own() -> None:
    """It was remembered without what is missing, and so taken for one in which nothing is."""
    asked: list[frozenset[str]] = []

    class Fake:
        def student(self, units: frozenset[str], missing: frozenset[str]) -> frozenset[str]:
            return missing

    def run(_: object, missing: frozenset[str]) -> Ending:
        asked.append(missing)
        return Ending(Outcome.FAILED if missing else Outcome.PASSED)

    blamer = Blamer(cast(Any, Fake()))
    blamer.run = cast(Any, run)
    failure = Failure(cast(Any, None), "test", frozenset(), Ending(Outcome.FAILED), slow=False)
    units, missing = frozenset({"area"}), frozenset({"square"})
    assert blamer._try(failure, units).outcome is Outcome.PASSED
    assert blamer._try(failure, units, missing).outcome is Outcome.FAILED
    assert asked == [frozenset(), missing]


def test_a_student_who_renames_nothing_but_adds_helpers_is_carried(toy: Assignment) -> None:
    """What a function needs of the student's own file, and of the other one, comes along."""
    helper = (
        "from numbers_ import Scale, square",
        "from numbers_ import Scale, half, square\n\n\ndef mine(x):\n    return half(2 * x)\n",
    )
    half = ("OFFSET = 0", "OFFSET = 0\n\n\ndef half(x):\n    return x / 2\n")
    own = (AREA[0], "return mine(square(side))")
    assert here(toy, half, helper, own).score == 11
    result = here(toy, half, helper, own, SQUARE)
    assert by_name(result)["area"].outcome is Outcome.CARRIED
    assert result.score == 8


def test_an_exception_here_is_blamed_on_its_function(toy: Assignment) -> None:
    """In this process it once counted as the grader's own fault, and the function as right."""
    tests = by_name(here(toy, (SQUARE[0], "raise ValueError(x)")))
    assert (tests["square"].outcome, tests["square"].blame) == (Outcome.ERROR, ("square",))
    assert "together" not in tests["square"].message


def test_only_a_suites_own_conftest_is_read(toy: Assignment) -> None:
    """Those of the folders above it were read too, with every fixture in them."""
    (toy.suite.parent / "conftest.py").write_text("raise RuntimeError('read')\n", encoding="utf-8")
    assert here(toy).score == 11
