"""Embedded data: Chinese numerals, dates, times, prices and short sentences, with their English.

Every pair is right by construction, and cannot be translated word by word: see numerals.py for what
changes places. In sentences, when something happens comes before the verb in Chinese and last in
English, and measure words (一本书) have no English at all.

    corpus = build()                # the same pairs for the same size and seed
    corpus.train[0].source          # 下午三点一刻
    corpus.train[0].references      # ("a quarter past three in the afternoon", "3:15 pm")
    corpus.train[0].kind            # time

What is held out is held out by value: each number, date, time or price belongs to one split, and a
sentence of a split uses only values of its own. So no dev or test pair contains anything that was
trained on as a whole. Only numbers below a hundred are all in train, since the others are made of
them. The first reference is the one to learn; the others are as right, for BLEU.

    python given/embedded.py FOLDER     # the texts as files
"""

from __future__ import annotations

import argparse
import datetime
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numerals
from numerals import Expression
from templates import sentence

from course.errors import run_main
from course.files import write_all

SPLITS = ("train", "dev", "test")
VALUES = ("number", "date", "time", "price")
KINDS = (*VALUES, "sentence")
SMALL = 100  # numbers below this are in train
COUNTABLE = range(2, 10_000)  # things that somebody has, in a sentence
MOST_DIGITS = 8
FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2035, 12, 31)
ROUND_SHARE = 0.3  # of numbers with some digits replaced by zeros: 零 has rules of its own


@dataclass(frozen=True)
class Example:
    """A sentence and its translations, the first the one to learn.

    kind: of the embedded data, one of KINDS.
    """

    source: str
    references: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Size:
    """Examples of each kind, in the order of KINDS, in train and in dev and test each."""

    train: tuple[int, ...]
    held_out: tuple[int, ...]


SIZES = {
    "standard": Size((8000, 4000, 1200, 3000, 9000), (200, 200, 60, 100, 140)),
    # For a test that trains for seconds.
    "tiny": Size((120, 20, 20, 20, 20), (4, 4, 4, 4, 4)),
}


@dataclass(frozen=True)
class Corpus:
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]

    def files(self) -> dict[str, str]:
        """{name: text}: lines of a sentence and its translations, with TABs between them."""
        return {f"{split}.tsv": lines(getattr(self, split)) for split in SPLITS}


def build(size: str = "standard", seed: int = 0) -> Corpus:
    """Make a corpus. Raises ValueError for a size that is not one of SIZES."""
    if size not in SIZES:
        raise ValueError(f"{size!r} is not a size: choose one of {', '.join(SIZES)}")
    rng = random.Random(f"{size} {seed}")
    pools = {kind: _pools(kind, SIZES[size], rng) for kind in VALUES}
    splits = {}
    for split in SPLITS:
        own = {kind: pools[kind][split] for kind in VALUES}
        splits[split] = _examples(own, _counts(SIZES[size], split)[-1], rng)
    return Corpus(**splits)


def lines(examples: Sequence[Example]) -> str:
    """Lines of a tsv: the Chinese, TAB, the English, TAB, other English."""
    return "".join("\t".join((each.source, *each.references)) + "\n" for each in examples)


def _counts(size: Size, split: str) -> tuple[int, ...]:
    return size.train if split == "train" else size.held_out


def _pools(kind: str, size: Size, rng: random.Random) -> dict[str, list[Any]]:
    """The values of a kind in each split; no value is in two."""
    wanted = {split: _counts(size, split)[KINDS.index(kind)] for split in SPLITS}
    values, used = DRAW[kind](rng), set()
    pools: dict[str, list[Any]] = {"dev": [], "test": [], "train": []}
    if kind == "number":
        pools["train"] = list(range(SMALL))[: wanted["train"]]
        used = set(range(SMALL))
    for split, pool in pools.items():
        while len(pool) < wanted[split]:
            value = next(values)
            if value not in used:
                used.add(value)
                pool.append(value)
    return pools


def _examples(pools: dict[str, list[Any]], sentences: int, rng: random.Random) -> tuple:
    """A split's examples in random order: each value by itself, and sentences that use them."""
    examples = [
        _example(EXPRESS[kind](value), kind) for kind, pool in pools.items() for value in pool
    ]
    draw = {kind: partial(_expression, kind, pool, rng) for kind, pool in pools.items()}
    counts = [n for n in pools["number"] if n in COUNTABLE] or pools["number"]
    draw["number"] = lambda: numerals.count(rng.choice(counts))
    examples += _distinct(sentences, lambda: _example(sentence(draw, rng), "sentence"))
    rng.shuffle(examples)
    return tuple(examples)


def _expression(kind: str, pool: list[Any], rng: random.Random) -> Expression:
    return EXPRESS[kind](rng.choice(pool))


def _distinct(count: int, make: Callable[[], Example]) -> list[Example]:
    by_source: dict[str, Example] = {}
    while len(by_source) < count:
        example = make()
        by_source.setdefault(example.source, example)
    return list(by_source.values())


def _example(expression: Expression, kind: str) -> Example:
    return Example(expression.chinese, (expression.english, *expression.other), kind)


def _numbers(rng: random.Random) -> Iterator[int]:
    """Numbers with as many of each length, some of them round."""
    while True:
        digits = [rng.choice("123456789")]
        digits += rng.choices("0123456789", k=rng.randint(0, MOST_DIGITS - 1))
        if rng.random() < ROUND_SHARE:
            digits[1:] = [digit if rng.random() < 0.5 else "0" for digit in digits[1:]]
        yield int("".join(digits))


def _dates(rng: random.Random) -> Iterator[datetime.date]:
    days = (LAST_DAY - FIRST_DAY).days
    while True:
        yield FIRST_DAY + datetime.timedelta(days=rng.randint(0, days))


def _times(rng: random.Random) -> Iterator[tuple[int, int]]:
    times = [(hour, minute) for hour in range(numerals.FIRST_HOUR, 24) for minute in range(60)]
    rng.shuffle(times)
    return iter(times)


def _prices(rng: random.Random) -> Iterator[int]:
    """In fen: whole yuan, or with jiao, or with jiao and fen."""
    while True:
        yuan = rng.randint(1, 10 ** rng.randint(1, 5) - 1)
        yield yuan * 100 + rng.choice((0, 10 * rng.randint(1, 9), rng.randint(1, 99)))


def _express_date(day: datetime.date) -> Expression:
    return numerals.date(day, weekday=day.toordinal() % 5 < 2)  # the same date, the same form


DRAW: dict[str, Callable[[random.Random], Iterator[Any]]] = {
    "number": _numbers,
    "date": _dates,
    "time": _times,
    "price": _prices,
}
EXPRESS: dict[str, Callable[[Any], Expression]] = {
    "number": numerals.number,
    "date": _express_date,
    "time": lambda value: numerals.time_of_day(*value),
    "price": numerals.price,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the texts of the standard corpus into a folder."""
    parser = argparse.ArgumentParser(description="Write the embedded data as files.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go")
    folder = parser.parse_args(argv).folder
    write_all(folder, {name: text.encode() for name, text in build().files().items()})
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
