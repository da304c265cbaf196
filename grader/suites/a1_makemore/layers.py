"""The student's layers and wavenets with copied random weights, and their parameters in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal

RUNNING = ("running_mean", "running_var")


def layer(module: Any, values: dict[str, Tensor], student: Any, what: str) -> Any:
    """The student's layer, its tensors filled with `values`, {attribute: value}."""
    module = expect.thing(module, what)
    for name, value in values.items():
        expect.tensor(getattr(module, name), tuple(value.shape), torch.float32, f"{what}'s {name}")
    student.probe.fill(module, values)
    return module


def parameters(model: Any, what: str) -> list[Tensor]:
    """What model.parameters() returns, tensors in a list or tuple."""
    result = model.parameters()
    assert isinstance(result, list | tuple), f"parameters() of {what} should be a list"
    return [expect.tensor(p, None, "float", f"a parameter of {what}") for p in result]


def wavenets(
    student: Any, reference: Any, generator: torch.Generator, *sizes: int
) -> tuple[Any, Any]:
    """The student's and our `wavenet` of these sizes, with the same random weights.

    Gains and biases are random too, and large enough that none goes unnoticed.
    """
    ours = reference.makemore.wavenet(*sizes)
    theirs = expect.thing(student.makemore.wavenet(*sizes), "wavenet")
    values = [p + 0.2 * normal(generator, *p.shape) for p in ours.parameters()]
    fill_wavenet(student, theirs, values)
    reference.probe.fill_parameters(ours, values)
    return theirs, ours


def fill_wavenet(student: Any, model: Any, values: list[Tensor]) -> None:
    """Fills a student's wavenet with `values`, the tensors of a model without needless biases."""
    shapes = [tuple(value.shape) for value in values]
    tensors = parameters(model, "wavenet's model")
    padded = list(values)
    for place in _needless(tensors, shapes):
        padded.insert(place, torch.zeros_like(tensors[place]))
    student.probe.fill_parameters(model, padded)


def matching(model: Any, shapes: Sequence[tuple[int, ...]], beside: Any = None) -> list[Any]:
    """The parameters of a student's wavenet without needless biases, checked for these shapes.

    beside: a list with one item per parameter, such as its gradient, to return instead.
    """
    tensors = parameters(model, "wavenet's model")
    places = _needless(tensors, shapes)
    items = tensors if beside is None else expect.items(beside, len(tensors), "the gradients")
    return [item for place, item in enumerate(items) if place not in places]


def needless(model: Any, shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """The biases before a normalisation in a student's wavenet, one for each stage, or none."""
    tensors = parameters(model, "wavenet's model")
    return [tensors[place] for place in _needless(tensors, shapes)]


def _needless(tensors: list[Tensor], right: Sequence[tuple[int, ...]]) -> list[int]:
    """The indices of biases that a normalisation cancels; only test_parameters rejects them.

    right: the shapes without them: the embedding's, each stage's (weight, gamma, beta) and the
    last layer's two. With them, each stage has (n_hidden,) after its weight.
    """
    shapes, right = [tuple(p.shape) for p in tensors], list(right)
    if shapes == right:
        return []
    places = [2 + 4 * stage for stage in range((len(right) - 3) // 3)]
    longer = list(right)
    for place in places:
        longer.insert(place, longer[place])  # gamma's shape
    assert shapes == longer, (
        "wavenet's parameters should have the shapes of the handout's layers, in the same order"
    )
    return places


def norms(model: Any, ours: Any) -> list[tuple[Any, Any]]:
    """Pairs of BatchNorm1d layers: the student's model's and the reference's."""
    layers = expect.items(model.layers, len(ours.layers), "the layers of wavenet's model")
    pairs = zip(layers, ours.layers, strict=True)
    return [(layer, own) for layer, own in pairs if hasattr(own, "running_mean")]


def statistic(value: Any, size: int, what: str) -> Tensor:
    """A running statistic as (size,), whatever dimensions of size 1 it has besides."""
    tensor = expect.tensor(value, None, "float", what)
    assert tensor.numel() == size, f"{what} should have {size} numbers, one for each channel"
    return tensor.reshape(size)


def check_gradients(
    result: Any, expected: tuple[Any, ...], names: Sequence[str], what: str
) -> None:
    """Compares what probes.layer_gradients returned for the student's layer and for ours."""
    by_input, by_parameters = expect.items(result, 2, "the gradients")
    if expected[0] is not None:
        assert by_input is not None, f"no gradient reaches {what}'s input"
        expect.close(by_input, expected[0], f"the gradient of {what}'s input", atol=1e-4)
    by_parameters = expect.items(by_parameters, len(names), f"the gradients of {what}'s parameters")
    for name, gradient, right in zip(names, by_parameters, expected[1], strict=True):
        assert gradient is not None, f"no gradient reaches {what}'s {name}"
        expect.close(gradient, right, f"the gradient of {what}'s {name}", atol=1e-4)
