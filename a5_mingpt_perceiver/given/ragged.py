"""Batches without PADs: rows of different lengths end to end, and attention over them. Given code.

A batch of span corruption is more than half PADs, and a plain model computes them all. Here its
rows lie one after another in one long matrix (N, C), with N real characters. Layers that work on
each position separately (linear, norm, dropout) need no change; attention must know where a row
begins, and pads groups of rows of similar length.

Letters in the shapes: N real characters, R rows in a group, T the longest of them; C, nh, hs as in
`attention.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional as F

from course.packing import empty, fill, keep_mask, places, raised, softmax

# oneDNN compiles, and keeps, a program for each new matrix size, so sizes are rounded up: N, a
# group's longest row, and its number of rows.
ROUND, ROUND_LONGEST, ROUND_ROWS = 64, 8, 4


Cuts = list[tuple[int, int]]  # (first row, one past the last) of each group


@dataclass(frozen=True)
class Packed:
    """A batch without its PADs, longest row first."""

    idx: Tensor  # (N,) long, the characters, and a few PADs that belong to no row
    positions: Tensor  # (N,) long, each one's place in its row
    targets: Tensor  # (N,) long, 0 where there is nothing to guess
    lengths: list[int]  # of the rows


@dataclass(frozen=True)
class Group:
    """Rows of similar length. `pad` and `unpad` are the indices with which rows are padded."""

    first: int  # the rows' first character among the N
    last: int  # one past their last
    rows: int  # real rows, then some that are only padding
    longest: int
    pad: Tensor  # (R * nh * T,) index into characters * nh of the source of each padded place
    unpad: Tensor  # (characters * nh,) index into R * nh * T of each real place
    real: Tensor  # (R, 1, T, 1) bool, False where a place is padding

    def to(self, device: torch.device) -> Group:
        tensors = {name: getattr(self, name).to(device) for name in ("pad", "unpad", "real")}
        return replace(self, **tensors)


def pack(x: Tensor, y: Tensor) -> Packed:
    """Drop what cannot affect the loss: everything after a row's last target. x, y: (B, T)."""
    counts = torch.arange(1, y.size(1) + 1) * (y != 0)
    lengths, order = counts.amax(dim=1).sort(descending=True, stable=True)
    keep = torch.arange(int(lengths[0])) < lengths[:, None]  # (B, longest)
    width = keep.size(1)
    positions = torch.arange(width).expand(x.size(0), width)[keep]
    lengths = [length for length in lengths.tolist() if length]
    rest = (0, rounded(len(positions), ROUND) - len(positions))
    columns = (x[order, :width][keep], positions, y[order, :width][keep])
    return Packed(*(F.pad(column, rest) for column in columns), lengths)


def lay_out(
    lengths: list[int], cuts: Cuts, longest: int, n_head: int, device: torch.device
) -> list[Group]:
    """The groups' places in a packed matrix whose rows have these lengths, at most `longest`."""
    offsets = [0, *accumulate(lengths)]
    groups = (_group(offsets[a], torch.tensor(lengths[a:b]), n_head, longest) for a, b in cuts)
    return [group.to(device) for group in groups]


def _group(first: int, lengths: Tensor, n_head: int, longest: int) -> Group:
    characters = int(lengths.sum())
    longest = min(longest, rounded(int(lengths.max()), ROUND_LONGEST))
    rows = rounded(len(lengths), ROUND_ROWS)
    lengths = F.pad(lengths, (0, rows - len(lengths)))
    real = torch.arange(longest) < lengths[:, None]  # (R, T)
    pad, unpad = places(real, n_head)
    real = real.view(rows, 1, longest, 1)
    return Group(first, first + characters, rows, longest, pad, unpad, real)


class RaggedAttention(torch.autograd.Function):
    """softmax(q k^T / sqrt(hs)) v with the causal mask, separately for each row of a packed batch.

    Constant factors go into the small matrices: 1 / sqrt(hs) into q, dropout's 1 / (1 - p) into v.
    """

    @staticmethod
    def forward(ctx, q, k, v, n_head, dropout, q_groups, k_groups):
        """q: (Nq, C); k, v: (Nk, C), of one dtype. Returns (Nq, C)."""
        ctx.n_head, ctx.groups, ctx.kept = n_head, list(zip(q_groups, k_groups, strict=True)), []
        ctx.scale, ctx.raised = 1 / math.sqrt(q.size(1) // n_head), raised(dropout)
        ctx.shapes = q.shape, k.shape
        q, v = q * ctx.scale, v * ctx.raised
        out = torch.zeros_like(q)  # places that belong to no row stay 0
        for gq, gk in ctx.groups:
            qs, ks, vs = fill(q, gq, n_head), fill(k, gk, n_head), fill(v, gk, n_head)
            scores = torch.bmm(qs, ks.transpose(1, 2))  # (R * nh, Tq, Tk)
            weights = softmax(scores.add_(causal(gq.longest, gk.longest, scores)))
            keep = keep_mask(weights, dropout)
            dropped = weights if keep is None else weights * keep
            empty(torch.bmm(dropped, vs), gq, out)
            ctx.kept.append((qs, ks, vs, weights, keep, dropped))
        return out

    @staticmethod
    def backward(ctx, grad):
        dq, dk, dv = (grad.new_zeros(shape) for shape in (*ctx.shapes, ctx.shapes[1]))
        for saved, (gq, gk) in zip(ctx.kept, ctx.groups, strict=True):
            qs, ks, vs, weights, keep, dropped = saved
            above = fill(grad, gq, ctx.n_head)  # (R * nh, Tq, hs)
            above.view(gq.rows, ctx.n_head, gq.longest, -1).mul_(gq.real)
            empty(torch.bmm(dropped.transpose(1, 2), above), gk, dv)
            d_weights = torch.bmm(above, vs.transpose(1, 2))
            d_weights = d_weights if keep is None else d_weights.mul_(keep)
            d_scores = torch._softmax_backward_data(d_weights, weights, -1, weights.dtype)
            empty(torch.bmm(d_scores, ks), gq, dq)
            empty(torch.bmm(d_scores.transpose(1, 2), qs), gk, dk)
        ctx.kept = None
        return dq.mul_(ctx.scale), dk, dv.mul_(ctx.raised), None, None, None, None


def causal(queries: int, keys: int, like: Tensor) -> Tensor:
    """(queries, keys), -inf where a query must not see a key."""
    return torch.full((queries, keys), -torch.inf, dtype=like.dtype, device=like.device).triu_(1)


def rounded(number: int, multiple: int) -> int:
    """`number` rounded up to a multiple."""
    return -(-number // multiple) * multiple
