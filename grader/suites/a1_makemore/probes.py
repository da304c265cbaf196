"""Probes of this suite: layers and their parameters in a list, random starts, models of names.

Runs next to student code and holds no answer; see probes.py in boundary/inside.
"""

from __future__ import annotations

from typing import Any

import torch

from grader.boundary.inside.models import undisclosed


def is_attached(target: Any, name: str) -> bool:
    """Whether the tensor target.name holds on to the graph that made it."""
    attached: bool = getattr(target, name).requires_grad
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


def name_model(table: torch.Tensor) -> Any:
    """A model of names that needs no training: a layer and, in `layers`, its own list of layers.

    The logits after a context are the row (sum of its indices, each times its place from 1) % R of
    `table`, (R, V); in training they are negated.
    """

    def call(self: Any, x: torch.Tensor) -> torch.Tensor:
        places = torch.arange(1, x.size(1) + 1)
        rows = table[(x * places).sum(1) % len(table)]  # (B, V)
        out = -rows if self.training else rows
        self.out = out
        return out

    model = undisclosed(object, {"__call__": call, "parameters": lambda self: []})
    model.training, model.layers = True, [model]
    return model


def row_model(weight: torch.Tensor) -> Any:
    """A model with one parameter: the logits after a context are the sum of its indices' rows.

    weight: (V, V), its only layer's and copied. Elementary, whatever the student's layers are.
    """

    def call(self: Any, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.weight[x].sum(1)  # (B, T, V) -> (B, V)
        self.out = out
        return out

    model = undisclosed(object, {"__call__": call, "parameters": lambda self: [self.weight]})
    model.weight, model.layers = weight.clone(), [model]
    return model
