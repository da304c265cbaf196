"""The probability of a sequence's length, for models that do not write an end."""

import torch
from alphabet import MAX_LENGTH
from torch import nn


class LengthPrior(nn.Module):
    """log p(length) by counts, for the lengths 0 .. 99; one is added to every count.

    An autoregressive model decides at every place whether the sequence ends, and pays for it. A
    model that is told the length has to pay too, or the two cannot be compared. The counts are a
    buffer, so that a saved model has them. Before `count`, all lengths are equally likely.
    """

    counts: torch.Tensor

    def __init__(self, longest: int = MAX_LENGTH) -> None:
        super().__init__()
        self.register_buffer("counts", torch.ones(longest + 1))

    def count(self, lengths: list[int]) -> None:
        """Count the lengths of the training side, in place of earlier ones."""
        counted = torch.bincount(torch.tensor(lengths), minlength=len(self.counts))
        self.counts.copy_(counted + 1)

    def log_prob(self, lengths: torch.Tensor) -> torch.Tensor:
        """log p(length) in nats, for (B,) lengths; -inf for one above the longest."""
        log_probs = torch.log(self.counts / self.counts.sum())  # (100,)
        known = lengths < len(self.counts)
        own = log_probs[lengths.clamp(max=len(self.counts) - 1)]
        return own.masked_fill(~known, -torch.inf)  # (B,)

    def sample(self, count: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """(count,) lengths, drawn, on the generator's device."""
        counts = self.counts if generator is None else self.counts.to(generator.device)
        return torch.multinomial(counts, count, replacement=True, generator=generator)
