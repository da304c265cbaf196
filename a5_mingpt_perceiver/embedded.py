"""Embedded data: invented people, their biographies, and questions about where they were born.

It teaches the lesson of the real data, small and without a network. Every person has biographies;
some people are asked about in the questions to finetune on, others in those of dev and test, and
no one in two of them. The answer to a dev or test question therefore stands in the biographies
alone: a model that was not pretrained on them can only guess, and London, the most frequent
birthplace, is the best guess there is.

    corpus = build()                     # the same text for the same size and seed
    corpus.biographies                   # one a line: the pretraining text
    corpus.train, corpus.dev, corpus.test    # (question, answer) pairs

Nobody here is real; the cities are.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

Pair = tuple[str, str]

LONDON = "London"
LONDON_SHARE = 0.05
CITIES = (
    "Amsterdam", "Berlin", "Chicago", "Dublin", "Edinburgh", "Florence", "Geneva", "Havana",
    "Istanbul", "Jakarta", "Kyoto", "Lisbon", "Madrid", "Nairobi", "Oslo", "Paris", "Quito", "Rome",
    "Sydney", "Toronto", "Utrecht", "Vienna", "Warsaw", "York", "Zurich", "Athens", "Boston",
    "Cairo", "Delhi", "Mumbai",
)  # fmt: skip
# The vocabulary is that of the biographies, and must have the questions' characters too.
TITLE = "Where? When? What follows tells who was born, and where."
OCCUPATIONS = (
    "painter", "chemist", "lawyer", "poet", "pilot", "singer", "baker", "surgeon", "botanist",
    "architect", "printer", "teacher", "composer", "swimmer", "geologist", "journalist",
)  # fmt: skip
GIVEN = (
    "Ada", "Bram", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo", "Iris", "Jonas", "Kira", "Leo",
    "Mira", "Nils", "Otto", "Petra", "Rosa", "Sven", "Tilda", "Uma", "Viktor", "Wanda", "Zeno",
)  # fmt: skip
ONSETS = "B D F G H K L M N P R S T V Z Br Dr Gr Kr St Tr".split()
VOWELS = "aeiou"
ENDINGS = "ba den ga ke lin mo na per ro san ti vel wick xa zo".split()
FORMS = (
    "{name}. {name} was a {occupation} born in {city}.",
    "{name} (born {year} in {city}) is a {occupation}.",
    "{name}. Born in {city}, {surname} became a {occupation}.",
    "{name}, {occupation}, was born in {city} in {year}.",
    "{name} was born in {city} and works as a {occupation}.",
    "{name} is a {occupation} whose place of birth is {city}.",
)


@dataclass(frozen=True)
class Size:
    """How much to invent: people who are asked about in each split, and biographies of each."""

    train: int
    dev: int
    test: int
    biographies: int
    forms: tuple[str, ...] = FORMS


SIZES = {
    "standard": Size(train=160, dev=80, test=80, biographies=4),
    # For a model of a few hundred thousand weights that is trained within seconds.
    "tiny": Size(train=40, dev=20, test=40, biographies=1, forms=("{name} was born in {city}.",)),
}


@dataclass(frozen=True)
class Corpus:
    """An invented world: the text to pretrain on, and questions with their answers."""

    biographies: str
    train: tuple[Pair, ...]
    dev: tuple[Pair, ...]
    test: tuple[Pair, ...]

    def files(self) -> dict[str, str]:
        """The texts by the names of the real data's files; those of the test have no answers."""
        return {
            "wiki.txt": self.biographies,
            "birth_places_train.tsv": lines(self.train),
            "birth_dev.tsv": lines(self.dev),
            "birth_test_inputs.tsv": "".join(f"{question}\n" for question, _ in self.test),
        }


@dataclass(frozen=True)
class Person:
    name: str
    surname: str
    city: str
    occupation: str
    year: int


def build(size: str = "standard", seed: int = 0) -> Corpus:
    """Invent a corpus. Raises ValueError for a size that is not one of SIZES."""
    if size not in SIZES:
        raise ValueError(f"{size!r} is not a size: choose one of {', '.join(SIZES)}")
    wanted, rng = SIZES[size], random.Random(f"{size} {seed}")
    counts = (wanted.train, wanted.dev, wanted.test)
    surnames = iter(rng.sample(_surnames(), sum(counts)))
    splits = [_people(count, surnames, rng) for count in counts]
    texts = [text for people in splits for p in people for text in _biographies(p, wanted, rng)]
    rng.shuffle(texts)
    return Corpus("\n".join([TITLE, *texts]), *(tuple(map(_pair, people)) for people in splits))


def lines(pairs: tuple[Pair, ...]) -> str:
    """Pairs as a tsv has them: question, TAB, answer."""
    return "".join(f"{question}\t{answer}\n" for question, answer in pairs)


def question(name: str) -> str:
    return f"Where was {name} born?"


def _pair(person: Person) -> Pair:
    return question(person.name), person.city


def _surnames() -> list[str]:
    return [a + b + c for a in ONSETS for b in VOWELS for c in ENDINGS]


def _people(count: int, surnames, rng: random.Random) -> list[Person]:
    return [
        _person(next(surnames), city, rng) for city in _birthplaces(count, rng)
    ]


def _person(surname: str, city: str, rng: random.Random) -> Person:
    name = f"{rng.choice(GIVEN)} {surname}"
    return Person(name, surname, city, rng.choice(OCCUPATIONS), rng.randint(1850, 1990))


def _birthplaces(count: int, rng: random.Random) -> list[str]:
    """London for LONDON_SHARE of `count`; the other cities as evenly as it goes, so fewer each."""
    london = round(count * LONDON_SHARE)
    places = [LONDON] * london
    while len(places) < count:
        places += rng.sample(CITIES, min(len(CITIES), count - len(places)))
    rng.shuffle(places)
    return places


def _biographies(person: Person, size: Size, rng: random.Random) -> list[str]:
    forms = rng.sample(size.forms, min(size.biographies, len(size.forms)))
    return [form.format(**vars(person)) for form in forms]
