"""Random inputs of hidden tests, from the `generator` fixture."""

from __future__ import annotations

import torch
from torch import Tensor


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Normally distributed numbers of `shape`."""
    return torch.randn(shape, generator=generator)


def indices(generator: torch.Generator, size: int, *shape: int, first: int = 0) -> Tensor:
    """Random indices of `shape`, long, from `first` to below `size`."""
    return torch.randint(first, size, shape, generator=generator)
