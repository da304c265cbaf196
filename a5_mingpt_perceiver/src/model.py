"""A GPT, and its perceiver variant with a short sequence in the middle.

The model is that of Radford et al., "Improving Language Understanding by Generative Pre-Training"
(2018), with the layer norms before the blocks as in GPT-2; the perceiver blocks follow Jaegle et
al., "Perceiver: General Perception with Iterative Attention" (2021), made causal as in Hawthorne
et al., "General-purpose, long-context autoregressive modeling with Perceiver AR" (2022).

Letters in the shapes: B batch, T time, C = n_embd channels, V vocabulary, m = bottleneck_dim.
"""

from __future__ import annotations

import copy

import torch
import torch.nn as nn
from attention import CausalCrossAttention, CausalSelfAttention
from torch import Tensor
from torch.nn import functional as F

PAD_INDEX = 0  # targets with this index do not count in the loss


class GPTConfig:
    """The sizes of a model. Every keyword becomes an attribute: n_layer, n_head, n_embd, ..."""

    embd_pdrop = 0.1
    resid_pdrop = 0.1
    attn_pdrop = 0.1
    perceiver = False
    bottleneck_dim = None

    def __init__(self, vocab_size: int, block_size: int, **kwargs) -> None:
        self.vocab_size = vocab_size
        self.block_size = block_size
        for name, value in kwargs.items():
            setattr(self, name, value)


class Block(nn.Module):
    """One layer of a transformer: attention, then a small network at each position."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(config.n_embd)
        self.ln2 = nn.LayerNorm(config.n_embd)
        self.attn = CausalSelfAttention(config)
        self.mlp = mlp(config)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C). Returns (B, T, C)."""
        # TODO(c): return (B, T, C): x + attn(ln1(x)), and to that the same with mlp and ln2.
        raise NotImplementedError("TODO(c): Block.forward")


class DownProjectBlock(nn.Module):
    """The perceiver's first block: a learned basis reads the input into m positions."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(config.n_embd)
        self.ln2 = nn.LayerNorm(config.n_embd)
        self.attn = CausalCrossAttention(config)
        self.mlp = mlp(config)
        # TODO(g): self.C, a trainable Parameter of shape (1, bottleneck_dim, n_embd), drawn from
        # nn.init.xavier_uniform_.
        raise NotImplementedError("TODO(g): DownProjectBlock.__init__")

    def forward(self, x_input: Tensor) -> Tensor:
        """x_input: (B, T, C). Returns (B, m, C)."""
        # TODO(g): return (B, bottleneck_dim, C): cross-attention whose queries are the basis
        # self.C and whose keys and values are ln1(x_input), added to the basis; and to that the
        # mlp of its ln2, as in Block. (What else is right stands in the handout's part g.)
        raise NotImplementedError("TODO(g): DownProjectBlock.forward")


class UpProjectBlock(nn.Module):
    """The perceiver's last block: each input position reads from the m positions."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(config.n_embd)
        self.ln2 = nn.LayerNorm(config.n_embd)
        self.attn = CausalCrossAttention(config)
        self.mlp = mlp(config)

    def forward(self, y: Tensor, x_input: Tensor) -> Tensor:
        """y: (B, m, C), the inner blocks' output; x_input: (B, T, C). Returns (B, T, C)."""
        # TODO(g): return (B, T, C): cross-attention whose queries are x_input and whose keys and
        # values are ln1(y), added to x_input; and to that the mlp of its ln2, as in Block.
        raise NotImplementedError("TODO(g): UpProjectBlock.forward")


class GPT(nn.Module):
    """A language model over characters: embeddings, blocks, and logits for the next character."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.tok_emb = nn.Embedding(config.vocab_size, config.n_embd)
        self.pos_emb = nn.Parameter(torch.zeros(1, config.block_size, config.n_embd))
        self.drop = nn.Dropout(config.embd_pdrop)
        self.perceiver = config.perceiver
        inner, count = config, config.n_layer
        if config.perceiver:
            inner, count = copy.deepcopy(config), config.n_layer - 2
            inner.block_size = config.bottleneck_dim
            self.down_block = DownProjectBlock(config)
            self.up_block = UpProjectBlock(config)
        self.blocks = nn.Sequential(*[Block(inner) for _ in range(count)])
        self.ln_f = nn.LayerNorm(config.n_embd)
        self.head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.block_size = config.block_size
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(module: nn.Module) -> None:
        """Normal weights of standard deviation 0.02 and zero biases, as in GPT."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def get_block_size(self) -> int:
        """The longest input, in characters."""
        return self.block_size

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Predict each next character.

        idx: (B, T) long, T at most block_size; targets: (B, T) long, PAD_INDEX at positions that
        do not count. Returns logits (B, T, V) and the mean cross-entropy over the targets that are
        not PAD_INDEX, or None without targets.
        """
        B, T = idx.size()
        if self.block_size < T:
            raise ValueError(f"{T} characters do not fit the model's block_size {self.block_size}")
        # TODO(c): return (logits (B, T, V), loss or None): the token's vector plus that of its
        # position (rows 0 to T - 1 of pos_emb), then drop; the blocks; ln_f and head. A perceiver
        # goes through down_block before the blocks and through up_block after them, which also
        # gets what went into down_block. The loss is F.cross_entropy with ignore_index PAD_INDEX.
        raise NotImplementedError("TODO(c): GPT.forward")


def mlp(config: GPTConfig) -> nn.Sequential:
    """The network at each position: four times wider inside, C -> 4C -> C."""
    return nn.Sequential(
        nn.Linear(config.n_embd, 4 * config.n_embd),
        nn.GELU(),
        nn.Linear(4 * config.n_embd, config.n_embd),
        nn.Dropout(config.resid_pdrop),
    )
