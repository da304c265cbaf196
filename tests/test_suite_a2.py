"""a2's hidden suite and public tests: on the solution, the skeleton, and values of any kind."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import why_no_sandbox
from grader.skeleton import BEGIN, END
from grader.submission import Tree, take
from grader.suites.a2_bigram_bow import training
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.check import check
from grader.verdict.grade import Options, grade
from grader.verdict.score import Outcome, Result

A2 = find("a2")
ODD = {
    "none": "None",
    "pair_of_handles": "(object(), object())",
    "nan": "(__import__('torch').full((2, 3), float('nan')),) * 2",
    "list": "[[], None]",
    "number": "10**400",
}


def odd(expression: str) -> Tree:
    """The solution with every function that students write returning one value."""
    tree = take(A2.solution, A2)
    files = {}
    for name, data in tree.files.items():
        lines, inside, function = [], False, ""
        for line in data.decode().splitlines():
            function = line if line.lstrip().startswith("def ") else function
            inside = inside and line.strip() != END
            made = "def __init__" in function  # modules are made as they should be
            if not inside or made:
                lines.append(line)
            if line.strip() == BEGIN:
                inside = True
                indent = line[: len(line) - len(line.lstrip())]
                if not made:
                    lines.append(textwrap.indent(f"return {expression}", indent))
        files[name] = ("\n".join(lines) + "\n").encode()
    return replace(tree, files=files)


def faults(result: Result) -> list[str]:
    """What the grader itself did wrong."""
    broken = [test for test in result.tests if test.outcome is Outcome.GRADER_FAULT]
    return [*result.faults, *(f"{test.name}: {test.message}" for test in broken)]


def test_public_tests_on_the_solution() -> None:
    result = check(A2, take(A2.solution, A2))
    assert not faults(result)
    assert [test.name for test in result.tests if test.outcome is not Outcome.PASSED] == []
    assert {part.id for part in result.parts if part.max_score} == set(A2.part_titles)


def test_public_tests_on_the_skeleton() -> None:
    result = check(A2, tree_of(A2, Case(Kind.SKELETON)))
    assert not faults(result)
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}


def test_hidden_suite_on_the_solution() -> None:
    result = grade(A2, take(A2.solution, A2), Options(isolation="none", quick=True))
    assert not faults(result)
    assert [test.name for test in result.tests if test.outcome is not Outcome.PASSED] == []


def test_hidden_suite_on_the_skeleton() -> None:
    result = grade(A2, tree_of(A2, Case(Kind.SKELETON)), Options(isolation="none"))
    assert not faults(result)
    assert (result.score, result.max_score) == (0, 100)
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}
    for test in result.tests:
        assert test.title.endswith(".") and test.hint and test.max_score > 0, test.name


@pytest.mark.skipif(why_no_sandbox() is not None, reason="needs bubblewrap")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name == "pair_of_handles" else pytest.mark.slow)
     for name in ODD],
)  # fmt: skip
def test_odd_values_are_no_fault_of_the_grader(name: str) -> None:
    result = grade(A2, odd(ODD[name]), Options(isolation="sandbox", quick=True))
    assert not faults(result)
    # What __init__ makes is right, and so is what is asked of the modules alone.
    made = {"test_nothing_is_trained"}
    assert {test.name.split("::")[-1] for test in result.tests if test.score} <= made


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_short_training_beats_bigrams(seed: int) -> None:
    """The threshold of the suite's short training lies far from both sides."""
    solution = LocalStudent(A2.solution)
    solution.begin(seed)
    text = training.tales(solution, seed)
    fresh = solution.bow.BoW(solution.bow.BoWConfig(text.size, training.BLOCK, training.C, 32))
    assert training.hidden_loss(fresh, text, seed) > text.bigram_loss
    learned = training.learn(solution, text, seed)
    assert training.hidden_loss(learned, text, seed) < text.bigram_loss - 2 * text.margin
