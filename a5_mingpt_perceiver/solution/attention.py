"""Attention: each position gathers what it needs from the positions before it.

`CausalSelfAttention` is yours to write (part c); `CausalCrossAttention`, which the perceiver needs,
is given in cross_attention.py.

Equation (1) of Vaswani et al., "Attention Is All You Need" (2017), in several heads:
softmax(Q K^T / sqrt(hs)) V.  Letters in the shapes: B batch, T time, C = n_embd channels,
nh = n_head, hs = C // nh.
"""

from __future__ import annotations

import math

import torch
import torch.nn as nn
from cross_attention import CausalCrossAttention
from torch import Tensor
from torch.nn import functional as F

__all__ = ["CausalCrossAttention", "CausalSelfAttention"]

MASKED = -1e10  # the score of a position that must not be seen; its softmax is exactly 0


class CausalSelfAttention(nn.Module):
    """Multi-head self-attention in which position t sees only positions 0 to t."""

    def __init__(self, config) -> None:
        super().__init__()
        if config.n_embd % config.n_head:
            raise ValueError(f"n_embd {config.n_embd} is not a multiple of n_head {config.n_head}")
        self.n_head = config.n_head
        self.key = nn.Linear(config.n_embd, config.n_embd)
        self.query = nn.Linear(config.n_embd, config.n_embd)
        self.value = nn.Linear(config.n_embd, config.n_embd)
        self.attn_drop = nn.Dropout(config.attn_pdrop)
        self.resid_drop = nn.Dropout(config.resid_pdrop)
        self.proj = nn.Linear(config.n_embd, config.n_embd)
        size = config.block_size
        self.register_buffer("mask", torch.tril(torch.ones(size, size)).view(1, 1, size, size))

    def forward(self, x: Tensor, layer_past=None) -> Tensor:
        """Let each position attend to its past.

        x: (B, T, C), T at most block_size. Returns (B, T, C), after `proj` and `resid_drop`.
        `layer_past` is ignored; it exists because older code passes it.
        """
        # TODO(c): return (B, T, C): in each head softmax(q k^T / sqrt(hs)) v, where a score is
        # MASKED wherever self.mask is 0; attn_drop is applied to the softmax's probabilities;
        # the heads side by side then go through proj and resid_drop.
        ### BEGIN SOLUTION
        B, T, C = x.size()
        nh, hs = self.n_head, C // self.n_head
        q = self.query(x).view(B, T, nh, hs).transpose(1, 2)  # (B, nh, T, hs)
        k = self.key(x).view(B, T, nh, hs).transpose(1, 2)  # (B, nh, T, hs)
        v = self.value(x).view(B, T, nh, hs).transpose(1, 2)  # (B, nh, T, hs)

        scores = q @ k.transpose(2, 3) / math.sqrt(hs)  # (B, nh, T, T)
        scores = scores.masked_fill(self.mask[:, :, :T, :T] == 0, MASKED)
        weights = self.attn_drop(F.softmax(scores, dim=-1))  # (B, nh, T, T)

        y = weights @ v  # (B, nh, T, hs)
        y = y.transpose(1, 2).contiguous().view(B, T, C)  # (B, T, C), heads side by side
        return self.resid_drop(self.proj(y))
        ### END SOLUTION
