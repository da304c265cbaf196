"""What one draw of span corruption says: the pieces of its string, or why it is no such string."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grader import expect

PAD, MASK = 0, 1  # the indices of the two special characters
SPECIAL = ("\u25a1", "\u2047")
TOGETHER = 200  # draws in one call
ALPHABET = "abcdefghijklmnopqrstuvwxyz ABCDÉßж.,'0123"


@dataclass(frozen=True)
class Draw:
    """A string's three pieces, as indices: prefix MASK suffix MASK content PAD ..."""

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    content: tuple[int, ...]

    @property
    def kept(self) -> int:
        """How many characters of the document are there, the masked ones too."""
        return len(self.prefix) + len(self.suffix) + len(self.content)

    @property
    def document(self) -> tuple[int, ...]:
        """The pieces in the document's order."""
        return self.prefix + self.content + self.suffix


def invent(seed: int, lengths: list[int]) -> list[str]:
    """Random documents of these lengths."""
    rng = random.Random(seed)
    return ["".join(rng.choices(ALPHABET, k=length)) for length in lengths]


def encode(documents: list[str]) -> list[tuple[int, ...]]:
    """The documents' indices, by the vocabulary that the handout defines."""
    chars = [*SPECIAL, *sorted(set("\n".join(documents)))]
    places = {char: place for place, char in enumerate(chars)}
    return [tuple(places[char] for char in document) for document in documents]


def dataset(student: Any, documents: list[str], block_size: int) -> Any:
    """The student's dataset of these documents."""
    made = student.dataset.CharCorruptionDataset("\n".join(documents), block_size)
    return expect.thing(made, "CharCorruptionDataset")


def pair(item: Any, block_size: int) -> tuple[Tensor, Tensor]:
    """x and y of an item, both long of shape (block_size - 1,)."""
    x, y = expect.items(item, 2, "an item")
    shape = (block_size - 1,)
    return expect.tensor(x, shape, torch.long, "x"), expect.tensor(y, shape, torch.long, "y")


def string(item: Any, block_size: int) -> list[int]:
    """The string, block_size long, that x and y are cut from."""
    x, y = pair(item, block_size)
    assert torch.equal(x[1:], y[:-1]), "y is not x one character later"
    return [*x.tolist(), int(y[-1])]


def parse(item: Any, block_size: int) -> Draw:
    """The pieces of an item's string."""
    whole = string(item, block_size)
    while whole and whole[-1] == PAD:
        whole.pop()
    assert PAD not in whole, "a PAD stands before the string's end"
    assert whole.count(MASK) == 2, "the string should have exactly two MASKs"
    first = whole.index(MASK)
    second = whole.index(MASK, first + 1)
    return Draw(tuple(whole[:first]), tuple(whole[first + 1 : second]), tuple(whole[second + 1 :]))


def draws(student: Any, data: Any, place: int, count: int, block_size: int) -> Iterator[Draw]:
    """`count` draws of the document number `place`, some hundred in a call."""
    for start in range(0, count, TOGETHER):
        wanted = min(TOGETHER, count - start)
        answer = student.probe.item_again(data, place, wanted)
        for item in expect.items(answer, wanted, "the dataset's items"):
            yield parse(item, block_size)
