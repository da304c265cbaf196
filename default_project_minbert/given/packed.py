"""Batches of real tokens only: where each token lies, and attention among them.

A padded batch of random sentences is about half padding, and a plain model computes it all. Here
the real tokens lie one after another in a matrix (N, H), longest sentence first. Layers that work
on each token separately (linear, norm, dropout) need no change; attention pads groups of sentences
of similar length. Given code: there is nothing to write here.

Letters in the shapes: N real tokens; R sentences in a group and T the longest of them; H, nh, hs as
in `bert.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from course.packing import cut, empty, fill, keep_mask, places, raised, softmax


@dataclass(frozen=True)
class Group:
    """Sentences of similar length. `pad` and `unpad` are indices."""

    first: int  # the sentences' first token among the N
    last: int  # one past their last
    rows: int
    longest: int
    pad: Tensor  # (R * nh * T,) index into tokens * nh of the source of each padded place
    unpad: Tensor  # (tokens * nh,) index into R * nh * T of each real place
    mask: Tensor | None  # (R * nh, 1, T), -inf at padding, or None if there is none


@dataclass(frozen=True)
class Layout:
    """Where the real tokens of a padded batch (b, T) lie. In it, sentences are longest first.

    tokens: (N,) index into b * T of the batch. positions: (N,) each token's column there. order:
    (b,) the batch's sentences. starts: (b,) index into N of each sentence's first token. places:
    (N,) index into b * T of sorted sentences. padding: (b, T) of sorted ones, True at padding.
    """

    tokens: Tensor
    positions: Tensor
    order: Tensor
    starts: Tensor
    places: Tensor
    padding: Tensor
    groups: list[Group]

    def padded(self, x: Tensor) -> Tensor:
        """(N, H) -> (b, T, H), sentences sorted, 0 at padding."""
        b, T = self.padding.shape
        return x.new_zeros(b * T, x.size(1)).index_copy(0, self.places, x).view(b, T, -1)


def lay_out(attention_mask: Tensor, heads: int) -> Layout:
    """attention_mask: (b, T), not 0 at real tokens, of which every sentence has one at least."""
    device = attention_mask.device
    real = (attention_mask != 0).cpu()
    counts, order = real.sum(dim=1).sort(descending=True, stable=True)
    real = real[order]
    rows, positions = real.nonzero(as_tuple=True)
    starts = F.pad(counts.cumsum(0), (1, 0))
    groups = [_group(int(starts[a]), counts[a:b], heads, device) for a, b in cut(counts.tolist())]
    tokens, places = (each * real.size(1) + positions for each in (order[rows], rows))
    tensors = (tokens, positions, order, starts[:-1], places, ~real)
    return Layout(*(tensor.to(device) for tensor in tensors), groups)


def _group(first: int, counts: Tensor, heads: int, device: torch.device) -> Group:
    rows, longest, tokens = len(counts), int(counts[0]), int(counts.sum())
    real = torch.arange(longest) < counts[:, None]  # (R, T)
    pad, unpad = places(real, heads)
    mask = None
    if tokens < rows * longest:
        mask = torch.zeros(rows, longest).masked_fill_(~real, -torch.inf)
        mask = mask.repeat_interleave(heads, 0)[:, None].to(device)  # (R * nh, 1, T)
    return Group(first, first + tokens, rows, longest, pad.to(device), unpad.to(device), mask)


class PackedAttention(torch.autograd.Function):
    """softmax(q k^T / sqrt(hs)) v, separately for each sentence, with dropout on the softmax.

    Constant factors go into the small matrices: 1 / sqrt(hs) into q, dropout's 1 / (1 - p) into v.
    """

    @staticmethod
    def forward(ctx, q, k, v, heads, p, groups):
        """q, k, v: (N, H), of one dtype. Returns (N, H)."""
        ctx.heads, ctx.groups, ctx.kept = heads, groups, []
        ctx.scale, ctx.raised = 1 / math.sqrt(q.size(1) // heads), raised(p)
        q, v = q * ctx.scale, (v if p == 0 else v * ctx.raised)
        out = torch.empty_like(q)
        for group in groups:
            qs, ks, vs = (fill(x, group, heads) for x in (q, k, v))
            scores = torch.bmm(qs, ks.transpose(1, 2))  # (R * nh, T, T)
            scores = scores if group.mask is None else scores.add_(group.mask)
            weights = softmax(scores)
            keep = keep_mask(weights, p)
            dropped = weights if keep is None else weights * keep
            empty(torch.bmm(dropped, vs), group, out)
            if any(ctx.needs_input_grad):
                ctx.kept.append((qs, ks, vs, weights, keep, dropped))
        return out

    @staticmethod
    def backward(ctx, grad):
        dq, dk, dv = (torch.empty_like(grad) for _ in range(3))
        for saved, group in zip(ctx.kept, ctx.groups, strict=True):
            qs, ks, vs, weights, keep, dropped = saved
            above = fill(grad, group, ctx.heads)  # (R * nh, T, hs)
            if group.mask is not None:  # a padded query is nobody's
                above.mul_(group.mask.transpose(1, 2) == 0)
            empty(torch.bmm(dropped.transpose(1, 2), above), group, dv)
            d_weights = torch.bmm(above, vs.transpose(1, 2))
            d_weights = d_weights if keep is None else d_weights.mul_(keep)
            d_scores = torch._softmax_backward_data(d_weights, weights, -1, weights.dtype)
            empty(torch.bmm(d_scores, ks), group, dq)
            empty(torch.bmm(d_scores.transpose(1, 2), qs), group, dk)
        return dq.mul_(ctx.scale), dk, dv.mul_(ctx.raised), None, None, None
