"""Cells of a grid trained side by side: the same mathematics as their models, in fewer products.

Cells that share a model, a block size, a width and a kind of encoding read the same batches, so
they go through the same operations at once, with a leading dimension G over cells. In addition:

1. Mixing positions and multiplying channels commute: W (M x) = M (W x). c_fc and lm_head read the
   mixed vectors, so each vector is multiplied by both at once, C -> F = H + V, before the mean is
   taken, and c_proj and lm_head become one (V, H) matrix. C drops out of the inner part. That pays
   if C is larger than NARROW; otherwise the C channels are mixed as they are.
2. That wide product is computed once per distinct vector, not at each place: V + T of them for an
   added encoding, W (e + p) = W e + W p; the U distinct pairs of character and position for rope
   (U is about 200 of N = 512 at T = 8, 1,650 of 4,096 at T = 64).
3. The loss of a bigram depends only on the counts of its pairs.

tests/assignments/a2/test_stacked.py checks that losses and trained weights equal those of the plain
models up to rounding. Letters: G cells, U pairs, N = B T places, C = n_embd, H = n_embd2. Places
are ordered by time, then row, (T, B), so the uniform mean is one (T, T) matrix product for all
rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NO_POSITIONS = ("bigram", "bigram_mf")
NARROW = 64  # up to this many channels, mixing them is cheaper than mixing the F outputs
ATTENTION = ("bow_v2", "bigram_v2")
# The parameters of each model, as their modules call them.
HEAD = ("lm_head.weight", "lm_head.bias")
NETWORK = ("block.c_fc.weight", "block.c_fc.bias", "block.c_proj.weight", "block.c_proj.bias")
NAMES = {
    "bigram": ("wte.weight",),
    "bigram_mf": ("wte.weight", *HEAD),
    "bigram_v2": ("wte.weight", *HEAD),
    "bow": ("wte.weight", *NETWORK, *HEAD),
    "bow_v2": ("wte.weight", *NETWORK, *HEAD),
}


@dataclass(frozen=True)
class Batch:
    """A batch in time order, and its pairs of character and position."""

    x: Tensor  # (T, B) characters
    targets: Tensor  # (N,)
    characters: Tensor  # (U,) the character of each pair
    places: Tensor  # (U,) its position
    inverse: Tensor  # (N,) the pair at each place

    @classmethod
    def of(cls, x: Tensor, y: Tensor, vocab_size: int) -> Batch:
        """x, y: (B, T) long."""
        x = x.T.contiguous()  # (T, B)
        pairs = torch.arange(x.size(0))[:, None] * vocab_size + x
        unique, inverse = torch.unique(pairs.flatten(), return_inverse=True)
        return cls(x, y.T.flatten(), unique % vocab_size, unique // vocab_size, inverse)


class Stack:
    """Cells that differ in learning rate, and in which encoding is added, as one computation.

    models: one plain module per cell, which gives its weights; all with rope, or none;
    learning_rates: one per cell.
    """

    def __init__(self, name: str, models: Sequence[nn.Module], learning_rates: Sequence[float]):
        self.name, self.size = name, len(models)
        states = [model.state_dict() for model in models]
        self.shapes = [states[0][key].shape for key in NAMES[name]]
        # One flat parameter per cell, so that torch's own optimizer can give each its own rate.
        self.flat = [
            nn.Parameter(torch.cat([state[key].flatten() for key in NAMES[name]]))
            for state in states
        ]
        self.optimizer = torch.optim.AdamW(
            [{"params": [p], "lr": lr} for p, lr in zip(self.flat, learning_rates, strict=True)],
            fused=True,
        )
        self.rope = name not in NO_POSITIONS and models[0].positions.pe_type == "rope"
        if name not in NO_POSITIONS:
            # The encoding's output for zeros and for pairs (1, 0) determines it completely.
            basis = torch.zeros(2, models[0].block_size, self.shapes[0][1])
            basis[1, :, 0::2] = 1.0
            encoded = torch.stack([model.positions(basis) for model in models]).detach()
            self.added, turned = encoded[:, 0], encoded[:, 1]  # (G, T, C) each
            self.cos, self.sin = (turned[0, :, k::2].repeat_interleave(2, dim=-1) for k in (0, 1))

    def parameters(self) -> list[Tensor]:
        """The weights as views (G, ...) of the flat ones, in the order of NAMES."""
        whole = torch.stack(self.flat)  # (G, P)
        pieces = whole.split([shape.numel() for shape in self.shapes], dim=1)
        return [p.view(self.size, *s) for p, s in zip(pieces, self.shapes, strict=True)]

    def losses(self, batch: Batch) -> Tensor:
        """The mean loss of each cell on the batch, (G,)."""
        weights = self.parameters()
        if self.name in NO_POSITIONS:
            return self._bigram_losses(weights, batch)
        logits = self._logits(weights, batch)  # (G, N, V)
        loss = F.cross_entropy(
            logits.flatten(0, 1), batch.targets.repeat(self.size), reduction="none"
        )
        return loss.view(self.size, -1).mean(dim=1)

    def step(self, batch: Batch) -> Tensor:
        """One step of every cell. Returns the losses before the step, (G,)."""
        self.optimizer.zero_grad()
        losses = self.losses(batch)
        losses.sum().backward()
        self.optimizer.step()
        return losses.detach()

    def write_to(self, models: Sequence[nn.Module]) -> None:
        """Copy the weights into the plain modules."""
        with torch.no_grad():
            pieces = self.parameters()
            for g, model in enumerate(models):
                own = dict(model.named_parameters())
                for key, piece in zip(NAMES[self.name], pieces, strict=True):
                    own[key].copy_(piece[g])

    def _bigram_losses(self, weights: list[Tensor], batch: Batch) -> Tensor:
        table = weights[0]  # (G, V, V)
        if self.name == "bigram_mf":
            table = torch.baddbmm(weights[2][:, None], weights[0], weights[1].mT)
        V = table.size(-1)
        pairs = torch.bincount(batch.x.flatten() * V + batch.targets, minlength=V * V)
        shares = pairs.view(V, V) / batch.targets.numel()
        return -(table.log_softmax(dim=-1) * shares).sum(dim=(1, 2))

    def _logits(self, weights: list[Tensor], batch: Batch) -> Tensor:
        wte, head, bias = weights[0], weights[-2], weights[-1]  # (G, V, C), (G, V, C), (G, V)
        read = head if self.name == "bigram_v2" else torch.cat((weights[1], head), dim=1)
        early = wte.size(-1) > NARROW
        x, values = self._vectors(wte, read if early else None, batch)
        mixed = self._mix(x, values, batch.x.size(0))  # (G, N, F), or (G, N, C) where not early
        mixed = mixed if early else mixed @ read.mT
        return mixed + bias[:, None] if self.name == "bigram_v2" else network(weights, mixed)

    def _vectors(
        self, wte: Tensor, read: Tensor | None, batch: Batch
    ) -> tuple[Tensor | None, Tensor]:
        """The vectors at each place (None if not needed), and their products with `read`."""
        T, characters = batch.x.size(0), batch.x.flatten()
        wanted = read is None or self.name in ATTENTION
        if self.rope:
            pairs = self._turned(Take.apply(wte, batch.characters), batch.places)  # (G, U, C)
            x = Take.apply(pairs, batch.inverse) if wanted else None
            return x, x if read is None else Take.apply(pairs @ read.mT, batch.inverse)
        x = add_by_time(Take.apply(wte, characters), self.added, T) if wanted else None
        if read is None:
            return x, x
        return x, add_by_time(Take.apply(wte @ read.mT, characters), self.added @ read.mT, T)

    def _mix(self, x: Tensor | None, values: Tensor, T: int) -> Tensor:
        """The block's bag of words, with its residual: (G, N, F) -> (G, N, F)."""
        if self.name in ATTENTION:
            rows = by_row(values, T)
            keys = rows if x is values else by_row(x, T)
            return by_time(SelfAttention.apply(keys, rows, self.name == "bow_v2"))
        mixing = torch.ones(T, T).tril() / torch.arange(1, T + 1)[:, None] + torch.eye(T)
        return (mixing @ values.view(len(values), T, -1)).view(values.shape)

    def _turned(self, x: Tensor, places: Tensor) -> Tensor:
        """rope: pairs of channels turned by the angles of their places. (G, U, C), (U,)."""
        a, b = x[..., 0::2], x[..., 1::2]
        across = torch.stack((-b, a), dim=-1).flatten(-2)
        return x * self.cos.index_select(0, places) + across * self.sin.index_select(0, places)


def network(weights: list[Tensor], mixed: Tensor) -> Tensor:
    """lm_head(h + c_proj(tanh(c_fc(h)))), where mixed (G, N, H + V) holds c_fc(h), lm_head(h)."""
    _, _, fc_bias, proj, proj_bias, head, bias = weights
    inner, outer = mixed.split([fc_bias.size(1), bias.size(1)], dim=-1)
    hidden = torch.tanh(inner + fc_bias[:, None])
    constant = bias + (head @ proj_bias[..., None]).squeeze(-1)  # (G, V)
    return outer + torch.baddbmm(constant[:, None], hidden, (head @ proj).mT)


def add_by_time(values: Tensor, positions: Tensor, T: int) -> Tensor:
    """(G, N, F) + (G, T, F): adds each position's row at its places."""
    return (values.unflatten(1, (T, -1)) + positions[:, :, None]).flatten(1, 2)


def by_row(values: Tensor, T: int) -> Tensor:
    """(G, N, F) in time order -> (G, B, T, F)."""
    return values.unflatten(1, (T, -1)).transpose(1, 2).contiguous()


def by_time(values: Tensor) -> Tensor:
    """(G, B, T, F) -> (G, N, F) in time order."""
    return values.transpose(1, 2).flatten(1, 2)


class Take(torch.autograd.Function):
    """rows[:, index]: (G, U, F), (N,) -> (G, N, F); its gradient is summed cell by cell.

    index_add_ has a fast path for dimension 0 only, and autograd's own gradient does not use it.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        ctx.rows = rows.size(1)
        return rows.index_select(1, index)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors
        summed = gradient.new_zeros(gradient.size(0), ctx.rows, gradient.size(2))
        for cell, own in zip(summed, gradient, strict=True):
            cell.index_add_(0, index, own)
        return summed, None


class SelfAttention(torch.autograd.Function):
    """softmax(x x^T / sqrt(C), causal) values, plus values if `residual`.

    (..., T, C), (..., T, F) -> (..., T, F). Queries and keys are one tensor, so their two
    gradients are one product: (S + S^T) x.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, residual: bool) -> Tensor:
        T, C = x.shape[-2:]
        ctx.scale, ctx.residual = 1 / math.sqrt(C), residual
        later = torch.full((T, T), -torch.inf).triu(1)
        weights = torch.add(later, x @ x.mT, alpha=ctx.scale).softmax(dim=-1)
        ctx.save_for_backward(x, values, weights)
        mixed = weights @ values
        return mixed.add_(values) if residual else mixed

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        x, values, weights = ctx.saved_tensors
        inner = gradient @ values.mT
        scores = torch._softmax_backward_data(inner, weights, -1, weights.dtype)
        to_values = weights.mT @ gradient
        if ctx.residual:
            to_values.add_(gradient)
        return ((scores + scores.mT) @ x).mul_(ctx.scale), to_values, None


@torch.no_grad()
def evaluate(stack: Stack, batches: Iterable[Batch]) -> Tensor:
    """The mean loss of each cell over the batches, (G,)."""
    return torch.stack([stack.losses(batch) for batch in batches]).double().mean(dim=0)
