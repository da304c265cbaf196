"""The text that run.py works on: embedded or tinyshakespeare, as indices, split 90 / 10."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import embedded
import torch
from grid import get_batch
from torch import Tensor

from course.errors import UserError
from course.text import Text, find

DATASETS = ("embedded", "tinyshakespeare")
FILE = "input.txt"
TRAIN_SHARE = 0.9
SPLITS = ("train", "val")


@dataclass(frozen=True)
class Corpus(Text):
    """A text and its characters."""

    @cached_property
    def characters(self) -> str:
        """Every character that occurs, sorted; its position is its index."""
        return "".join(sorted(set(self.content)))

    @property
    def vocab_size(self) -> int:
        return len(self.characters)

    @cached_property
    def splits(self) -> dict[str, Tensor]:
        """{"train", "val"}: (N,) long, the first 90 % and the rest."""
        indices = self.encode(self.content)
        cut = int(TRAIN_SHARE * len(indices))
        return {"train": indices[:cut], "val": indices[cut:]}

    def encode(self, text: str) -> Tensor:
        """(N,) long. Raises UserError for a character that the text does not have."""
        places = {char: place for place, char in enumerate(self.characters)}
        unknown = sorted(set(text) - places.keys())
        if unknown:
            raise UserError(f"{unknown[0]!r} does not occur in the text of {self.name}")
        return torch.tensor([places[char] for char in text], dtype=torch.long)

    def decode(self, indices: list[int]) -> str:
        return "".join(self.characters[index] for index in indices)


def load(name: str, data_dir: Path | None = None) -> Corpus:
    """The corpus of that name."""
    return Corpus(name, find(name, FILE, data_dir, embedded.build).content)


def batches(
    split: Tensor, block_size: int, batch_size: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless random batches from the student's get_batch, the same for the same seed.

    They have their own generator, so nothing else that is drawn or trained changes them.
    """
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield get_batch(split, block_size, batch_size, generator)
