"""Probes that several suites or the grader itself use: seeds, gradients, copied weights, the watch.

A probe is a function of ours that must run in the student's own process; it returns plain values.
`student.probe.NAME(...)` calls one. What one suite alone needs is in that suite's own probes.py,
which the worker runs before any student code (lookup.py). A probe holds no answer and no threshold,
so a student who reads or patches it gains nothing: what it returns is judged outside like any other
value.
"""

from __future__ import annotations

import contextlib
import functools
import random
import sys
from collections.abc import Callable
from typing import Any

import torch

from grader.boundary.inside.elementary import Refused, Watch


def seed(number: int) -> None:
    """Seeds python's, numpy's and torch's generators, so that one submission has one grade."""
    random.seed(number)
    torch.manual_seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number % 2**32)


def parameter_gradients(
    model: torch.nn.Module, inputs: list[Any], output: int | None = None
) -> dict[str, torch.Tensor | None]:
    """{parameter's name: gradient of the output's sum, None if it gets none}.

    `output` picks one of the tuple that the model returns.
    """
    model.zero_grad()
    result = model(*inputs)
    (result if output is None else result[output]).sum().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def input_gradient(
    function: Any, inputs: list[Any], cotangent: torch.Tensor, wrt: int = 0
) -> torch.Tensor | None:
    """The gradient of (function(*inputs) * cotangent).sum() by the input number `wrt`."""
    inputs = list(inputs)
    inputs[wrt] = inputs[wrt].clone().requires_grad_()
    (function(*inputs) * cotangent).sum().backward()
    gradient: torch.Tensor | None = inputs[wrt].grad
    return gradient


def arguments_after(function: Any, arguments: list[Any]) -> list[Any]:
    """The arguments after function(*arguments), to see which of them it changed."""
    function(*arguments)
    return arguments


def with_generator(function: Any, seed: int, *arguments: Any, **named: Any) -> Any:
    """function(..., generator=a torch.Generator with this seed)."""
    return function(*arguments, generator=torch.Generator().manual_seed(seed), **named)


def elementary(
    function: Any, arguments: list[Any], through: Callable[..., Any] | None = None
) -> tuple[Any, dict[str, int], dict[str, int], str | None]:
    """function(*arguments), and which of torch's operations it ran; see elementary.Watch.

    through: the probe that calls the function, PROBE(function, *arguments), so that what the probe
    itself does is not counted; a test gives its name (lookup.py). Returns (result, calls,
    operations, the name of what was refused).
    """
    watch = Watch()

    def watched(*inner: Any, **named: Any) -> Any:
        with watch:
            return function(*inner, **named)

    result = None
    with contextlib.suppress(Refused):
        call = watched if through is None else functools.partial(through, watched)
        result = call(*arguments)
    return result, dict(watch.calls), dict(watch.operations), watch.refused


def fill_named(module: Any, values: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Copies values into tensors of a module, {"block.c_fc.weight": value}, in place.

    A constant of more rows, or with dimensions of 1 before them, takes the values in its first
    rows. Returns what does not fit: {"missing": names that lead to no tensor, "shapes": {name: the
    shape that it has here}, "extra": names of parameters for which no value came}.
    """
    missing, shapes, known = [], {}, set()
    for name, value in values.items():
        tensor = _attribute(module, name)
        known.add(id(tensor))
        if not isinstance(tensor, torch.Tensor):
            missing.append(name)
        elif tensor.shape == value.shape:
            tensor.data.copy_(value)
        elif _is_wider(tensor, value):
            tensor.data.view(-1, value.size(-1))[: len(value)] = value
        else:
            shapes[name] = tuple(tensor.shape)
    extra = [name for name, p in module.named_parameters() if id(p) not in known]
    return {"missing": missing, "shapes": shapes, "extra": extra}


def _is_wider(found: torch.Tensor, value: torch.Tensor) -> bool:
    """Whether a constant holds the rows of `value`, (T, C), and perhaps more after them."""
    if value.dim() != 2 or found.dim() < 2 or isinstance(found, torch.nn.Parameter):
        return False
    *before, rows, columns = found.shape
    return set(before) <= {1} and columns == value.size(-1) and rows >= len(value)


def read_named(module: Any, names: list[str]) -> dict[str, torch.Tensor | None]:
    """{name: the tensor of a module with that name, None if there is none}."""
    items = {name: _attribute(module, name) for name in names}
    return {name: x.detach() if isinstance(x, torch.Tensor) else None for name, x in items.items()}


def _attribute(module: Any, name: str) -> Any:
    """module.a.b.c for the name "a.b.c", None if something on the way is missing."""
    for part in name.split("."):
        module = getattr(module, part, None)
    return module
