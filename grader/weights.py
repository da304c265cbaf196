"""Copies our weights into a student's module and back, by name, whatever else it has.

Parameters, and buffers that carry values, are copied in place by a probe. A student's own
mask or other constant is left alone: with another width, or unsaved, it computes the same.
What the probe reports is the worker's claim, so odd reports fail a test and break none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from grader import expect
from grader.random_inputs import normal

ALIKE = 0.7  # the least cosine between the weights before and after a short training
SHOWN = 3  # how many of a student's own names a message shows


def load_parameters(student: Any, theirs: Any, ours: nn.Module) -> None:
    """Copies our module's parameters into the student's, which keeps its own buffers."""
    fill(student, theirs, parameters(ours))


def parameters(ours: nn.Module) -> dict[str, Tensor]:
    """{name: the parameter's own tensor}."""
    return {name: parameter.data for name, parameter in ours.named_parameters()}


def twins(
    student: Any,
    reference: Any,
    make: Callable[[Any], Any],
    generator: torch.Generator,
    load: Callable[[Any, Any, nn.Module], None] = load_parameters,
) -> tuple[Any, Any]:
    """The module that `make` builds from the student's code and from ours, in evaluation mode.

    Both have the same random weights, which load(student, theirs, ours) copies.
    """
    ours = randomise(make(reference), generator)
    theirs = expect.thing(make(student), "the module")
    load(student, theirs, ours)
    theirs.eval()
    return theirs, ours.eval()


def randomise(module: nn.Module, generator: torch.Generator) -> nn.Module:
    """Makes every parameter random, so that no bias, gain or position goes unnoticed."""
    for name, parameter in module.named_parameters():
        noise = 0.3 * normal(generator, *parameter.shape)
        gain = name.endswith(("ln1.weight", "ln2.weight", "ln_f.weight", "norm.weight"))
        parameter.data.copy_(1 + noise if gain else noise)
    return module


def fill(student: Any, module: Any, values: Mapping[str, Tensor]) -> list[str]:
    """Copies `values`, {dotted name: tensor}, into the student's module.

    Returns the names of its parameters for which there is no value. Raises AssertionError that
    names what is missing and what is there instead, or what has the wrong shape.
    """
    report = student.probe.fill_named(module, dict(values))
    report = report if isinstance(report, dict) else {}
    missing, extra = _names(report.get("missing")), _names(report.get("extra"))
    shapes = report.get("shapes")
    shapes = shapes if isinstance(shapes, dict) else {}
    expect.plain([sorted(missing), sorted(extra), sorted(map(str, shapes.items()))])
    there = {name: value for name, value in values.items() if name not in missing}
    there |= {name: _of_shape(shapes[name]) for name in there.keys() & shapes.keys()}
    compare(student, there, values, extra)
    return extra


def compare(
    student: Any, theirs: Mapping[str, Tensor], ours: Mapping[str, Tensor], extra: Iterable[str]
) -> None:
    """Raises AssertionError if theirs lacks a tensor of ours, or has it in another shape."""
    for name, value in ours.items():
        assert name in theirs, f"{name} is missing from the model{instead(student, extra)}"
        shape = tuple(theirs[name].shape)
        wanted = f"{name} should have shape {tuple(value.shape)}"
        assert shape == tuple(value.shape), f"{wanted}, but has {shape}"


def read(student: Any, module: Any, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The student's tensors of the names and shapes of `like`."""
    report = student.probe.read_named(module, list(like))
    assert isinstance(report, dict), "the module has no tensors"
    return {
        name: expect.tensor(report.get(name), tuple(value.shape), "float", name)
        for name, value in like.items()
    }


def check_origin(start: Iterable[Tensor], trained: Iterable[Tensor]) -> None:
    """Raises AssertionError if trained matrices do not come from those before training.

    A short training moves large weights a little: their cosine with the start is 0.9 and more.
    That of weights made elsewhere is near 0, whatever they know.
    """
    for before, after in zip(start, trained, strict=True):
        alike = torch.cosine_similarity(before.flatten(), after.flatten(), dim=0)
        assert alike > ALIKE, (
            "the weights after training do not come from those before it: train the model in place"
        )


def instead(student: Any, extra: Iterable[str]) -> str:
    """For a message: what the handout's model does not have; "" if there is nothing."""
    names = sorted(extra)
    if not names:
        return ""
    return f"; your model has {listing(student, names)}, which the handout's does not"


def listing(student: Any, names: list[str]) -> str:
    """Up to three of a student's names, if their words are in the submission."""
    shown = [name for name in names if student.wrote(name)][:SHOWN]
    others = len(names) - len(shown)
    rest = [f"{others} {'more' if shown else 'with other names'}"] if others else []
    return ", ".join([*shown, *rest])


def _names(value: Any) -> list[str]:
    """The strings in a list that a probe returned."""
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]


def _of_shape(value: Any) -> Tensor:
    """An empty tensor of a shape that a probe returned, cut to what a tensor may have."""
    items = value[:8] if isinstance(value, tuple | list) else ()
    sizes = [item for item in items if isinstance(item, int) and 0 <= item < 2**20]
    return torch.empty(()).expand(sizes)
