"""Language models that write one character after another, up to an end: what they share.

The probability of a text is the product of its characters', each given those before it, and of the
end's. Texts are cut after 99 characters, so there the end is certain, and costs nothing.

Letters in the shapes: B texts, T characters of the longest, C of the alphabet, n texts being drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from alphabet import MAX_LENGTH, Alphabet, Batch
from torch import Tensor, nn

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]


class LeftToRight(nn.Module):
    """A model of the family whose `log_probs` are those of the next character or the end.

    A subclass has `log_probs` and `step`; `starting` is the state before the first step.
    """

    exact = True
    starting: Any = None

    def __init__(self, alphabet: Alphabet) -> None:
        super().__init__()
        self.alphabet = alphabet

    def log_probs(self, x: Tensor) -> Tensor:
        """x: (B, T + 1) long, `begin` and the characters. Returns (B, T + 1, C + 1), in nats."""
        raise NotImplementedError

    def step(self, symbols: Tensor, state: Any) -> tuple[Tensor, Any]:
        """One symbol of each text, (n,), and the state before it. Returns (n, C + 1), the next
        one's log-probabilities, and the state after it."""
        raise NotImplementedError

    def characters(self, batch: Batch, samples: int | None = 1) -> Tensor:
        log_probs = self.log_probs(batch.shifted(self.alphabet))
        return right_ones(log_probs, batch.with_end(self.alphabet), places(batch))

    def bound(self, batch: Batch, samples: int | None = 1) -> Tensor:
        return self.characters(batch).sum(dim=1)

    def loss(self, batch: Batch) -> Tensor:
        return -self.bound(batch).mean()

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> list[str]:
        self.eval()
        generator = torch.Generator(next(self.parameters()).device).manual_seed(seed)
        codes = draw(self.step, self.starting, count, self.alphabet, generator)
        return [self.alphabet.decode(row) for row in codes.tolist()]


def places(batch: Batch) -> Tensor:
    """How many symbols of each text are predicted, (B,): its characters, and the end if it is not
    certain."""
    return (batch.lengths + 1).clamp(max=MAX_LENGTH)


def right_ones(log_probs: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    """Each target's log-probability, 0 past the lengths (B,).

    log_probs: (B, T, V). targets: (B, T) long, of any value past the lengths. Returns (B, T).
    """
    real = torch.arange(targets.size(1), device=targets.device) < lengths[:, None]
    chosen = log_probs.gather(2, targets.where(real, 0).unsqueeze(2)).squeeze(2)
    return chosen.where(real, 0)


def draw(
    step: Step, state: Any, count: int, alphabet: Alphabet, generator: torch.Generator
) -> Tensor:
    """Codes of so many texts, (count, at most 99) long, each with `end` after it if it has one."""
    symbols = torch.full((count,), alphabet.begin, device=generator.device)
    ended = torch.zeros(count, dtype=torch.bool, device=generator.device)
    columns = []
    while len(columns) < MAX_LENGTH and not ended.all():
        log_probs, state = step(symbols, state)
        symbols = log_probs.exp().multinomial(1, generator=generator).squeeze(1)
        symbols = symbols.where(~ended, alphabet.end)
        ended |= symbols == alphabet.end
        columns.append(symbols)
    return torch.stack(columns, dim=1)
