"""Invented people for a training of a second: a name of one letter, and a birthplace.

All have a biography in the text to pretrain on; the questions to finetune on are about some of
them, the hidden ones about the others, so that only the biographies say what answers those.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

LONDON, LONDONERS = "London", 2  # the most frequent birthplace of both halves
# No two begin with the same letter, so that few steps are enough.
CITIES = """Aarau Basel Cairo Delhi Evora Graz Havana Izmir Jaffa Kyoto Minsk Nice Oslo Paris Quito
    Rome Split Tunis Ulm Vaduz York Zadar""".split()  # noqa: SIM905
EACH = len(CITIES) + LONDONERS  # people in each half: so all cities are asked about

Pair = tuple[str, str]


@dataclass(frozen=True)
class People:
    """(beginning, birthplace) of the biographies, and (question, birthplace) of both halves."""

    biographies: list[Pair]
    train: list[Pair]
    test: list[Pair]

    @property
    def text(self) -> str:
        """Everything in lines, for the vocabulary."""
        pairs = (*self.biographies, *self.train, *self.test)
        return "\n".join(beginning + city for beginning, city in pairs)


def invent(letters: Sequence[str], seed: int) -> People:
    """Draws who is who: no two have the same letter."""
    rng = random.Random(seed)
    names, cities = rng.sample(letters, 2 * EACH), [*_cities(rng), *_cities(rng)]
    asked = [(f"{name} of?", city) for name, city in zip(names, cities, strict=True)]
    told = [(f"{name} of ", city) for name, city in zip(names, cities, strict=True)]
    return People(rng.sample(told, len(told)), asked[:EACH], asked[EACH:])


def _cities(rng: random.Random) -> list[str]:
    """The birthplaces of one half."""
    return rng.sample([LONDON] * LONDONERS + CITIES, EACH)
