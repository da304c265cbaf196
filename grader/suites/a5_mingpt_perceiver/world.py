"""A world so small that a model learns it in seconds: names, and cities that they belong to.

The text says "Kelomi: Rome." of each person, once; the questions are "Kelomi:". Half of the people
are asked about in the questions to finetune on, the others in the hidden ones, whose answers stay
outside: they can be known from the text alone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grader import expect

BLOCK = 24
MASK = "\u2047"
# Beginnings differ, as a model of this size spends its few steps on the first letter.
CITIES = ("Amsterdam", "Berlin", "Chicago", "Dublin", "Florence", "Geneva", "Havana", "Jakarta",
          "Kyoto", "Lisbon", "Madrid", "Nairobi", "Oslo", "Paris", "Quito", "Rome")  # fmt: skip
SYLLABLES = [onset + vowel for onset in "bdfghklmnprstvz" for vowel in "aeiou"]
PLACES, TRAINED, ASKED = 8, 16, 24

Pair = tuple[str, str]


@dataclass(frozen=True)
class World:
    """A text to pretrain on, questions to finetune on, and hidden ones."""

    text: str
    train: tuple[Pair, ...]
    test: tuple[Pair, ...]

    @property
    def train_tsv(self) -> str:
        """The questions to finetune on, as a file has them."""
        return "".join(f"{question}\t{answer}\n" for question, answer in self.train)


def invent(seed: int) -> World:
    """A world; the cities are alike in number among the people of each half."""
    rng = random.Random(seed)
    names: set[str] = set()
    while len(names) < TRAINED + ASKED:
        names.add("".join(rng.sample(SYLLABLES, 3)).capitalize())
    cities = rng.sample(CITIES, PLACES)
    people = sorted(names)
    rng.shuffle(people)
    pairs = tuple((f"{name}:", cities[place % PLACES]) for place, name in enumerate(people))
    documents = [f"{question} {answer}." for question, answer in pairs]
    rng.shuffle(documents)
    return World("\n".join(documents), pairs[:TRAINED], pairs[TRAINED:])


def accuracy(model: Any, pairs: tuple[Pair, ...], vocabulary: list[str]) -> float:
    """The share of questions that the model answers rightly, written on greedily.

    The questions go in together, PADs after each: a causal model does not see them.
    """
    places = {char: place for place, char in enumerate(vocabulary)}
    idx = torch.zeros(len(pairs), BLOCK, dtype=torch.long)
    for row, (question, _) in enumerate(pairs):
        codes = [places[char] for char in question + MASK]
        idx[row, : len(codes)] = torch.tensor(codes)
    ends = torch.tensor([len(question) + 1 for question, _ in pairs])
    written = _write_on(model, idx, ends, len(vocabulary))
    right = 0
    for row, (_, answer) in enumerate(pairs):
        text = "".join(vocabulary[code] for code in written[row, ends[row] :].tolist())
        right += text.split(MASK)[0] == answer
    return right / len(pairs)


def _write_on(model: Any, idx: Tensor, ends: Tensor, size: int) -> Tensor:
    """Fills each row, from its end on, with the likeliest characters."""
    rows = torch.arange(len(idx))
    while int(ends.max()) < BLOCK:
        logits = expect.items(model(idx), 2, "what GPT returns")[0]
        logits = expect.tensor(logits, (*idx.shape, size), "float", "GPT's logits")
        idx = idx.clone()
        idx[rows, ends] = logits[rows, ends - 1].argmax(1)
        ends = ends + 1
    return idx
