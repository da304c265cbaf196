"""Parses one draw of span corruption: the pieces of its string, or why it is malformed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grader import expect

Item = tuple[list[int], list[int]]  # x and y as whole numbers

PAD, MASK = 0, 1  # the indices of the two special characters
SPECIAL = ("\u25a1", "\u2047")
TOGETHER = 200  # draws in one call
ENOUGH = 10  # characters, so that some are likely to be repeated
TRIALS = 40  # draws, one of which must mask something; from 24 characters on, all do
LONGEST = 1000  # numbers of an item that are read
ALPHABET = "abcdefghijklmnopqrstuvwxyz ABCDÉßж.,'0123"


@dataclass(frozen=True)
class Draw:
    """A string's three pieces, as indices: prefix MASK suffix MASK content PAD ..."""

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    content: tuple[int, ...]

    @property
    def kept(self) -> int:
        """The number of the document's characters, including masked ones."""
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
    """The student's dataset of these documents, checked to mask something in the longest.

    Whole documents followed by two MASKs would pass tests of lengths without masking anything.
    """
    data = student.dataset.CharCorruptionDataset("\n".join(documents), block_size)
    data = expect.thing(data, "CharCorruptionDataset")
    longest = max(range(len(documents)), key=lambda place: len(documents[place]))
    items = list(fetch(student, data, [longest] * TRIALS))
    assert any(MASK in (whole := _without_pads(item)) and whole[-1] != MASK for item in items), (
        f"nothing is ever masked: in {TRIALS} draws nothing comes after the last MASK"
    )
    texts, codes = [characters(item) for item in items], encode(documents)[longest]
    longer = [each for each in texts if len(each) >= min(len(codes), ENOUGH)]
    assert any(repetitions(each) == repetitions(codes[: len(each)]) for each in longer), (
        "the characters, in any encoding, are not those of the document's beginning"
    )
    return data


def fetch(student: Any, data: Any, places: Sequence[int]) -> Iterator[Item]:
    """The dataset's items at these places, up to TOGETHER in one call."""
    for start in range(0, len(places), TOGETHER):
        wanted = list(places[start : start + TOGETHER])
        answer = student.probe.items(data, wanted)
        if isinstance(answer, Tensor):
            pairs = expect.tensor(answer, (len(wanted), 2, None), torch.long)[..., :LONGEST]
            yield from map(tuple, pairs.tolist())
        else:
            for item in expect.items(answer, len(wanted), "the dataset's items"):
                x, y = expect.items(item, 2, "an item")
                yield numbers(x, "x"), numbers(y, "y")


def repetitions(codes: Sequence[int]) -> list[int]:
    """How often each character occurs, in order: the same for every encoding of one text."""
    return sorted(Counter(codes).values())


def characters(item: Item) -> list[int]:
    """The indices of an item's characters in order of size, without PADs and MASKs."""
    return sorted(code for code in string(item) if code not in (PAD, MASK))


def numbers(value: Any, what: str) -> list[int]:
    """x or y as whole numbers, whatever their dtype and length: other tests check those."""
    if isinstance(value, list | tuple):
        return [expect.whole(item, f"a number of {what}") for item in value[:LONGEST]]
    value = expect.tensor(value, (None,), what=what)[:LONGEST]
    assert not value.is_complex(), f"{what} should hold whole numbers; it is complex"
    finite = torch.nan_to_num(value.double(), nan=-1.0, posinf=-1.0, neginf=-1.0)
    return finite.clamp(-1, 2**31).long().tolist()


def string(item: Item) -> list[int]:
    """The string that an item is cut from, without the PADs at its end.

    x has all but its last character, which is y's last if y is x one character later. If not,
    usually nothing is lost: the last character is a PAD if the block has room for one.
    """
    x, y = item
    whole = [*x, *y[-1:]] if x[1:] == y[:-1] else x
    end = len(whole)
    while end and whole[end - 1] == PAD:
        end -= 1
    return whole[:end]


def _without_pads(item: Item) -> list[int]:
    """An item's string without PADs, and without MASKs after its end if there are more than two."""
    whole = [code for code in string(item) if code != PAD]
    while whole.count(MASK) > 2 and whole[-1] == MASK:
        whole.pop()
    return whole


def parse(item: Item) -> Draw:
    """The pieces of an item's string.

    PADs inside it and MASKs after its end are ignored: one test checks where those are.
    """
    whole = _without_pads(item)
    count = whole.count(MASK)
    assert count == 2, f"the string should have exactly two MASKs; it has {count}"
    first = whole.index(MASK)
    second = whole.index(MASK, first + 1)
    return Draw(tuple(whole[:first]), tuple(whole[first + 1 : second]), tuple(whole[second + 1 :]))


def draws(student: Any, data: Any, place: int, count: int) -> Iterator[Draw]:
    """`count` draws of document number `place`."""
    return map(parse, fetch(student, data, [place] * count))
