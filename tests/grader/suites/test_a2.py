"""What a2's hidden suite alone has: a threshold on a training."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.intake.submission import take
from grader.suites.a2_bigram_bow import training
from grader.verdict import patches, workspace
from grader.verdict.grade import Options, grade
from grader.verdict.result import Outcome

A2 = find("a2")


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("seed", range(100, 106))
def test_short_training_beats_bigrams(seed: int) -> None:
    """The threshold of the suite's short training lies far from both sides."""
    solution = LocalStudent(A2.solution, workspace.suite_probes(A2))
    solution.begin(seed)
    text = training.tales(solution, seed)
    fresh = training.bag(solution, text)
    assert training.hidden_loss(fresh, text) > text.bigram_loss
    learned = training.learn(solution, solution, text, seed)
    assert training.hidden_loss(learned, text) < text.bigram_loss - 2 * text.margin


@pytest.mark.parametrize("name", ["pe_wider", "pe_not_persistent", "pe_not_saved"])
def test_how_an_encoding_is_kept_costs_one_test(name: str) -> None:
    """A buffer of another width computed the same, and failed every test that copied weights."""
    patch = patches.read(A2.suite / "mistakes" / f"{name}.toml")
    tree = take(A2.solution, A2)
    tree = replace(tree, files=patches.apply(patch, tree.files))
    result = grade(A2, tree, Options(isolation="none", quick=True))
    missed = [test.name for test in result.tests if test.outcome is not Outcome.PASSED]
    assert [name.partition("::")[2] for name in missed] == ["test_nothing_is_trained"]


def test_extra_parameters_are_named() -> None:
    """ "2 entries that the handout's module has not" did not say which."""
    patch = patches.read(A2.suite / "mistakes" / "bow_layer_norm.toml")
    tree = take(A2.solution, A2)
    tree = replace(tree, files=patches.apply(patch, tree.files))
    result = grade(A2, tree, Options(isolation="none", parts=("e",), quick=True))
    told = {test.message for test in result.tests if test.name.endswith("test_block")}
    assert told == {"the handout's module has no such parameters: ln.weight, ln.bias"}
