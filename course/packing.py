"""What fast paths that skip padding share: rows grouped by length, padded and back, and dropout.

The real tokens of a batch lie one after another in a matrix (N, C), longest row first. Layers that
work on each token separately need no change; attention pads groups of rows of similar length.

Letters in the shapes: N real tokens; R rows in a group and T the longest of them; C channels, nh
heads, hs = C // nh.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIMILAR = 0.75  # a group's shortest row has at least this share of its longest


class Group(Protocol):
    """Rows of similar length. `pad` and `unpad` are indices, see `places`."""

    @property
    def first(self) -> int:
        """The rows' first token among the N."""

    @property
    def last(self) -> int:
        """One past their last."""

    @property
    def rows(self) -> int: ...

    @property
    def longest(self) -> int: ...

    @property
    def pad(self) -> Tensor: ...

    @property
    def unpad(self) -> Tensor: ...


def cut(lengths: list[int]) -> list[tuple[int, int]]:
    """(first row, one past the last) of each group of similar lengths. Longest row first."""
    starts = [0]
    for row, length in enumerate(lengths):
        if length < SIMILAR * lengths[starts[-1]]:
            starts.append(row)
    return list(pairwise([*starts, len(lengths)]))


def places(real: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    """A group's `pad` and `unpad`. real: (R, T) bool, False at padding.

    pad: (R * nh * T,) index into tokens * nh of the source of each padded place. unpad:
    (tokens * nh,) index into R * nh * T of each real place.
    """
    rows, longest = real.shape
    place = torch.zeros(rows, longest, dtype=torch.long)
    place[real] = torch.arange(int(real.sum()))
    pad = place[:, None, :] * heads + torch.arange(heads)[:, None]  # (R, nh, T)
    padded = torch.arange(rows * heads * longest).view(rows, heads, longest)
    unpad = padded.transpose(1, 2)[real]  # (tokens, nh)
    return pad.flatten(), unpad.flatten()


def fill(x: Tensor, group: Group, heads: int) -> Tensor:
    """(N, C) -> (R * nh, T, hs): a group's rows, padded with arbitrary tokens."""
    rows = x[group.first : group.last].reshape(-1, x.size(1) // heads)
    return rows.index_select(0, group.pad).view(group.rows * heads, group.longest, -1)


def empty(padded: Tensor, group: Group, out: Tensor) -> None:
    """(R * nh, T, hs) -> the group's part of out (N, C): the inverse of `fill`."""
    part = out[group.first : group.last].view(-1, padded.size(-1))
    torch.index_select(padded.view(-1, padded.size(-1)), 0, group.unpad, out=part)


def softmax(scores: Tensor) -> Tensor:
    """Over the last dimension, in the dtype of the scores, also where autocast has another opinion.

    On CUDA it would return float32, which a backward pass, run without it, cannot multiply with.
    """
    return F.softmax(scores, dim=-1, dtype=scores.dtype)


def drop(x: Tensor, dropout: nn.Dropout) -> Tensor:
    """What `dropout` does, from cheaper random numbers."""
    p = dropout.p if dropout.training else 0.0
    keep = keep_mask(x, p)
    return x if keep is None else x * keep.mul_(raised(p))


def add_dropped(x: Tensor, y: Tensor, dropout: nn.Dropout) -> Tensor:
    """x + dropout(y)."""
    p = dropout.p if dropout.training else 0.0
    keep = keep_mask(y, p)
    return x + y if keep is None else torch.addcmul(x, y, keep, value=raised(p))


def raised(p: float) -> float:
    """The factor of what dropout keeps. With p 1 nothing is kept."""
    return 1 / (1 - p) if p < 1 else 0.0


def keep_mask(like: Tensor, p: float) -> Tensor | None:
    """1 where dropout keeps an element, else 0, in the shape and dtype of `like`; None for p 0.

    The caller multiplies the kept elements by `raised(p)`. Sixteen random bits decide each element,
    four elements from one draw: bernoulli_ draws a number per element, which takes a quarter of a
    plain step on a CPU (docs/performance.md). So p is rounded to a multiple of 2^-16.
    """
    if not p:
        return None
    if p == 1:
        return torch.zeros_like(like)
    if like.device.type != "cpu":
        return torch.empty_like(like).bernoulli_(1 - p)
    draws = np.random.SFC64(int(torch.randint(2**62, ()))).random_raw(-(-like.numel() // 4))
    bits = torch.from_numpy(draws.view(np.int16))[: like.numel()].view(like.shape)
    return torch.ge(bits, round(p * 2**16) - 2**15, out=torch.empty_like(like))
