"""What this suite's tests share: hidden names, layers and models with copied random weights.

Letters in the shapes: B names in a batch, T characters, C channels, V vocabulary.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from grader import expect

LETTERS = "abcdefghijklmnopqrstuvwxyz"
RUNNING = ("running_mean", "running_var")


def invent(seed: int, count: int, letters: str = LETTERS) -> list[str]:
    """Names of 1 to 12 letters, no two alike; the first uses every letter."""
    rng = random.Random(seed)
    names = {"".join(rng.sample(letters, len(letters)))}
    while len(names) < count:
        names.add("".join(rng.choices(letters, k=rng.randint(1, 12))))
    return sorted(names, key=lambda name: (-len(name), name))


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Normally distributed numbers of `shape`."""
    return torch.randn(shape, generator=generator)


def indices(generator: torch.Generator, size: int, *shape: int) -> Tensor:
    """Random indices below `size`, long."""
    return torch.randint(size, shape, generator=generator)


def layer(made: Any, values: dict[str, Tensor], student: Any, what: str) -> Any:
    """The student's layer, its tensors filled with `values`, {attribute: value}."""
    made = expect.thing(made, what)
    for name, value in values.items():
        expect.tensor(getattr(made, name), tuple(value.shape), torch.float32, f"{what}'s {name}")
    student.probe.fill(made, values)
    return made


def parameters(model: Any, what: str) -> list[Tensor]:
    """What model.parameters() returns, tensors in a list or tuple."""
    found = model.parameters()
    assert isinstance(found, list | tuple), f"parameters() of {what} should be a list"
    return [expect.tensor(p, None, "float", f"a parameter of {what}") for p in found]


def twins(student: Any, reference: Any, generator: torch.Generator, *sizes: int) -> tuple[Any, Any]:
    """The students' and our `wavenet` of these sizes, with the same random weights.

    Gains and biases are random too, and large enough for none to go unseen.
    """
    ours = reference.makemore.wavenet(*sizes)
    theirs = expect.thing(student.makemore.wavenet(*sizes), "wavenet")
    values = [p + 0.2 * normal(generator, *p.shape) for p in ours.parameters()]
    fill(student, theirs, values)
    reference.probe.fill_parameters(ours, values)
    return theirs, ours


def fill(student: Any, model: Any, values: list[Tensor]) -> None:
    """Fills a student's wavenet with `values`, the tensors of one without needless biases."""
    shapes = [tuple(value.shape) for value in values]
    found = parameters(model, "wavenet's model")
    filled = list(values)
    for place in _needless(found, shapes):
        filled.insert(place, torch.zeros_like(found[place]))
    student.probe.fill_parameters(model, filled)


def matching(model: Any, shapes: Sequence[tuple[int, ...]], beside: Any = None) -> list[Any]:
    """The parameters of a student's wavenet, without needless biases; they have these shapes.

    beside: a list with an item for each parameter, such as its gradient, to take these from.
    """
    found = parameters(model, "wavenet's model")
    places = _needless(found, shapes)
    items = found if beside is None else expect.items(beside, len(found), "the gradients")
    return [item for place, item in enumerate(items) if place not in places]


def needless(model: Any, shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """The biases before a normalisation in a student's wavenet, one for each stage, or none."""
    found = parameters(model, "wavenet's model")
    return [found[place] for place in _needless(found, shapes)]


def _needless(found: list[Tensor], right: Sequence[tuple[int, ...]]) -> list[int]:
    """The places of biases that a normalisation takes away again: only test_parameters minds them.

    right: the shapes without: the embedding's, those of each stage (weight, gamma, beta) and the
    last layer's two. With them, each stage has (n_hidden,) after its weight.
    """
    shapes, right = [tuple(p.shape) for p in found], list(right)
    if shapes == right:
        return []
    places = [2 + 4 * stage for stage in range((len(right) - 3) // 3)]
    longer = list(right)
    for place in places:
        longer.insert(place, longer[place])  # gamma's shape
    assert shapes == longer, (
        "wavenet's parameters should have the shapes of the handout's layers, in their order"
    )
    return places


def norms(model: Any, ours: Any) -> list[tuple[Any, Any]]:
    """Each BatchNorm1d of a student's model and, beside it, that of the reference's."""
    layers = expect.items(model.layers, len(ours.layers), "the layers of wavenet's model")
    pairs = zip(layers, ours.layers, strict=True)
    return [(layer, own) for layer, own in pairs if hasattr(own, "running_mean")]


def statistic(value: Any, size: int, what: str) -> Tensor:
    """A running statistic, (size,), however many dimensions of 1 stand around it."""
    found = expect.tensor(value, None, "float", what)
    assert found.numel() == size, f"{what} should have {size} numbers, one for each channel"
    return found.reshape(size)


def check_gradients(found: Any, expected: tuple[Any, ...], names: Sequence[str], what: str) -> None:
    """What probes.layer_gradients found of the student's layer is what it found of ours."""
    by_input, by_parameters = expect.items(found, 2, "the gradients")
    if expected[0] is not None:
        assert by_input is not None, f"no gradient reaches {what}'s input"
        expect.close(by_input, expected[0], f"the gradient of {what}'s input", atol=1e-4)
    by_parameters = expect.items(by_parameters, len(names), f"the gradients of {what}'s parameters")
    for name, gradient, right in zip(names, by_parameters, expected[1], strict=True):
        assert gradient is not None, f"no gradient reaches {what}'s {name}"
        expect.close(gradient, right, f"the gradient of {what}'s {name}", atol=1e-4)
