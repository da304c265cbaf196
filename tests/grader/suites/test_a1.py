"""What a1's hidden suite alone has: a threshold on a training, and no torch.nn."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import why_no_sandbox
from grader.intake.submission import Tree, take
from grader.suites.a1_makemore import by_hand, training
from grader.verdict import patches, workspace
from grader.verdict.grade import Options, grade
from grader.verdict.result import Outcome, Result

A1 = find("a1")
FILE = "src/makemore.py"


def solution_here() -> LocalStudent:
    """The solution in this process, with the suite's probes."""
    return LocalStudent(A1.solution, workspace.suite_probes(A1))


def changed(old: str, new: str) -> Tree:
    """The solution with one piece of its text replaced."""
    tree = take(A1.solution, A1)
    text = tree.files[FILE].decode()
    assert text.count(old) == 1
    return replace(tree, files=tree.files | {FILE: text.replace(old, new).encode()})


def lost(result: Result) -> dict[str, str]:
    """{test: message} of the tests that did not pass."""
    missed = [test for test in result.tests if test.outcome is not Outcome.PASSED]
    return {test.name.partition("::")[2]: test.message for test in missed}


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("seed", range(100, 106))
def test_short_training_lies_far_from_both_sides(seed: int) -> None:
    """The suite's threshold, 2.3, is far from what training and what counting reach."""
    names = LocalStudent(A1.solution).embedded.build(3600, seed)
    solution = solution_here()
    stoi = training.hidden_indices(names, seed)
    _, y = training.rows(names[:2600], stoi)
    shares = torch.bincount(y) / len(y)
    assert -(shares * shares.log()).sum() > 2.7  # guessing by frequency
    solution.begin(seed)
    for steps, low, high in ((0, 3.0, 3.3), (training.STEPS, 1.9, 2.2)):
        model = training.learn(solution, solution, names[:2600], stoi, seed, steps)
        assert low < training.hidden_loss(solution, model, names[2600:], stoi) < high


def test_hidden_indices_are_not_those_of_the_vocabulary() -> None:
    """Weights trained on the public invention would fit the rows of build_vocabulary's order."""
    names = LocalStudent(A1.solution).embedded.build(500, 1)
    first, second = (training.hidden_indices(names, seed) for seed in (1, 2))
    assert first["."] == second["."] == 0
    assert sorted(first.values()) == list(range(len(first)))
    assert first != second and first.keys() == second.keys()


def test_weights_trained_elsewhere_are_worth_nothing() -> None:
    """Weights from another run, put in by the order in which the characters' counts give them away,
    had a loss of 2.0 without a step of training: 3 points."""
    solution, other = solution_here(), solution_here()
    solution.begin(1)
    names = LocalStudent(A1.solution).embedded.build(60, 1)
    stoi = training.hidden_indices(names, 1)

    def train(model, x, y, max_steps, *arguments, **named):
        """Puts other weights in, of the same shapes."""
        for p in model.parameters():
            p.data.copy_(torch.randn(p.shape))
        return [2.0] * max_steps

    other.makemore.train = train
    with pytest.raises(AssertionError, match="do not come from those before"):
        training.learn(other, solution, names, stoi, 1, 10)


@pytest.mark.skipif(why_no_sandbox() is not None, reason="needs bubblewrap")
def test_a_harmless_bias_costs_its_own_test_only() -> None:
    """A bias before a normalisation cost 15 points in three parts, though it changes nothing."""
    patch = patches.read(A1.suite / "mistakes" / "wavenet_bias.toml")
    tree = take(A1.solution, A1)
    tree = replace(tree, files=patches.apply(patch, tree.files))
    result = grade(A1, tree, Options())
    assert list(lost(result)) == ["test_parameters"], lost(result)
    assert result.score == A1.points - 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("torch.nn.functional.linear(x, self.weight.T)", "torch.nn.functional.linear"),
        ("torch.rms_norm(x, (x.size(-1),))", "torch.rms_norm"),
        ("torch.cov(x) if x.dim() < 0 else torch.relu(x)", "torch.relu"),
        ("torch.ops.aten.mm(x, self.weight)", "torch.ops"),
        ("torch.nn.Sequential()(x)", "torch.nn.Sequential"),
    ],
)
def test_what_is_refused_is_named(line: str, told: str) -> None:
    """A student is told which call is not elementary, by a name that torch has."""
    tree = changed("self.out = x @ self.weight\n", f"self.out = {line}\n")
    result = grade(A1, tree, Options(isolation="none", parts=("b",), quick=True))
    message = lost(result)["test_by_hand"]
    assert message.startswith(("Linear calls ", "Linear uses ")) and told in message, message


def test_no_name_of_a_student_is_shown() -> None:
    """What the watch reports is student code's word: a name that torch has not is not repeated."""
    task = by_hand.LINEAR
    for claim in ("torch.nn.the_hidden_input", "anything", 7, None, "torch.optim.the_input", ""):
        assert "input" not in by_hand._message(task, claim)
        assert "anything" not in by_hand._message(task, claim)


@pytest.mark.parametrize("depth", [2_000, 20_000])
def test_deep_source_costs_no_time(depth: int) -> None:
    """A file of nested or endless text made the reading of sources run for minutes."""
    tree = take(A1.solution, A1)
    deep = "x = " + "-" * min(depth, 50) + "1\n" + "if x: pass\n" * depth
    tree = replace(tree, files={FILE: tree.files[FILE] + deep.encode()})
    result = grade(A1, tree, Options(isolation="none", parts=("b",), quick=True))
    assert lost(result) == {}
    assert result.seconds < 20
