"""Probes of this suite: what is trained, a stream of batches, a model that tells its mode.

Runs next to student code and holds no answer; see probes.py in boundary/inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from grader.boundary.inside.models import undisclosed


def parameters(model: torch.nn.Module) -> dict[str, tuple[torch.Tensor, bool]]:
    """{name: (value, whether it is trained)}."""
    return {name: (p.data, p.requires_grad) for name, p in model.named_parameters()}


def gives_attached(function: Any, arguments: list[Any]) -> bool:
    """Whether function(*arguments) is a tensor that holds on to the graph that made it."""
    attached: bool = function(*arguments).requires_grad
    return attached


def with_stream(function: Any, place: int, arguments: list[Any]) -> Any:
    """function(*arguments), the list at `place` given item by item; asking for more fails."""
    items = arguments[place]

    def stream() -> Iterator[Any]:
        yield from items
        raise RuntimeError("the stream has no end: take as many items as are needed")

    return function(*arguments[:place], stream(), *arguments[place + 1 :])


def mode_model(losses: torch.Tensor) -> Any:
    """A language model whose loss tells how it was called.

    losses: (2, 2, V, V); the loss is the mean of losses[in training, with gradients recorded, x, y]
    over the characters x and their targets y, both (B, T) long.
    """

    def forward(
        self: Any, idx: torch.Tensor, targets: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        table = losses[int(self.training), int(torch.is_grad_enabled())]
        return -table[idx], None if targets is None else table[idx, targets].mean()

    return undisclosed(torch.nn.Module, {"forward": forward})


def after_sgd(module: Any, x: torch.Tensor, cotangent: torch.Tensor, lr: float) -> torch.Tensor:
    """module(x) after one step of SGD on (module(x) * cotangent).sum(), if anything is trained."""
    x = x.clone().requires_grad_()
    (module(x) * cotangent).sum().backward()
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.grad is not None:
                parameter -= lr * parameter.grad
    result: torch.Tensor = module(x.detach())
    return result


def optimise_batches(
    model: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor, lr: float
) -> None:
    """One AdamW step on each of inputs, targets (steps, B, T); the model returns (logits, loss)."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    for x, y in zip(inputs, targets, strict=True):
        optimiser.zero_grad()
        model(x, y)[1].backward()
        optimiser.step()
