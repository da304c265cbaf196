"""The toy course's solution."""

import torch
from given import V, encode
from torch import nn


def mean(numbers: list[int]) -> float:
    """The mean of the numbers."""
    return sum(numbers) / len(numbers)


def shift(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The text's indices without the last, and without the first: two long tensors (T - 1,)."""
    indices = torch.tensor(encode(text))
    return indices[:-1], indices[1:]


def count(text: str) -> dict[str, int]:
    """How often each letter is there."""
    return {letter: text.count(letter) for letter in set(text)}


class Model(nn.Module):
    """A bigram: after the letter i most often comes the letter i + 3."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(4.0 * torch.eye(V).roll(3, dims=1))

    def forward(self, idx: torch.Tensor) -> torch.Tensor:
        """Logits (B, T, V) of what comes next, from indices (B, T)."""
        return self.table[idx]


def predict(texts: list[str]) -> list[int]:
    """1 for a text with an odd number of the letter a, else 0."""
    return [text.count("a") % 2 for text in texts]
