"""Bags of words: what a model learns from only the mean of the characters so far.

`CausalBoW` weights the past equally, `CausalSelfBoW` by how similar each position's vector is to
its own: attention (Vaswani et al., 2017) whose queries, keys and values are all x, with nothing to
train. The models add a position encoding before it and predict the next character after it.

Letters in the shapes: B batch, T time, C = n_embd channels, H = n_embd2, V vocabulary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from bigram import language_model_loss
from positions import PositionEncoding
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class BoWConfig:
    """The sizes of a model.

    pe_type: "randn", "sinpe" or "rope". attention: False for the uniform mean, True for the
    attention of x with itself.
    """

    vocab_size: int
    block_size: int
    n_embd: int
    n_embd2: int = 64
    pe_type: str = "randn"
    attention: bool = False


class CausalBoW(nn.Module):
    """Each position gets the mean of the vectors up to its own."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C). Returns (B, T, C)."""
        # TODO(d): return (B, T, C): at position t the mean of x over the positions 0 to t.
        raise NotImplementedError("TODO(d): CausalBoW.forward")


class CausalSelfBoW(nn.Module):
    """Each position gets the vectors up to its own, weighted by how like its own they are."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C). Returns (B, T, C)."""
        # TODO(d): return (B, T, C): softmax of x x^T / sqrt(C) over the positions up to each,
        # times x.
        raise NotImplementedError("TODO(d): CausalSelfBoW.forward")


class BoWBlock(nn.Module):
    """A bag of words and a small network at each position, each added to its input."""

    def __init__(self, config: BoWConfig) -> None:
        super().__init__()
        self.cbow = CausalSelfBoW() if config.attention else CausalBoW()
        # TODO(e): self.c_fc, a Linear from C to H, and self.c_proj, a Linear from H to C, both
        # with a bias, in this order.
        raise NotImplementedError("TODO(e): BoWBlock.__init__")

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C). Returns (B, T, C)."""
        # TODO(e): return (B, T, C): x + cbow(x), and to that c_proj(tanh(c_fc(.))) of it.
        raise NotImplementedError("TODO(e): BoWBlock.forward")


class BoW(nn.Module):
    """Embedding, positions, one BoWBlock, and logits for the next character."""

    def __init__(self, config: BoWConfig) -> None:
        super().__init__()
        self.block_size = config.block_size
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.positions = PositionEncoding(config.pe_type, config.block_size, config.n_embd)
        self.block = BoWBlock(config)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """idx, targets: (B, T) long, T at most block_size. Returns logits (B, T, V), loss or None.

        Raises ValueError for a longer idx.
        """
        check_length(idx, self.block_size)
        # TODO(e): return (logits (B, T, V), loss or None): wte, positions, block, lm_head.
        raise NotImplementedError("TODO(e): BoW.forward")


class BigramV2(nn.Module):
    """bigram_v2: attention whose queries, keys and values are all x; no network, no residual."""

    def __init__(self, config: BoWConfig) -> None:
        super().__init__()
        self.block_size = config.block_size
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.positions = PositionEncoding(config.pe_type, config.block_size, config.n_embd)
        self.attn = CausalSelfBoW()
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """idx, targets: (B, T) long, T at most block_size. Returns logits (B, T, V), loss or None.

        Raises ValueError for a longer idx.
        """
        check_length(idx, self.block_size)
        # TODO(e): return (logits (B, T, V), loss or None): wte, positions, attn, lm_head; what
        # goes into attn is not added to what comes out.
        raise NotImplementedError("TODO(e): BigramV2.forward")


def check_length(idx: Tensor, block_size: int) -> None:
    """Raise ValueError if idx, (B, T), is longer than a block. Given."""
    if idx.size(1) > block_size:
        raise ValueError(f"{idx.size(1)} characters do not fit the block_size {block_size}")
