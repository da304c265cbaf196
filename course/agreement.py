"""Whether a faster way to a loss gives the values and gradients of the plain one.

Both are computed on a copy of the network with random weights, because many faults do not show at
the weights that a training begins with.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

TOLERANCE = 1e-3  # of a tensor's largest element; rounding makes up to 3e-5, a fault far more


def random_copy(net: nn.Module) -> nn.Module:
    """A float32 copy with random weights, small enough that rounding errors do not grow."""
    trial = copy.deepcopy(net).float().requires_grad_(True)
    for parameter in trial.parameters():
        inputs = parameter[0].numel() if parameter.dim() > 1 else 10
        parameter.data = torch.randn(parameter.shape).to(parameter.device) / inputs**0.5
    return trial


def agree(net: nn.Module, plain: Tensor, fast: Tensor) -> bool:
    """Whether two losses of a network, scalars, and their gradients are the same."""
    return all(map(_close, results(net, plain), results(net, fast)))


def results(net: nn.Module, loss: Tensor) -> list[Tensor]:
    """The loss and its gradient for each parameter, zeros if there is none."""
    parameters = list(net.parameters())
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    pairs = zip(gradients, parameters, strict=True)
    return [loss.detach(), *(torch.zeros_like(p) if g is None else g for g, p in pairs)]


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= TOLERANCE * a.abs().max())
