"""The perceiver's right variants, computed with the modules of the reference.

The published texts of the assignment agree on ln1 and differ on where it stands: on the input, on
the basis ("use the layernorm layers on C"), or on both; in the up block on the bottleneck, and at
times on the queries too; each with or without a residual around the cross-attention. Every test of
the perceiver accepts all of these, by this one list.

Letters in the shapes: B batch, T time, C channels, V vocabulary, m places of the bottleneck.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Down:
    """How a down block reads the input: ln1 on at least one of its two arguments."""

    norm_basis: bool
    norm_input: bool
    residual: bool

    def __call__(self, block: nn.Module, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, m, C)."""
        queries = block.ln1(block.C) if self.norm_basis else block.C
        y = block.attn(block.ln1(x) if self.norm_input else x, queries)
        y = y + block.C if self.residual else y
        return y + block.mlp(block.ln2(y))


@dataclass(frozen=True)
class Up:
    """How an up block reads the bottleneck; ln1 always stands on the bottleneck."""

    norm_input: bool
    residual: bool

    def __call__(self, block: nn.Module, y: Tensor, x: Tensor) -> Tensor:
        """(B, m, C), (B, T, C) -> (B, T, C)."""
        z = block.attn(block.ln1(y), block.ln1(x) if self.norm_input else x)
        z = z + x if self.residual else z
        return z + block.mlp(block.ln2(z))


_BOTH = (False, True)
DOWN = [Down(*each) for each in itertools.product(_BOTH, _BOTH, _BOTH) if any(each[:2])]
UP = [Up(*each) for each in itertools.product(_BOTH, _BOTH)]


def forwards(model: nn.Module) -> list[Callable[[Tensor], Tensor]]:
    """idx (B, T) -> logits (B, T, V) by each right variant of a perceiver GPT without dropout."""

    def forward(down: Down, up: Up, idx: Tensor) -> Tensor:
        x = model.tok_emb(idx) + model.pos_emb[:, : idx.size(1)]
        z = up(model.up_block, model.blocks(down(model.down_block, x)), x)
        return model.head(model.ln_f(z))

    return [functools.partial(forward, *each) for each in itertools.product(DOWN, UP)]


def logits(model: nn.Module, idx: Tensor) -> list[Tensor]:
    """The logits (B, T, V) of each right variant."""
    return [forward(idx) for forward in forwards(model)]


def trained(model: nn.Module, x: Tensor, y: Tensor) -> Callable[[Tensor], Tensor]:
    """The right variant that a model was trained as: the one whose loss on (x, y) is smallest."""
    with torch.no_grad():
        return min(forwards(model), key=lambda forward: _loss(forward(x), y))


def _loss(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0)


def gradients(model: nn.Module, idx: Tensor, targets: Tensor) -> Iterator[dict[str, Tensor]]:
    """{name: gradient of the loss} of each right variant."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    for each in logits(model, idx):
        found = torch.autograd.grad(_loss(each, targets), parameters, retain_graph=True)
        yield dict(zip(names, found, strict=True))
