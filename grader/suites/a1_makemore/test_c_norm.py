"""Part c: BatchNorm1d, in training and in evaluation, for 2-D and 3-D input."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import normal
from grader.suites.a1_makemore import by_hand
from grader.suites.a1_makemore.layers import RUNNING, check_gradients, layer, statistic

pytestmark = pytest.mark.part("c")
C = 6
OUTPUT = "BatchNorm1d's output"
NAMES = ["gamma", "beta"]


def twins(
    student: Any, reference: Any, generator: torch.Generator, **options: Any
) -> tuple[Any, Any]:
    """The student's layer and ours, with the same random gamma and beta."""
    values = {name: normal(generator, C) for name in NAMES}
    ours = reference.makemore.BatchNorm1d(C, **options)
    reference.probe.fill(ours, values)
    module = student.makemore.BatchNorm1d(C, **options)
    return layer(module, values, student, "BatchNorm1d"), ours


def batch(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Channels with different means and deviations, and a different mean at each time step.

    So statistics over the batch alone differ from one time step to the next.
    """
    x = normal(generator, *shape, C) * (0.5 + torch.arange(C)) + torch.arange(C) - 2
    return x + 3 * normal(generator, *shape[1:], C) if len(shape) > 1 else x


def check_running(theirs: Any, ours: Any) -> None:
    """Compares the student's running statistics with ours."""
    for name in RUNNING:
        result = statistic(getattr(theirs, name), C, name)
        expect.close(result, getattr(ours, name), name, atol=1e-4)


@pytest.mark.about("BatchNorm1d.__init__")
@pytest.mark.points(1)
@pytest.mark.hint("ones, zeros, zeros, ones, each (dim,); training is True; set no seed")
def test_start(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A new BatchNorm1d only normalises, starts in training mode and sets no seed."""
    result = student.probe.made_and_drawn(student.makemore.BatchNorm1d, [C], 2)
    pairs = [
        expect.items(pair, 2, "BatchNorm1d") for pair in expect.items(result, 2, "BatchNorm1d")
    ]
    (module, drawn), (_, again) = pairs
    module = expect.thing(module, "BatchNorm1d")
    starts = {"gamma": 1.0, "beta": 0.0, "running_mean": 0.0, "running_var": 1.0}
    for name, value in starts.items():
        result = statistic(getattr(module, name), C, name)
        assert torch.equal(result, torch.full((C,), value)), f"{name} should start as {value:g}"
    assert len(expect.items(module.parameters(), 2, "parameters()")) == 2
    x = batch(generator, 9)
    result = expect.tensor(module(x), (9, C), "float", OUTPUT)
    right = reference.makemore.BatchNorm1d(C)(x)
    assert expect.is_close(result, right, atol=1e-4), (
        "a new BatchNorm1d should be in training mode, and normalise with the batch's statistics"
    )
    drawn, again = (expect.tensor(x, (4,), "float", "random numbers") for x in (drawn, again))
    assert not torch.equal(drawn, again), "BatchNorm1d seeds torch's generator: set no seed"


@pytest.mark.about("BatchNorm1d.__call__")
@pytest.mark.points(3)
@pytest.mark.hint("mean and unbiased variance over dimension 0")
def test_two_dimensions(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In training, input (B, C) is normalised by its own mean and unbiased variance over B."""
    theirs, ours = twins(student, reference, generator)
    for size in (3, 8, 40):
        x = batch(generator, size)
        y = expect.close(theirs(x), ours(x), OUTPUT, atol=1e-4)
        expect.close(theirs.out, y, "BatchNorm1d's out")


@pytest.mark.about("BatchNorm1d.__call__")
@pytest.mark.points(3)
@pytest.mark.hint("a channel has one mean: over (0, 1), not over 0 alone")
def test_three_dimensions(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In training, input (B, T, C) is normalised over B and T together."""
    theirs, ours = twins(student, reference, generator)
    for shape in ((3, 4), (8, 2), (1, 5)):
        x = batch(generator, *shape)
        expect.close(theirs(x), ours(x), OUTPUT, atol=1e-4)


@pytest.mark.about("BatchNorm1d.__call__")
@pytest.mark.points(4)
@pytest.mark.hint("(1 - momentum) * running + momentum * batch's; the variance is the unbiased one")
def test_running_statistics(student: Any, reference: Any, generator: torch.Generator) -> None:
    """After several batches, 2-D and 3-D, the running mean and variance are right."""
    for shapes in (((5,), (9,), (4,)), ((5, 4), (9, 2), (3, 4))):
        theirs, ours = twins(student, reference, generator)
        for shape in shapes:
            x = batch(generator, *shape)
            expect.tensor(theirs(x), tuple(x.shape), "float", OUTPUT)
            ours(x)
            check_running(theirs, ours)


@pytest.mark.about("BatchNorm1d.__call__")
@pytest.mark.points(3)
@pytest.mark.hint("if training is False, use the running statistics and do not update them")
def test_evaluation(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Evaluation uses the running statistics and does not change them."""
    theirs, ours = twins(student, reference, generator)
    for _ in range(2):
        x = batch(generator, 7)
        expect.tensor(theirs(x), (7, C), "float", OUTPUT)
        ours(x)
    theirs.training = ours.training = False
    for shape in ((1,), (6,), (1, 4), (3, 2)):
        x = batch(generator, *shape)
        expect.close(theirs(x), ours(x), OUTPUT, atol=1e-4)
    check_running(theirs, ours)


@pytest.mark.about("BatchNorm1d.__call__")
@pytest.mark.points(3)
@pytest.mark.hint("no detach where x is normalised; torch.no_grad() for the running statistics")
def test_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients flow through the batch's statistics too; the running statistics have none."""
    for shape in ((6,), (4, 3)):
        theirs, ours = twins(student, reference, generator)
        x, cotangent = batch(generator, *shape), normal(generator, *shape, C)
        for _ in range(2):  # a graph kept in the running statistics would break the second
            result = student.probe.layer_gradients(theirs, x, cotangent)
            right = reference.probe.layer_gradients(ours, x, cotangent)
            check_gradients(result, right, NAMES, "BatchNorm1d")
        for name in RUNNING:
            assert expect.truth(student.probe.is_attached(theirs, name)) is False, (
                f"{name} keeps the graphs of all batches: update it under torch.no_grad()"
            )


@pytest.mark.about("BatchNorm1d.__init__", "BatchNorm1d.__call__")
@pytest.mark.points(2)
@pytest.mark.hint("self.eps inside the root; self.momentum is the new batch's share")
def test_eps_and_momentum(student: Any, reference: Any, generator: torch.Generator) -> None:
    """BatchNorm1d uses the eps and momentum that it is given."""
    theirs, ours = twins(student, reference, generator, eps=0.5, momentum=0.3)
    x = batch(generator, 6)
    expect.close(theirs(x), ours(x), OUTPUT, atol=1e-4)
    check_running(theirs, ours)
    alike = torch.ones(5, C)  # without an eps: 0 / 0
    expect.close(theirs(alike), ours(alike), f"{OUTPUT} for equal numbers")


@pytest.mark.about("BatchNorm1d.__call__")
@pytest.mark.points(1)
@pytest.mark.hint("x.mean and x.var")
def test_by_hand(student: Any, reference: Any, generator: torch.Generator) -> None:
    """BatchNorm1d computes with elementary operations, in training and in evaluation."""
    module, ours = by_hand.make(student, by_hand.NORM, [C]), reference.makemore.BatchNorm1d(C)
    for shape in ((4,), (3, 2)):
        x = batch(generator, *shape)
        expect.close(by_hand.run(student, by_hand.NORM, module, [x]), ours(x), OUTPUT, atol=1e-4)
    module.training = ours.training = False
    result = by_hand.run(student, by_hand.NORM_IN_EVALUATION, module, [x])
    expect.close(result, ours(x), OUTPUT, atol=1e-4)
