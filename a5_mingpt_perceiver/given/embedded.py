"""Embedded data: invented people, their biographies, and questions about where they were born.

It teaches the lesson of the real data, small and without a network. Every person has biographies;
the questions to finetune on ask about some people, those of dev and test about others, and nobody
is in two splits. The answer to a dev or test question is therefore only in the biographies: a model
that was not pretrained on them can only guess, and London, the most frequent birthplace, is the
best guess.

    corpus = build()                     # the same text for the same seed
    corpus.biographies                   # one per line: the pretraining text
    corpus.train, corpus.dev, corpus.test    # (question, answer) pairs

    python given/embedded.py FOLDER            # the texts as files, named as the real data's

Nobody here is real; the cities are.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.errors import run_main
from course.files import write_all

Pair = tuple[str, str]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LONDON = "London"
LONDON_SHARE = 0.05
CITIES = _words(
    """Amsterdam Berlin Chicago Dublin Edinburgh Florence Geneva Havana Istanbul Jakarta Kyoto
    Lisbon Madrid Nairobi Oslo Paris Quito Rome Sydney Toronto Utrecht Vienna Warsaw York Zurich
    Athens Boston Cairo Delhi Mumbai"""
)
# The vocabulary comes from the biographies, and must include the questions' characters.
TITLE = "Where? When? What follows tells who was born, and where."
OCCUPATIONS = _words(
    """painter chemist lawyer poet pilot singer baker surgeon botanist architect printer teacher
    composer swimmer geologist journalist"""
)
# The birthplace ends each form, as it ends an answer, so a small model learns within minutes.
FORMS = (
    "{name} was born in {city}",
    "{name} was a {occupation} born in {city}",
    "{name}, {occupation}, was born in {city}",
)
# A name's first letter is unique, so a model can learn the people within minutes.
LETTERS = "".join(
    (
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ΓΔΘΛΞΠΣΦΨΩ",
        "БГДЖЗИЛПФЦЧШЩЭЮЯ",
        "ÅÇÉÑÖØŠŽÜĆŁÞÆĐĒĢĪĶŪŘŤŮÂÊÎÔÛÀÈÌÒÙĂŐŰİĞ",
        "ԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ",
        "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    )
)
ENDINGS = ("en", "ara", "io", "ulf", "ea", "or")
TRAIN, DEV, TEST = 60, 40, 40  # people asked about in each split


@dataclass(frozen=True)
class Corpus:
    """An invented world: the text to pretrain on, and questions with their answers."""

    biographies: str
    train: tuple[Pair, ...]
    dev: tuple[Pair, ...]
    test: tuple[Pair, ...]

    def files(self) -> dict[str, str]:
        """The texts by the real data's file names; the test questions have no answers."""
        return {
            "wiki.txt": self.biographies,
            "birth_places_train.tsv": lines(self.train),
            "birth_dev.tsv": lines(self.dev),
            "birth_test_inputs.tsv": "".join(f"{question}\n" for question, _ in self.test),
        }


@dataclass(frozen=True)
class Person:
    name: str
    city: str
    occupation: str
    year: int  # drawn though no form tells it: so the text stays that of results/


def build(seed: int = 0) -> Corpus:
    """Invent a corpus."""
    rng = random.Random(f"standard {seed}")
    letters = rng.sample(LETTERS, TRAIN + DEV + TEST)
    names = (f"{letter}{rng.choice(ENDINGS)}" for letter in letters)
    splits = [_people(count, names, rng) for count in (TRAIN, DEV, TEST)]
    everybody = [person for people in splits for person in people]
    texts = [rng.choice(FORMS).format(**vars(person)) for person in everybody]
    rng.shuffle(texts)
    return Corpus("\n".join([TITLE, *texts]), *(tuple(map(_pair, people)) for people in splits))


def lines(pairs: tuple[Pair, ...]) -> str:
    """Pairs as lines of a tsv: question, TAB, answer."""
    return "".join(f"{question}\t{answer}\n" for question, answer in pairs)


def question(name: str) -> str:
    return f"Where was {name} born?"


def _pair(person: Person) -> Pair:
    return question(person.name), person.city


def _people(count: int, names: Iterator[str], rng: random.Random) -> list[Person]:
    places = _birthplaces(count, rng)
    return [
        Person(next(names), city, rng.choice(OCCUPATIONS), rng.randint(1850, 1990))
        for city in places
    ]


def _birthplaces(count: int, rng: random.Random) -> list[str]:
    """London for LONDON_SHARE of `count`; the other cities as evenly as possible."""
    places = [LONDON] * round(count * LONDON_SHARE)
    while len(places) < count:
        places += rng.sample(CITIES, min(len(CITIES), count - len(places)))
    rng.shuffle(places)
    return places


def main(argv: Sequence[str] | None = None) -> int:
    """Write the texts of the standard corpus into a folder."""
    parser = argparse.ArgumentParser(description="Write the embedded data as files.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go")
    folder = parser.parse_args(argv).folder
    write_all(folder, {name: text.encode() for name, text in build().files().items()})
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
