"""PCGrad: gradients of several tasks without their conflicts. Nothing to write here.

Yu et al., "Gradient Surgery for Multi-Task Learning" (2020), algorithm 1: where the gradient of
one task points against that of another, its part along that other is taken away.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def surgery(gradients: Sequence[Tensor], generator: torch.Generator) -> Tensor:
    """The mean of the tasks' gradients, (n,) each, after each has lost its conflicts.

    generator: draws the order in which a gradient meets the others.
    """
    repaired = []
    for own, gradient in enumerate(gradients):
        for other in torch.randperm(len(gradients), generator=generator).tolist():
            rival = gradients[other]
            product = torch.dot(gradient, rival)
            if other != own and product < 0:
                gradient = gradient - product / torch.dot(rival, rival) * rival
        repaired.append(gradient)
    return torch.stack(repaired).mean(dim=0)


def flat_gradient(parameters: Sequence[nn.Parameter]) -> Tensor:
    """All gradients in one vector, (n,); a parameter without one, of another task, has zeros."""
    own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    return torch.cat([gradient.flatten() for gradient in own])


def set_gradient(parameters: Sequence[nn.Parameter], gradient: Tensor) -> None:
    """The reverse of `flat_gradient`."""
    sizes = [parameter.numel() for parameter in parameters]
    for parameter, own in zip(parameters, gradient.split(sizes), strict=True):
        parameter.grad = own.view_as(parameter).clone()
