"""a5's hidden suite and public tests: on the solution, the skeleton, and values of any kind."""

from __future__ import annotations

import os
import textwrap
from dataclasses import replace

import pytest

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import why_no_sandbox
from grader.skeleton import BEGIN, END
from grader.submission import Tree, take
from grader.suites.a5_mingpt_perceiver import predictions, training
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.check import check
from grader.verdict.grade import Options, grade
from grader.verdict.plugin import EMBEDDED, DataChoice
from grader.verdict.score import Outcome, Result

A5 = find("a5")
PREDICTIONS = "predictions"  # in the names of the tests that need submitted files
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


def odd(expression: str) -> Tree:
    """The solution with every function that students write returning one value."""
    tree = take(A5.solution, A5)
    files = {}
    for name, data in tree.files.items():
        lines, inside = [], False
        for line in data.decode().splitlines():
            inside = inside and line.strip() != END
            if not inside:
                lines.append(line)
            if line.strip() == BEGIN:
                inside = True
                indent = line[: len(line) - len(line.lstrip())]
                init = "Parameter" in "".join(data.decode().partition(line)[2].split(END)[0])
                body = f"self.C = {expression}" if init else f"return {expression}"
                lines.append(textwrap.indent(body, indent))
        files[name] = ("\n".join(lines) + "\n").encode()
    return replace(tree, files=files)


def faults(result: Result) -> list[str]:
    """What the grader itself did wrong."""
    broken = [test for test in result.tests if test.outcome is Outcome.GRADER_FAULT]
    return [*result.faults, *(f"{test.name}: {test.message}" for test in broken)]


def test_public_tests_on_the_solution() -> None:
    result = check(A5, take(A5.solution, A5))
    assert not faults(result)
    assert [test.name for test in result.tests if test.outcome is not Outcome.PASSED] == []
    assert {part.id for part in result.parts if part.max_score} == set(A5.part_titles)


def test_public_tests_on_the_skeleton() -> None:
    result = check(A5, tree_of(A5, Case(Kind.SKELETON)))
    assert not faults(result)
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}


def test_hidden_suite_on_the_solution() -> None:
    result = grade(A5, take(A5.solution, A5), Options(isolation="none", quick=True))
    assert not faults(result)
    failed = [test.name for test in result.tests if test.outcome is not Outcome.PASSED]
    assert failed == []


def test_hidden_suite_on_the_skeleton() -> None:
    blank = tree_of(A5, Case(Kind.SKELETON))
    result = grade(A5, blank, Options(isolation="none", quick=True))
    assert not faults(result)
    assert result.score == 0
    written = [test for test in result.tests if PREDICTIONS not in test.name]
    assert {test.outcome for test in written} == {Outcome.NOT_IMPLEMENTED}


def test_every_hidden_test_has_a_sentence_and_a_hint() -> None:
    blank = tree_of(A5, Case(Kind.SKELETON))
    result = grade(A5, blank, Options(isolation="none"))
    assert result.max_score == A5.points
    for test in result.tests:
        assert test.title.endswith("."), test.name
        assert test.hint, test.name
        assert test.max_score > 0, test.name


@pytest.mark.skipif(why_no_sandbox() is not None, reason="needs bubblewrap")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("none", "pair_of_handles") else pytest.mark.slow)
        for name in ODD
    ],
)
def test_odd_values_are_no_fault_of_the_grader(name: str) -> None:
    result = grade(A5, odd(ODD[name]), Options(isolation="sandbox"))
    assert not faults(result)
    gained = [test.name for test in result.tests if test.score and PREDICTIONS not in test.name]
    assert gained == []


def handed_in(shares: dict[str, float], data: DataChoice = EMBEDDED) -> Result:
    """The prediction tests on files with these shares of right answers, by run."""
    files = {}
    for run, share in shares.items():
        split = "dev" if "nopretrain" in run or data.name != "embedded" else "test"
        prefix = "" if data.name == "embedded" else f"{data.name}."
        right = predictions.answers(A5.root, split, data.name, data.folder)
        count = round(share * len(right))
        wrong = ["Paris" if place != "Paris" else "Rome" for place in right[count:]]
        text = "\n".join([*right[:count], *wrong]) + "\n"
        files[f"predictions/{prefix}{run}.{split}.txt"] = text.encode()
    tree = tree_of(A5, Case(Kind.SKELETON))
    tree = replace(tree, files=tree.files | files)
    return grade(A5, tree, Options(isolation="none", quick=True, data=data))


@pytest.mark.parametrize(
    ("vanilla", "perceiver", "points"),
    [(0.9, 0.9, 9), (0.2, 0.08, 5), (0.05, 0.05, 2), (0.0, 0.2, 5)],
)
def test_predictions_are_judged_in_bands(vanilla: float, perceiver: float, points: int) -> None:
    shares = {
        "vanilla.nopretrain": 0.0, "vanilla.pretrain": vanilla, "perceiver.pretrain": perceiver
    }  # fmt: skip
    result = handed_in(shares)
    assert not faults(result)
    assert result.score == points


@pytest.mark.data
@pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs the real data in $COURSE_DATA")
def test_predictions_of_the_real_data() -> None:
    shares = {"vanilla.nopretrain": 0.02, "vanilla.pretrain": 0.2, "perceiver.pretrain": 0.06}
    assert handed_in(shares, DataChoice("birthplaces")).score == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "should have 3 lines, one for each question, and has 1"),
        ("Rome\nOslo\n", "should have 3 lines, one for each question, and has 2"),
        ("Rome\nOslo\nOs\ufffdlo\n", "is not UTF-8"),
        ("Rome\tOslo\nRome\nRome", "nothing but a place"),
        ("x" * 65 + "\nRome\nRome", "nothing but a place"),
        ("Atlantis\nRome\nMordor", "fewer than half"),
    ],
)
def test_a_file_that_holds_no_predictions(text: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        predictions.read(text, "predictions/a.txt", ("Rome", "Oslo", "London"))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_predictions_however_their_lines_end(end: str) -> None:
    text = "\ufeffRome" + (end or "\n") + "Oslo" + end
    assert predictions.read(text, "a.txt", ("Oslo", "Rome")) == ["Rome", "Oslo"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_short_training_needs_pretraining(seed: int) -> None:
    """The threshold of the suite's short training lies far from both sides."""
    embedded = LocalStudent(A5.root).embedded
    corpus = embedded.build("tiny", seed)
    for pretrain, low, high in ((True, 0.5, 1.0), (False, 0.0, 0.15)):
        solution = LocalStudent(A5.solution)
        solution.begin(seed)
        train = embedded.lines(corpus.train)
        model, vocabulary = training.learn(solution, corpus, train, pretrain)
        found = training.accuracy(model, corpus.test, vocabulary)
        assert low <= found <= high
