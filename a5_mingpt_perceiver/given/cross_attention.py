"""Attention from one sequence to another. Given code: there is nothing to write here.

The perceiver (task g) reads its input through `CausalCrossAttention`. It follows equation (1) of
Vaswani et al., "Attention Is All You Need" (2017), in several heads: softmax(Q K^T / sqrt(hs)) V.
Letters in the shapes: B batch, Tk and Tq the lengths of keys and queries, C = n_embd channels,
nh = n_head, hs = C // nh.
"""

from __future__ import annotations

import math

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn import functional as F

MASKED = -1e10  # as in attention.py, which imports this module


class CausalCrossAttention(nn.Module):
    """Multi-head attention from one sequence to another: query t sees keys 0 to t only."""

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

    def forward(self, x_kv: Tensor, x_q: Tensor) -> Tensor:
        """Keys and values from x_kv, the FIRST argument; queries from x_q, the second.

        x_kv: (Bk, Tk, C); x_q: (Bq, Tq, C); a batch of 1 is broadcast against the other.
        Returns (B, Tq, C).
        """
        Bk, Tk, C = x_kv.size()
        Bq, Tq, _ = x_q.size()
        nh, hs = self.n_head, C // self.n_head
        q = self.query(x_q).view(Bq, Tq, nh, hs).transpose(1, 2)  # (Bq, nh, Tq, hs)
        k = self.key(x_kv).view(Bk, Tk, nh, hs).transpose(1, 2)  # (Bk, nh, Tk, hs)
        v = self.value(x_kv).view(Bk, Tk, nh, hs).transpose(1, 2)  # (Bk, nh, Tk, hs)

        scores = q @ k.transpose(-2, -1) / math.sqrt(hs)  # (B, nh, Tq, Tk)
        scores = scores.masked_fill(self.mask[:, :, :Tq, :Tk] == 0, MASKED)
        weights = self.attn_drop(F.softmax(scores, dim=-1))  # (B, nh, Tq, Tk)

        y = weights @ v  # (B, nh, Tq, hs)
        y = y.transpose(1, 2).contiguous().view(max(Bk, Bq), Tq, C)
        return self.resid_drop(self.proj(y))
