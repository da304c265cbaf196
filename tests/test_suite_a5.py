"""What a5's hidden suite alone has: submitted predictions, and a threshold on a training."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.suites.a5_mingpt_perceiver import predictions, training
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.grade import Options, grade
from grader.verdict.plugin import EMBEDDED, DataChoice
from grader.verdict.score import Result

A5 = find("a5")


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
    assert result.usable
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
