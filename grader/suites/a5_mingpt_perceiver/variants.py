"""The perceiver's right variants, computed with the modules of the reference.

The published texts of the assignment agree on ln1 and differ on where to apply it: to the input, to
the basis ("use the layernorm layers on C"), or to both; in the up block to the bottleneck, and
sometimes to the queries too; each without a residual around the cross-attention, or with one, of
the queries before or after ln1. Every test of the perceiver accepts all of these, from this one
list.

Letters in the shapes: B batch, T time, C channels, V vocabulary, m places of the bottleneck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


class Residual(Enum):
    """What is added to what the cross-attention returns."""

    NONE = "nothing"
    QUERIES = "the queries as they came"
    NORMED = "the queries after ln1"

    def add(self, y: Tensor, queries: Tensor, normed: Tensor) -> Tensor:
        """The sum; y has the queries' shape, but for a batch of 1."""
        if self is Residual.NONE:
            return y
        return y + (queries if self is Residual.QUERIES else normed)


@dataclass(frozen=True)
class Down:
    """How a down block reads the input: ln1 on at least one of its two arguments."""

    norm_basis: bool
    norm_input: bool
    residual: Residual

    def __call__(self, block: Any, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, m, C)."""
        normed = block.ln1(block.C)
        queries = normed if self.norm_basis else block.C
        y: Tensor = block.attn(block.ln1(x) if self.norm_input else x, queries)
        y = self.residual.add(y, block.C, normed)
        change: Tensor = block.mlp(block.ln2(y))
        return y + change


@dataclass(frozen=True)
class Up:
    """How an up block reads the bottleneck; ln1 is always applied to the bottleneck."""

    norm_input: bool
    residual: Residual

    def __call__(self, block: Any, y: Tensor, x: Tensor) -> Tensor:
        """(B, m, C), (B, T, C) -> (B, T, C)."""
        normed = block.ln1(x)
        z: Tensor = block.attn(block.ln1(y), normed if self.norm_input else x)
        z = self.residual.add(z, x, normed)
        change: Tensor = block.mlp(block.ln2(z))
        return z + change


def _residuals(norm_queries: bool) -> list[Residual]:
    """The possible residuals: ln1's output is added only if it is the queries."""
    return [each for each in Residual if norm_queries or each is not Residual.NORMED]


_LN1 = ((False, True), (True, False), (True, True))  # on the basis, on the input
DOWN = [Down(*each, residual) for each in _LN1 for residual in _residuals(each[0])]
UP = [Up(each, residual) for each in (False, True) for residual in _residuals(each)]


def logits(
    model: Any, idx: Tensor, downs: Sequence[Down] = DOWN, ups: Sequence[Up] = UP
) -> list[Tensor]:
    """The logits (B, T, V) of each variant of a perceiver GPT without dropout."""
    x = model.tok_emb(idx) + model.pos_emb[:, : idx.size(1)]
    inner = [model.blocks(down(model.down_block, x)) for down in downs]
    return [model.head(model.ln_f(up(model.up_block, y, x))) for y in inner for up in ups]


def trained(model: Any, x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
    """idx (B, T) -> logits (B, T, V) as the right variant that a model was trained as.

    That is the one with the smallest loss on (x, y).
    """
    with torch.no_grad():
        losses = [float(_loss(each, y)) for each in logits(model, x)]
    down, up = divmod(losses.index(min(losses)), len(UP))
    return lambda idx: logits(model, idx, DOWN[down : down + 1], UP[up : up + 1])[0]


def _loss(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0)


def gradients(model: Any, idx: Tensor, targets: Tensor) -> Iterator[dict[str, Tensor]]:
    """{name: gradient of the loss} of each right variant."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    for each in logits(model, idx):
        values = torch.autograd.grad(_loss(each, targets), parameters, retain_graph=True)
        yield dict(zip(names, values, strict=True))
