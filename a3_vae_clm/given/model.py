"""What can be asked of every model of the family.

The log-likelihood of a text always has its length in it: either the model writes an end, or it adds
log p(length); see lengths.py.

Letters in the shapes: B sequences, T places of the longest one.
"""

from __future__ import annotations

from typing import Protocol

from alphabet import Batch
from torch import Tensor


class LanguageModel(Protocol):
    """A model of the family; each is an nn.Module too.

    exact: whether `bound` is the log-likelihood itself.

    A model may have `prepare(sequences)`, called once before the training with all training codes:
    what it counts goes into buffers. And it may have `set_progress(share)`, called before each step
    with the share of the training that is done, from 0 to 1.
    """

    exact: bool

    def loss(self, batch: Batch) -> Tensor:
        """What is minimised, nats a sequence, a scalar. Its gradient counts, not its value."""

    def bound(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """The log-likelihood of each text with its length, or a lower bound of it: (B,), nats."""

    def characters(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """The share of each place in the bound: (B, T + 1), nats.

        The share of the end, or of the length, is at the place after the last character; places
        beyond it have 0. A row's sum has the bound's distribution.
        """

    def sample(self, count: int, seed: int) -> list[str]:
        """Texts drawn from the model."""
