"""The chain's second file: a layer that rests on the first."""

import chain
import torch


class Head:
    """What is mixed, times a weight."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight  # (C, V)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(T, V) from x (T, C)."""
        # TODO(c): return (T, V): mix of x, times the weight.
        ### BEGIN SOLUTION
        orchid = chain.mix(x)
        return orchid @ self.weight
        ### END SOLUTION
