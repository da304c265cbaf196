"""What must run in the student's own process: gradients, many steps, commands.

Each probe is a small function of ours that runs next to student code and returns plain values.
It holds no answer and no threshold, so a student who reads or patches it gains nothing: what it
returns is judged outside like any other value. `student.probe.NAME(...)` calls one.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import random
import runpy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from grader.boundary.inside.elementary import Refused, Watch

# Probes too:
from grader.boundary.inside.models import mode_model, name_model, plain_model, row_model  # noqa: F401
from grader.boundary.inside.training import (  # noqa: F401
    after_sgd,
    optimise,
    optimise_batches,
    pairs,
    sgd_step,
    train,
)

MAX_OUTPUT = 64 * 1024  # characters of a command's output that are kept


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


def parameters(model: torch.nn.Module) -> dict[str, tuple[torch.Tensor, bool]]:
    """{name: (value, whether it is trained)}."""
    return {name: (p.data, p.requires_grad) for name, p in model.named_parameters()}


def item_again(target: Any, key: Any, count: int) -> list[Any]:
    """[target[key], ...], `count` times; if it is random, as many draws in one call."""
    return [target[key] for _ in range(count)]


def arguments_after(function: Any, arguments: list[Any]) -> list[Any]:
    """The arguments after function(*arguments), to see which of them it changed."""
    function(*arguments)
    return arguments


def on_file(function: Any, text: str, *arguments: Any) -> Any:
    """function(path, *arguments), where `path` is a file that holds `text`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.tsv")
        path.write_text(text, encoding="utf-8", newline="")
        return function(str(path), *arguments)


def with_generator(function: Any, seed: int, *arguments: Any, **named: Any) -> Any:
    """function(..., generator=a torch.Generator with this seed)."""
    return function(*arguments, generator=torch.Generator().manual_seed(seed), **named)


def with_stream(function: Any, place: int, arguments: list[Any]) -> Any:
    """function(*arguments), the list at `place` given item by item; asking for more fails."""
    items = arguments[place]

    def stream() -> Iterator[Any]:
        yield from items
        raise RuntimeError("the stream has no end: take as many items as are needed")

    return function(*arguments[:place], stream(), *arguments[place + 1 :])


def is_attached(target: Any, name: str) -> bool:
    """Whether the tensor target.name holds on to the graph that made it."""
    attached: bool = getattr(target, name).requires_grad
    return attached


def gives_attached(function: Any, arguments: list[Any]) -> bool:
    """Whether function(*arguments) is a tensor that holds on to the graph that made it."""
    attached: bool = function(*arguments).requires_grad
    return attached


def fill(target: Any, values: dict[str, torch.Tensor]) -> None:
    """Copies values into an object's tensors, {attribute: value}, in place."""
    for name, value in values.items():
        getattr(target, name).data.copy_(value)


def fill_parameters(model: Any, values: list[torch.Tensor]) -> None:
    """Copies values into the tensors of the list model.parameters(), in place."""
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.data.copy_(value)


def layer_gradients(
    layer: Any, x: torch.Tensor, cotangent: torch.Tensor
) -> tuple[torch.Tensor | None, list[torch.Tensor | None]]:
    """The gradients of (layer(x) * cotangent).sum(): by x, if it floats, and by each parameter."""
    parameters = list(layer.parameters())
    for parameter in parameters:
        parameter.requires_grad_()
        parameter.grad = None
    x = x.clone().requires_grad_() if x.is_floating_point() else x
    (layer(x) * cotangent).sum().backward()
    return x.grad, [parameter.grad for parameter in parameters]


def after_sgd_step(
    function: Any, values: list[torch.Tensor], gradients: list[torch.Tensor], lr: float
) -> list[tuple[torch.Tensor, torch.Tensor | None]]:
    """function(parameters, lr) on parameters with gradients: [(value, gradient)] afterwards."""
    parameters = [value.clone().requires_grad_() for value in values]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    function(parameters, lr)
    return [(parameter.detach(), parameter.grad) for parameter in parameters]


def model_gradients(
    model: Any, x: torch.Tensor, cotangent: torch.Tensor
) -> list[torch.Tensor | None]:
    """The gradients of (model(x) * cotangent).sum() by those parameters that ask for one."""
    total = (model(x) * cotangent).sum()
    if total.requires_grad:
        total.backward()
    return [parameter.grad for parameter in model.parameters()]


def made_and_drawn(function: Any, arguments: list[Any], count: int) -> list[tuple[Any, Any]]:
    """`count` times (function(*arguments), four numbers of torch's global generator after it)."""
    return [(function(*arguments), torch.rand(4)) for _ in range(count)]


def elementary(
    function: Any, arguments: list[Any], through: str | None = None
) -> tuple[Any, dict[str, int], dict[str, int], str | None]:
    """function(*arguments), and which of torch's operations it ran; see elementary.Watch.

    through: the probe that calls the function, PROBE(function, *arguments), so that what the probe
    itself does is not counted. Returns (result, calls, operations, the name of what was refused).
    """
    watch = Watch()

    def watched(*inner: Any, **named: Any) -> Any:
        with watch:
            return function(*inner, **named)

    result = None
    with contextlib.suppress(Refused):
        call = watched if through is None else functools.partial(globals()[through], watched)
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
    constant = value.dim() == 2 and not isinstance(found, torch.nn.Parameter)
    shape = found.shape
    return constant and all(n == 1 for n in shape[:-2]) and (
        found.dim() >= 2 and shape[-1] == value.size(-1) and shape[-2] >= len(value)
    )  # fmt: skip


def read_named(module: Any, names: list[str]) -> dict[str, torch.Tensor | None]:
    """{name: the tensor of a module with that name, None if there is none}."""
    items = {name: _attribute(module, name) for name in names}
    return {name: x.detach() if isinstance(x, torch.Tensor) else None for name, x in items.items()}


def _attribute(module: Any, name: str) -> Any:
    """module.a.b.c for the name "a.b.c", None if something on the way is missing."""
    for part in name.split("."):
        module = getattr(module, part, None)
    return module


def run_command(
    module: str, arguments: list[str], files: dict[str, str]
) -> tuple[int, str, dict[str, str]]:
    """Runs a module as `python MODULE ARGUMENTS` in an empty folder that holds `files`.

    Returns (exit code, what it printed, {name: text} of the folder's files afterwards).
    """
    printed = _CappedText()
    before, argv = Path.cwd(), sys.argv
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        try:
            os.chdir(folder)
            sys.argv = [module, *arguments]
            with contextlib.redirect_stdout(printed):
                code = _exit_code(module)
        finally:
            os.chdir(before)
            sys.argv = argv
        written = {
            path.name: path.read_text(encoding="utf-8", errors="replace")[:MAX_OUTPUT]
            for path in sorted(Path(folder).iterdir())
            if path.is_file()
        }
    return code, printed.getvalue(), written


def _exit_code(module: str) -> int:
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        if leaving.code is None:
            return 0
        return leaving.code if isinstance(leaving.code, int) else 1
    return 0


class _CappedText(io.StringIO):
    """Keeps the first MAX_OUTPUT characters, so that a loop of prints takes no memory."""

    def write(self, text: str) -> int:
        super().write(text[: max(MAX_OUTPUT - self.tell(), 0)])
        return len(text)
