"""Probes of this suite: gradients of functions and methods, draws from a generator.

Runs next to student code and holds no answer; see probes.py in boundary/inside.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def zero(module: nn.Module, names: list[str]) -> None:
    """Sets the named parameters to 0."""
    known = dict(module.named_parameters())
    with torch.no_grad():
        for name in names:
            known[name].zero_()


def parameter_shapes(module: nn.Module) -> dict[str, list[int]]:
    """{parameter's name: its shape}."""
    return {name: list(parameter.shape) for name, parameter in module.named_parameters()}


def frozen(module: nn.Module) -> list[str]:
    """The names of the parameters that are not trained."""
    return [name for name, parameter in module.named_parameters() if not parameter.requires_grad]


def method_gradients(
    module: nn.Module, method: str, arguments: list[Any]
) -> dict[str, torch.Tensor | None]:
    """{parameter's name: gradient of the sum of the result's squares, None if it gets none}."""
    module.zero_grad()
    (getattr(module, method)(*arguments) ** 2).sum().backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def argument_gradients(
    function: Any, arguments: list[Any], wrt: list[int]
) -> list[torch.Tensor | None]:
    """The gradients of the result's sum by the arguments of these numbers, None if one gets none.

    All of them ask for a gradient at once.
    """
    arguments = list(arguments)
    for number in wrt:
        arguments[number] = arguments[number].clone().requires_grad_()
    function(*arguments).sum().backward()
    return [arguments[number].grad for number in wrt]


def drawn(function: Any, logits: torch.Tensor, seed: int, count: int) -> list[Any]:
    """[function(logits, generator), ...], `count` calls with one generator."""
    generator = torch.Generator().manual_seed(seed)
    return [function(logits, generator) for _ in range(count)]


def drawn_gradient(
    function: Any, logits: torch.Tensor, seed: int, cotangent: torch.Tensor
) -> tuple[Any, Any, torch.Tensor | None]:
    """(boundaries, log_q, the gradient of (log_q * cotangent).sum() by the logits)."""
    logits = logits.clone().requires_grad_()
    boundaries, log_q = function(logits, torch.Generator().manual_seed(seed))
    (log_q * cotangent).sum().backward()
    return boundaries, log_q.detach(), logits.grad


# Parts c, d, e and g: torch's own objects, made where student code takes them as arguments.


def generator(seed: int) -> torch.Generator:
    """A generator of random numbers with this seed."""
    return torch.Generator().manual_seed(seed)


def linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    """A linear layer with these weights."""
    layer = nn.Linear(weight.size(1), weight.size(0))
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


def convolution(weight: torch.Tensor, bias: torch.Tensor) -> nn.Conv1d:
    """A convolution with these weights, (out, in, kernel), that keeps the number of places."""
    outputs, inputs, kernel = weight.shape
    layer = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


def layer_gradients(
    module: nn.Module, function: Any, arguments: list[Any], cotangent: torch.Tensor
) -> dict[str, torch.Tensor | None]:
    """{parameter's name: gradient of (function(*arguments) * cotangent).sum()} of a module."""
    module.zero_grad()
    result = (function(*arguments) * cotangent).sum()
    if result.requires_grad:
        result.backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def gradient_of(
    function: Any, inputs: list[Any], cotangent: torch.Tensor, wrt: int = 0
) -> torch.Tensor | None:
    """The gradient of (function(*inputs) * cotangent).sum() by the input number `wrt`.

    None if there is none, also if the result has no graph at all.
    """
    inputs = list(inputs)
    inputs[wrt] = inputs[wrt].clone().requires_grad_()
    result = (function(*inputs) * cotangent).sum()
    if result.requires_grad:
        result.backward()
    gradient: torch.Tensor | None = inputs[wrt].grad
    return gradient


def saved(module: nn.Module) -> list[str]:
    """The names of the tensors that a module saves."""
    return list(module.state_dict())
