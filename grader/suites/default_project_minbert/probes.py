"""Probes of this suite: gradients of cubes, steps of an optimizer, short trainings.

Runs next to student code and holds no answer; see probes.py in boundary/inside.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


def cubed_gradients(
    module: nn.Module, inputs: list[Any], method: str = "forward"
) -> dict[str, torch.Tensor | None]:
    """{parameter's name: gradient of the sum of the result's cubes, None if it gets none}.

    The plain sum of what a layer norm returns is a constant, and so is that of its squares.
    """
    module.zero_grad()
    (getattr(module, method)(*inputs) ** 3).sum().backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def steps(
    make: Callable[..., Any],
    start: list[torch.Tensor],
    gradients: list[list[torch.Tensor | None]],
    groups: list[dict[str, Any]],
    restart: int | None = None,
    rates: list[float] | None = None,
) -> list[list[torch.Tensor]]:
    """The parameters after each step of the optimizer that `make` builds.

    start: the parameters at first. gradients: of each step, one per parameter. groups: options
    of each group, whose "params" are places in `start`. restart: the step before which a new
    optimizer takes the place of the old one, with its saved state. rates: of each step, the lr of
    all groups.
    """
    parameters = [nn.Parameter(x.clone()) for x in start]

    def fresh() -> Any:
        return make(
            [{**group, "params": [parameters[i] for i in group["params"]]} for group in groups]
        )

    optimizer, path = fresh(), []
    for number, row in enumerate(gradients):
        if number == restart:
            optimizer = _reloaded(optimizer, fresh())
        if rates is not None:
            for group in optimizer.param_groups:
                group["lr"] = rates[number]
        for parameter, gradient in zip(parameters, row, strict=True):
            parameter.grad = None if gradient is None else gradient.clone()
        optimizer.step()
        path.append([parameter.detach().clone() for parameter in parameters])
    return path


def _reloaded(old: Any, new: Any) -> Any:
    """`new` with the state of `old`, by way of a file."""
    file = io.BytesIO()
    torch.save(old.state_dict(), file)
    file.seek(0)
    new.load_state_dict(torch.load(file, weights_only=True))
    return new


def after_one_step(
    make: Callable[..., Any], start: torch.Tensor, gradient: torch.Tensor, options: dict[str, Any]
) -> dict[str, Any]:
    """What one step leaves: the parameter, its gradient, what a closure returned."""
    parameter = nn.Parameter(start.clone())
    optimizer = make([parameter], **options)

    def closure() -> float:
        parameter.grad = gradient.clone()
        return 1.5

    loss = optimizer.step(closure)
    return {
        "value": parameter.detach().clone(),
        "gradient": parameter.grad,
        "leaf": parameter.is_leaf and parameter.requires_grad,
        "loss": loss,
    }


def parameter_shapes(module: nn.Module) -> dict[str, list[int]]:
    """{parameter's name: its shape}."""
    return {name: list(parameter.shape) for name, parameter in module.named_parameters()}


def shake(module: nn.Module, seed: int, scale: float) -> None:
    """Makes every parameter random: normal, of this deviation, a layer norm's gain around 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = scale * torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + noise if name.endswith("norm.weight") else noise)


def gradient_step(module: nn.Module, inputs: list[Any], lr: float) -> None:
    """One step of plain gradient descent on the sum of the result's squares."""
    optimizer = torch.optim.SGD(module.parameters(), lr=lr)
    (module(*inputs) ** 2).sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def reached(module: nn.Module, method: str, inputs: list[Any]) -> list[str]:
    """The names of the parameters that a prediction's gradient reaches."""
    module.zero_grad()
    (getattr(module, method)(*inputs) ** 2).sum().backward()
    moved = ((name, parameter.grad) for name, parameter in module.named_parameters())
    return [name for name, gradient in moved if gradient is not None and bool(gradient.any())]


def reached_words(module: nn.Module, method: str, inputs: list[Any]) -> list[int]:
    """The ids of the words whose embeddings a prediction's gradient reaches."""
    module.zero_grad()
    (getattr(module, method)(*inputs) ** 2).sum().backward()
    gradient: torch.Tensor | None = module.bert.word_embedding.weight.grad  # type: ignore
    return [] if gradient is None else gradient.any(dim=1).nonzero().flatten().tolist()


def trainable(module: nn.Module) -> list[str]:
    """The names of the parameters that are to be trained."""
    return [name for name, parameter in module.named_parameters() if parameter.requires_grad]


def twice_with_generator(function: Any, seed: int, arguments: list[Any]) -> list[Any]:
    """Two calls of function(..., generator=g), one after the other, with one g."""
    generator = torch.Generator().manual_seed(seed)
    return [function(*arguments, generator=generator) for _ in range(2)]


def copied(old: nn.Module, new: nn.Module) -> nn.Module:
    """`new` with the saved state of `old`, by way of a file; in evaluation mode."""
    file = io.BytesIO()
    torch.save(old.state_dict(), file)
    file.seek(0)
    new.load_state_dict(torch.load(file, weights_only=True))
    return new.eval()


def take(function: Any, loaders: dict[str, Any], steps: int) -> list[Any]:
    """What function(loaders, steps) yields, at most one more than `steps`."""
    return list(itertools.islice(function(loaders, steps), steps + 1))


class Epochs:
    """A loader whose batches are other ones each time it is iterated: (epoch, place)."""

    def __init__(self, count: int) -> None:
        self.count, self.epoch = count, 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        self.epoch += 1
        epoch = self.epoch
        return ((epoch, place) for place in range(self.count))


def take_epochs(function: Any, lengths: dict[str, int], steps: int) -> list[Any]:
    """`take` of loaders with these numbers of batches, whose epochs differ."""
    return take(function, {name: Epochs(count) for name, count in lengths.items()}, steps)


LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "classes": F.cross_entropy,
    "yes or no": lambda x, y: F.binary_cross_entropy_with_logits(x.flatten(), y),
    # Up to a constant, which a head without a bias, such as a scaled cosine, could not learn.
    "number": lambda x, y: F.mse_loss(x.flatten() - x.mean(), y - y.mean()),
}


def train(
    module: nn.Module,
    tasks: list[tuple[str, str, list[torch.Tensor]]],
    epochs: int,
    size: int,
    lr: float,
) -> None:
    """Trains in place, by AdamW, on the sum of the tasks' losses.

    tasks: of each the method that predicts, the kind of loss, and the inputs followed by the
    labels, all of one length. size: of a batch. The rate rises for a tenth and falls linearly.
    """
    optimizer = torch.optim.AdamW(module.parameters(), lr=lr, weight_decay=0.0)
    count = len(tasks[0][2][-1])
    total, number = epochs * -(-count // size), 0
    module.train()
    for _ in range(epochs):
        for places in torch.randperm(count).split(size):
            number += 1
            optimizer.param_groups[0]["lr"] = lr * min(10 * number / total, 1.1 - number / total)
            optimizer.zero_grad()
            for method, kind, (*inputs, labels) in tasks:
                result = getattr(module, method)(*(each[places] for each in inputs))
                LOSSES[kind](result, labels[places]).backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
    module.eval()
