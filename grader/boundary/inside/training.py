"""Training steps next to student code: a few of SGD or AdamW, and the short training of a GPT.

All functions without an underscore are probes. What was learned is judged outside, by values.
"""

from __future__ import annotations

import math
from typing import Any

import torch


def optimise(model: torch.nn.Module, inputs: list[Any], steps: int, lr: float) -> list[float]:
    """The losses of `steps` AdamW steps on one batch; the model returns (logits, loss)."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = model(*inputs)[1]
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def optimise_batches(
    model: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor, lr: float
) -> None:
    """One AdamW step on each of inputs, targets (steps, B, T); the model returns (logits, loss)."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    for x, y in zip(inputs, targets, strict=True):
        optimiser.zero_grad()
        model(x, y)[1].backward()
        optimiser.step()


def sgd_step(
    model: torch.nn.Module, inputs: list[Any], lr: float, output: int | None = None
) -> None:
    """One step of plain gradient descent on the output's sum; `output` picks one of a tuple."""
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    result = model(*inputs)
    (result if output is None else result[output]).sum().backward()
    optimiser.step()
    optimiser.zero_grad()


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


def pairs(x: torch.Tensor, y: torch.Tensor) -> torch.utils.data.Dataset[tuple[torch.Tensor, ...]]:
    """A dataset of the rows of x and y: item i is (x[i], y[i])."""
    return torch.utils.data.TensorDataset(x, y)


def train(model: torch.nn.Module, data: Any, epochs: int, batch_size: int, lr: float) -> None:
    """Trains a GPT on data[i] = (x, y), each (T,) long, PADs (0) after what is to be guessed.

    Its inner Linear layers learn by Muon and the rest by AdamW, at half the rate; the rate rises
    for ten steps and falls on a cosine. The columns after a batch's last target are not computed:
    what comes later is nothing to a causal model.
    """
    optimisers = _optimisers(model, lr)
    steps, step = epochs * math.ceil(len(data) / batch_size), 0
    model.train()
    for _ in range(epochs):
        for indices in torch.randperm(len(data)).split(batch_size):
            columns = zip(*(data[index] for index in indices.tolist()), strict=True)
            x, y = (torch.stack(list(column)) for column in columns)
            step += 1
            if not bool((y != 0).any()):
                continue
            width = int((y != 0).any(0).nonzero().max()) + 1
            model(x[:, :width].contiguous(), y[:, :width].contiguous())[1].backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            falling = max(0.05, 0.5 * (1 + math.cos(math.pi * (step - 1) / steps)))
            for optimiser in optimisers:
                optimiser.step_at(min(1.0, step / 10, falling))
            model.zero_grad()


def _optimisers(model: torch.nn.Module, lr: float) -> list[Any]:
    head = getattr(model, "head", None)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head]
    inner = [layer.weight for layer in layers]
    known = {id(parameter) for parameter in inner}
    return [_Muon(inner, lr), _AdamW([p for p in model.parameters() if id(p) not in known], lr / 2)]


class _AdamW:
    """torch's AdamW, with the rate given at each step."""

    def __init__(self, parameters: list[torch.nn.Parameter], lr: float) -> None:
        self.lr = lr
        self.inner = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.95), weight_decay=0.0)

    def step_at(self, share: float) -> None:
        """One step at this share of the learning rate."""
        for group in self.inner.param_groups:
            group["lr"] = share * self.lr
        self.inner.step()


class _Muon:
    """Muon (Jordan et al., 2024), the step scaled as in Liu et al. (2025).

    torch.optim.Muon does the same in bfloat16 and matrix by matrix, which takes several times as
    long on a processor without units for it; here matrices of one shape are done together.
    """

    def __init__(self, parameters: list[torch.Tensor], lr: float) -> None:
        by_shape: dict[torch.Size, list[torch.Tensor]] = {}
        for parameter in parameters:
            by_shape.setdefault(parameter.shape, []).append(parameter)
        self.lr, self.groups = lr, list(by_shape.values())
        self.momenta = [torch.zeros(len(group), *group[0].shape) for group in self.groups]

    @torch.no_grad()
    def step_at(self, share: float) -> None:
        """One step at this share of the learning rate."""
        for group, momentum in zip(self.groups, self.momenta, strict=True):
            zeros = torch.zeros(group[0].shape)
            gradient = torch.stack([zeros if p.grad is None else p.grad for p in group])
            momentum.lerp_(gradient, 0.05)
            update = _orthogonal(gradient.lerp(momentum, 0.95))
            rate = share * self.lr
            for parameter, change in zip(group, update, strict=True):
                parameter.mul_(1 - 0.1 * rate)
                parameter.sub_(change, alpha=0.2 * rate * max(change.shape) ** 0.5)


def _orthogonal(x: torch.Tensor) -> torch.Tensor:
    """(n, rows, columns) -> nearly the nearest matrices of orthogonal rows or columns."""
    tall = x.size(1) > x.size(2)
    x = x.mT if tall else x
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(5):  # Newton and Schulz's iteration, with Muon's coefficients
        square = x @ x.mT
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x
