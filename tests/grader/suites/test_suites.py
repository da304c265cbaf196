"""Every assignment's suites: on its solution, its skeleton, and values of any kind."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from course.errors import UserError
from grader import expect
from grader.assignment import Assignment, all_assignments, read
from grader.authoring.markers import BEGIN, END
from grader.boundary.sandbox import why_no_sandbox
from grader.boundary.worker_process import WorkerProcess
from grader.intake.submission import Tree, take
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.check import check
from grader.verdict.grade import Options, grade
from grader.verdict.result import Outcome, Result

ASSIGNMENTS = all_assignments()
# What a test may be given for by more than the functions that students write.
GIVEN = "test_nothing_is_trained"
ODD = {
    "none": "None",
    "text": "'text'",
    "list": "[[], None]",
    "number": "10**400",
    "handle": "object()",
    "pair_of_handles": "(object(), object())",
    "nan": "(__import__('torch').full((2, 3), float('nan')),) * 2",
    "complex": "__import__('torch').ones(2, 3, dtype=__import__('torch').complex64)",
    "scalar": "__import__('torch').tensor(7)",
    "empty": "__import__('torch').empty(0, 5)",
    "dict": "{'a': None}",
}
QUICK = ("none", "pair_of_handles")

each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda found: found.id)


def odd(assignment: Assignment, expression: str) -> Tree:
    """The solution with every function that students write returning one value.

    Where they write a constructor, every attribute that it sets is that value instead.
    """
    tree = take(assignment.solution, assignment)
    region = re.compile(rf"^( *){re.escape(BEGIN)}\n(.*?)^ *{re.escape(END)}\n", re.M | re.S)

    def replaced(found: re.Match) -> str:
        names = re.findall(r"\bself\.(\w+)(?=[^=\n]* = )", found[2])
        constructor = names and "return" not in found[2]
        lines = [f"self.{name} = {expression}" for name in names] if constructor else []
        return textwrap.indent("\n".join(lines) or f"return {expression}", found[1]) + "\n"

    modules = {name: data for name, data in tree.files.items() if name.endswith(".py")}
    files = {name: region.sub(replaced, data.decode()).encode() for name, data in modules.items()}
    return replace(tree, files=tree.files | files)


def faults(result: Result) -> list[str]:
    """What the grader itself did wrong."""
    broken = [test for test in result.tests if test.outcome is Outcome.GRADER_FAULT]
    return [*result.faults, *(f"{test.name}: {test.message}" for test in broken)]


def failed(result: Result) -> list[str]:
    return [test.name for test in result.tests if test.outcome is not Outcome.PASSED]


@each_assignment
def test_public_tests_on_the_solution(assignment: Assignment) -> None:
    result = check(assignment, take(assignment.solution, assignment))
    assert not faults(result)
    assert failed(result) == []
    assert {part.id for part in result.parts if part.max_score} == set(assignment.part_titles)


@each_assignment
def test_public_tests_on_the_skeleton(assignment: Assignment) -> None:
    result = check(assignment, tree_of(assignment, Case(Kind.SKELETON)))
    assert not faults(result)
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}


@each_assignment
def test_hidden_suite_on_the_solution(assignment: Assignment) -> None:
    options = Options(isolation="none", quick=True)
    result = grade(assignment, take(assignment.solution, assignment), options)
    assert not faults(result)
    assert failed(result) == []


@each_assignment
def test_hidden_suite_on_the_skeleton(assignment: Assignment) -> None:
    """None of it passes; every test has a sentence, a hint and points, in all those promised."""
    blank = tree_of(assignment, Case(Kind.SKELETON))
    result = grade(assignment, blank, Options(isolation="none"))
    assert not faults(result)
    assert (result.score, result.max_score) == (0, assignment.points)
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}
    for test in result.tests:
        assert test.title.endswith("."), test.name
        assert test.hint, test.name
        assert test.max_score > 0, test.name


@pytest.mark.skipif(why_no_sandbox() is not None, reason="needs bubblewrap")
@pytest.mark.parametrize(
    "value", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in ODD]
)
@each_assignment
def test_odd_values_are_no_fault_of_the_grader(assignment: Assignment, value: str) -> None:
    result = grade(assignment, odd(assignment, ODD[value]), Options(isolation="sandbox"))
    assert not faults(result)
    gained = [test.name for test in result.tests if test.score]
    assert [name for name in gained if not name.endswith(GIVEN)] == []


@pytest.mark.skipif(why_no_sandbox() is not None, reason="needs bubblewrap")
@each_assignment
def test_no_seed_of_hidden_inputs_reaches_a_worker(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed that a1's training got also drew the hidden names: whoever read it knew them."""
    sent: list[int] = []
    request = WorkerProcess.request

    def watched(self: WorkerProcess, operation: str, arguments: list, *rest: Any) -> Any:
        sent.extend(_whole_numbers(arguments))
        return request(self, operation, arguments, *rest)

    monkeypatch.setattr(WorkerProcess, "request", watched)
    monkeypatch.setenv("COURSE_SECRET", "of this test")
    grade(assignment, take(assignment.solution, assignment), Options("sandbox"))
    # Such a seed has 56 bits; what a worker needs to be told, a size or a seed of its own, has 31.
    assert sent and max(sent) < 2**31


def _whole_numbers(value: Any) -> list[int]:
    """All whole numbers in lists, tuples and dicts; those of a tensor are data."""
    if isinstance(value, list | tuple):
        return [number for item in value for number in _whole_numbers(item)]
    if isinstance(value, dict):
        return _whole_numbers(list(value.items()))
    return [value] if isinstance(value, int) else []


@each_assignment
def test_an_error_at_import_is_told_once_by_public_tests(assignment: Assignment) -> None:
    """It was told at every test, with the hints of all."""
    tree = take(assignment.solution, assignment)
    name = assignment.student_files[0]
    tree = replace(tree, files=tree.files | {name: tree.files[name] + b"\n1 / 0\n"})
    tests = [test for test in check(assignment, tree).tests if test.outcome is Outcome.ERROR]
    line = tree.files[name].count(b"\n")
    where = f"importing your code fails at {name}, line {line}"
    full = f"{where}: ZeroDivisionError: division by zero"
    assert [test.message for test in tests].count(full) == 1
    assert {test.message for test in tests} <= {full, f"{where}, see above"}
    assert not any(test.hint for test in tests)


@each_assignment
def test_public_tests_run_in_a_checkout_without_solutions(assignment: Assignment, tmp_path) -> None:
    """Students may be given a checkout without them; only a grade needs one."""
    copy = tmp_path / assignment.id
    shutil.copytree(assignment.root, copy, ignore=shutil.ignore_patterns("solution", "results"))
    for name in assignment.student_files:
        shutil.copy(assignment.solution / name.removeprefix("src/"), copy / name)
    there = read(copy, tmp_path)
    part = assignment.parts[0].id
    result = check(there, take(there.src, there), (part,))
    found = result.tests
    assert found and all(test.outcome is Outcome.PASSED for test in found)
    with pytest.raises(UserError, match="does not exist, and a grade needs it"):
        grade(there, take(there.src, there))


def test_ctrl_c_during_public_tests_is_no_fault_of_the_grader() -> None:
    """A loop without end in the student's code can be stopped, and nothing else is blamed."""
    assignment = ASSIGNMENTS[0]
    tree = take(assignment.solution, assignment)
    name = assignment.student_files[0]
    stopped = tree.files[name] + b"\nraise KeyboardInterrupt\n"
    with pytest.raises(KeyboardInterrupt):
        check(assignment, replace(tree, files=tree.files | {name: stopped}))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: expect.close(torch.ones(2), torch.zeros(2), "GPT's logits"),
            "GPT's logits: right shape, wrong values",
        ),
        (
            lambda: expect.tensor(torch.ones(16), (15,), "float", "x"),
            "x should be a tensor of shape (15,) and dtype float; "
            "got a tensor of shape (16,) and dtype float32",
        ),
        (
            lambda: expect.tensor(None, (2, None), what="the logits"),
            "the logits should be a tensor of shape (2, any); got None",
        ),
        (
            lambda: expect.tensor(None, (), what="the loss"),
            "the loss should be a tensor of shape (); got None",
        ),
        (
            lambda: expect.number(float("nan"), "the loss"),
            "the loss should be a finite number; got nan",
        ),
        (
            lambda: expect.items([1], 2, "the results"),
            "the results should be a tuple of 2 items; got a list of 1 item",
        ),
    ],
)
def test_what_is_expected_is_said_for_one_and_for_many(call: Callable, told: str) -> None:
    """Messages said "the logits has", and "shape (15)" beside "(16,)"."""
    with pytest.raises(AssertionError) as caught:
        call()
    assert str(caught.value) == told
