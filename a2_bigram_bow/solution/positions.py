"""Position encodings: how a model that only averages can know where a character is.

`sinpe` is the sinusoid of Vaswani et al., "Attention Is All You Need" (2017); `rope` is that of Su
et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021), applied to the
embedding itself; `randn` is a small random vector per position that is never trained.

Letters in the shapes: B batch, T time, C = n_embd channels, an even number.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PE_TYPES = ("randn", "sinpe", "rope")
BASE = 10000.0
RANDN_STD = 0.02


def randn_encoding(block_size: int, n_embd: int) -> Tensor:
    """A random vector for each position. Returns (block_size, C) float32."""
    # TODO(c): return (block_size, C): normal numbers of mean 0 and standard deviation RANDN_STD.
    ### BEGIN SOLUTION
    return RANDN_STD * torch.randn(block_size, n_embd)
    ### END SOLUTION


def angles(block_size: int, n_embd: int) -> Tensor:
    """The rotation of each pair of channels at each position. Returns (block_size, C / 2)."""
    # TODO(c): return (block_size, C / 2) float32: position t, pair k has t / BASE**(2 k / C).
    ### BEGIN SOLUTION
    rates = BASE ** (-torch.arange(0, n_embd, 2) / n_embd)  # (C / 2,)
    return torch.arange(block_size)[:, None] * rates
    ### END SOLUTION


def sinusoid_encoding(block_size: int, n_embd: int) -> Tensor:
    """The sinusoids of the Transformer. Returns (block_size, C) float32."""
    # TODO(c): return (block_size, C): the sine of angle k in channel 2 k, its cosine in 2 k + 1.
    ### BEGIN SOLUTION
    turned = angles(block_size, n_embd)  # (T, C / 2)
    return torch.stack((turned.sin(), turned.cos()), dim=-1).flatten(1)
    ### END SOLUTION


def apply_rope(x: Tensor) -> Tensor:
    """Rotate each pair of channels by its position's angle. x: (..., T, C). Returns (..., T, C)."""
    # TODO(c): return (..., T, C): the pair (a, b) of channels (2 k, 2 k + 1) at position t becomes
    # (a cos - b sin, a sin + b cos) of angle k at t.
    ### BEGIN SOLUTION
    turned = angles(*x.shape[-2:]).to(x)  # (T, C / 2)
    a, b = x[..., 0::2], x[..., 1::2]
    cos, sin = turned.cos(), turned.sin()
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)
    ### END SOLUTION


class PositionEncoding(nn.Module):
    """Encodes positions into x; nothing in here is trained."""

    def __init__(self, pe_type: str, block_size: int, n_embd: int) -> None:
        """pe_type: one of PE_TYPES. Raises ValueError for any other, and for an odd n_embd."""
        super().__init__()
        if pe_type not in PE_TYPES:
            raise ValueError(f"{pe_type!r} is no encoding: choose one of {', '.join(PE_TYPES)}")
        if n_embd % 2:
            raise ValueError(f"n_embd {n_embd} is odd: sinpe and rope work on pairs of channels")
        self.pe_type = pe_type
        # TODO(c): for "randn" and "sinpe", a buffer self.pe of shape (block_size, C); for "rope"
        # none. A buffer is saved with the model and is no parameter.
        ### BEGIN SOLUTION
        if pe_type == "randn":
            self.register_buffer("pe", randn_encoding(block_size, n_embd))
        elif pe_type == "sinpe":
            self.register_buffer("pe", sinusoid_encoding(block_size, n_embd))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, T, C), T at most block_size. Returns (B, T, C)."""
        # TODO(c): return (B, T, C): x plus the first T rows of self.pe, or x turned for "rope".
        ### BEGIN SOLUTION
        if self.pe_type == "rope":
            return apply_rope(x)
        return x + self.pe[: x.size(-2)]
        ### END SOLUTION
