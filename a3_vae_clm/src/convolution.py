"""Convolutions over padded batches that give what each sequence gives alone. Part (e).

A convolution reads its neighbours. In a padded batch the neighbours of a sequence's last places are
pads, and after two layers a pad holds numbers of its own: unless every layer's input is zero there,
a sequence's result depends on how long its batch is, and a bound on its likelihood is none.

Letters in the shapes: B batch, T places, E embed_size, C symbols.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

ACTIVATIONS = ("none", "before", "after")


def masked_convolution(x: Tensor, mask: Tensor, conv: nn.Conv1d) -> Tensor:
    """One convolution along the places of each sequence.

    x: (B, T, E); what stands outside the mask, even nan, does not count. mask: (B, T) bool, True at
    real places. conv: E -> E, padded so that T places stay T places; it wants (B, E, T).
    Returns (B, T, E).
    """
    # TODO(e): return (B, T, E): conv of x, which is zero outside the mask; zero there again.
    raise NotImplementedError("TODO(e): masked_convolution")


class ConvolutionStack(nn.Module):
    """`depth` convolutions, one after the other, over the same number of places.

    kernel: places that one convolution sees, odd. residual: whether a layer adds to its input.
    shared: whether all layers are the same convolution. activation: where tanh stands, "before" the
    convolution, "after" it, or "none".
    """

    def __init__(
        self,
        embed_size: int,
        depth: int,
        kernel: int,
        residual: bool,
        shared: bool,
        activation: str,
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation {activation!r} is not one of {', '.join(ACTIVATIONS)}")
        if kernel % 2 == 0:
            raise ValueError(f"kernel {kernel} is even; an odd one has a place in the middle")
        self.depth, self.residual, self.activation = depth, residual, activation
        # TODO(e): self.convolutions, an nn.ModuleList of nn.Conv1d from embed_size to embed_size,
        # padded so that T places stay T places: one if shared, else `depth` of them.
        raise NotImplementedError("TODO(e): ConvolutionStack.__init__")

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: (B, T, E). mask: (B, T) bool, True at real places. Returns (B, T, E).

        What comes out outside the mask does not count.
        """
        # TODO(e): return (B, T, E). Each of `depth` layers computes y, the masked convolution of
        # tanh(x) if activation is "before", else of x; y becomes tanh(y) if it is "after". The next
        # layer's x is x + y if residual, else y.
        raise NotImplementedError("TODO(e): ConvolutionStack.forward")


def receptive_field(depth: int, kernel: int) -> int:
    """How many places of the input one place of the output of `depth` layers depends on."""
    # TODO(e): return an int; with no layers a place depends on itself alone.
    raise NotImplementedError("TODO(e): receptive_field")


def tied_logits(h: Tensor, embedding: Tensor) -> Tensor:
    """The scores of the symbols, by the same vectors that stand for them in the input.

    h: (.., E). embedding: (C, E), a vector for each symbol. Returns (.., C), not normalised.
    """
    # TODO(e): return (.., C): the dot product of h with each symbol's vector.
    raise NotImplementedError("TODO(e): tied_logits")
