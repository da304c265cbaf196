"""Part d: FlattenConsecutive and the model that halves the time dimension stage by stage."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a1_makemore import by_hand
from grader.suites.a1_makemore.layers import fill_wavenet, matching, wavenets

pytestmark = pytest.mark.part("d")
FLAT = "FlattenConsecutive's output"
LOGITS = "the model's output"


def flatten(student: Any, n: int) -> Any:
    return expect.thing(student.makemore.FlattenConsecutive(n), "FlattenConsecutive")


@pytest.mark.about("FlattenConsecutive.__call__")
@pytest.mark.points(2)
@pytest.mark.hint("squeeze dimension 1 if T / n is 1, and only then")
def test_flatten_shapes(student: Any, reference: Any, generator: torch.Generator) -> None:
    """(B, T, C) becomes (B, T / n, C n), or (B, C n) if T = n; also for B = 1."""
    for n, (B, T, C) in ((2, (3, 8, 5)), (2, (3, 2, 5)), (2, (1, 4, 5)), (4, (1, 4, 1))):
        x = normal(generator, B, T, C)
        shape = (B, T // n, C * n) if n < T else (B, C * n)
        y = expect.tensor(flatten(student, n)(x), shape, "float", FLAT)
        # Zeros have a shape too, so compare each name's numbers, in any order.
        right = reference.makemore.FlattenConsecutive(n)(x)
        y, right = (each.reshape(B, -1).sort(1).values for each in (y, right))
        expect.close(y, right, f"{FLAT} (each name's numbers, sorted)")


@pytest.mark.about("FlattenConsecutive.__call__")
@pytest.mark.points(3)
@pytest.mark.hint("the channels of the even positions, then those of the odd ones")
def test_flatten_values(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Two neighbours' channels are joined, the earlier neighbour's first."""
    ours = reference.makemore.FlattenConsecutive(2)
    for shape in ((3, 8, 5), (2, 4, 3), (4, 2, 6)):
        x = normal(generator, *shape)
        expect.close(flatten(student, 2)(x), ours(x), FLAT)


@pytest.mark.about("FlattenConsecutive.__call__")
@pytest.mark.points(1)
@pytest.mark.hint("use n, not 2")
def test_flatten_more(student: Any, reference: Any, generator: torch.Generator) -> None:
    """FlattenConsecutive joins n neighbours, whatever n is."""
    for n in (1, 3, 4):
        x = normal(generator, 2, 12, 5)
        expect.close(flatten(student, n)(x), reference.makemore.FlattenConsecutive(n)(x), FLAT)


@pytest.mark.about("wavenet")
@pytest.mark.points(2)
@pytest.mark.hint("print the shape of each layer's out")
def test_stages(student: Any, reference: Any, generator: torch.Generator) -> None:
    """wavenet halves the time dimension from 8 to 1: (B, 4, 48), (B, 2, 256), (B, 256)."""
    model = expect.thing(student.makemore.wavenet(27, 8, 24, 128), "wavenet")
    expect.tensor(model(indices(generator, 27, 4, 8)), (4, 27), "float", LOGITS)
    shapes = [tuple(expect.tensor(layer.out, what="out").shape) for layer in model.layers]
    stages = [(4, 4, 48), *[(4, 4, 128)] * 3, (4, 2, 256), *[(4, 2, 128)] * 3]
    right = [(4, 8, 24), *stages, (4, 256), *[(4, 128)] * 3, (4, 27)]
    assert shapes == right, "the layers' outputs should have the shapes of the handout's table"
    # Zeros have these shapes too, so check that each layer uses the result of the one before.
    outs = [expect.tensor(layer.out, None, "float", "out") for layer in model.layers]
    joined = reference.makemore.FlattenConsecutive(2)
    for place in (1, 5, 9):
        expect.close(outs[place], joined(outs[place - 1]), f"{FLAT} in wavenet")
        expect.close(outs[place + 3], outs[place + 2].tanh(), "Tanh's output in wavenet")
    assert len(outs[9].unique(dim=0)) > 1, "wavenet gives the same result for all names"


@pytest.mark.about("wavenet")
@pytest.mark.points(4)
@pytest.mark.hint("Embedding, then FlattenConsecutive, Linear, BatchNorm1d, Tanh per stage, Linear")
def test_logits(student: Any, reference: Any, generator: torch.Generator) -> None:
    """wavenet agrees with the reference on the same weights, for several sizes."""
    for sizes in ((27, 8, 24, 32), (5, 2, 3, 4), (11, 16, 6, 8)):
        theirs, ours = wavenets(student, reference, generator, *sizes)
        x = indices(generator, sizes[0], 6, sizes[1])
        expect.close(theirs(x), ours(x), LOGITS, atol=1e-3, rtol=1e-3)


@pytest.mark.about("wavenet")
@pytest.mark.points(1)
@pytest.mark.hint("no bias before a batch normalisation, which subtracts the mean anyway")
def test_parameters(student: Any, reference: Any) -> None:
    """wavenet(27) has 76,579 parameters, without biases that have no effect."""
    model = expect.thing(student.makemore.wavenet(27), "wavenet")
    shapes = [tuple(p.shape) for p in reference.makemore.wavenet(27).parameters()]
    matching(model, shapes)  # fails if more than biases differ
    count = sum(expect.tensor(p, what="a parameter").numel() for p in model.parameters())
    assert count == 76_579, (
        f"{count - 76_579:,} parameters too many: leave out the bias before each BatchNorm1d"
    )


@pytest.mark.about("FlattenConsecutive.__call__", "wavenet")
@pytest.mark.points(1)
@pytest.mark.hint("view or reshape")
def test_by_hand(student: Any, reference: Any, generator: torch.Generator) -> None:
    """FlattenConsecutive and wavenet compute with elementary operations, not torch.nn."""
    x = normal(generator, 2, 4, 3)
    result = by_hand.run(student, by_hand.FLATTEN, flatten(student, 2), [x])
    expect.close(result, reference.makemore.FlattenConsecutive(2)(x), FLAT)
    if layers_are_refused(student):
        return  # parts b and c test the layers that wavenet uses
    ours = reference.makemore.wavenet(5, 2, 3, 4)
    model = by_hand.make(student, by_hand.WAVENET, [5, 2, 3, 4])
    fill_wavenet(student, model, ours.parameters())
    x = indices(generator, 5, 6, 2)
    result = by_hand.run(student, by_hand.WAVENET, model, [x])
    expect.close(result, ours(x), LOGITS, atol=1e-3, rtol=1e-3)


def layers_are_refused(student: Any) -> bool:
    """Whether the student's other layers themselves run non-elementary operations."""
    make, x = student.makemore, torch.ones(2, 3)
    makers: tuple[tuple[Any, list[int], torch.Tensor], ...] = (
        (make.Embedding, [5, 3], torch.zeros(2, dtype=torch.long)),
        (make.Linear, [3, 3], x),
        (make.BatchNorm1d, [3], x),
        (make.Tanh, [], x),
    )
    return any(by_hand.is_refused(student, maker, sizes) for maker, sizes, _ in makers) or any(
        by_hand.is_refused(student, maker(*sizes), [value]) for maker, sizes, value in makers
    )
