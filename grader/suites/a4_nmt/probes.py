"""Probes of this suite: gradients of single methods, what a search returns, a module's training.

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


def method_gradients(
    module: nn.Module, method: str, arguments: list[Any], which: list[int]
) -> dict[str, torch.Tensor | None]:
    """{parameter's name: gradient of the sum of the results' cubes, None if it gets none}.

    which: where in a nested result the tensor is, [1, 0] for result[1][0]; [] for a tensor.
    """
    module.zero_grad()
    result = getattr(module, method)(*arguments)
    for place in which:
        result = result[place]
    (result**3).sum().backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def table_gradient(module: nn.Module, table: str, ids: torch.Tensor) -> torch.Tensor | None:
    """The gradient that a table of embeddings gets from the sum of the ids' embeddings."""
    module.zero_grad()
    embedding = getattr(module, table)
    embedding(ids).sum().backward()
    gradient: torch.Tensor | None = embedding.weight.grad
    return gradient


def parameter_shapes(module: nn.Module) -> dict[str, list[int]]:
    """{parameter's name: its shape}."""
    return {name: list(parameter.shape) for name, parameter in module.named_parameters()}


def frozen(module: nn.Module) -> list[str]:
    """The names of the parameters that are not trained."""
    return [name for name, parameter in module.named_parameters() if not parameter.requires_grad]


def hypothesis(model: Any, *arguments: Any) -> tuple[Any, Any]:
    """(value, score) of what the greedy search returns."""
    found = model.greedy(*arguments)
    return found.value, found.score


def hypotheses(model: Any, *arguments: Any) -> list[tuple[Any, Any]]:
    """[(value, score) of each hypothesis] that beam search returns."""
    return [(each.value, each.score) for each in model.beam_search(*arguments)]


def output_gradient(
    model: Any, arguments: list[Any], cotangent: torch.Tensor, wrt: int
) -> torch.Tensor | None:
    """The gradient of (combined output of step * cotangent).sum() by the argument number `wrt`."""
    arguments = list(arguments)
    arguments[wrt] = arguments[wrt].clone().requires_grad_()
    (model.step(*arguments)[1] * cotangent).sum().backward()
    gradient: torch.Tensor | None = arguments[wrt].grad
    return gradient
