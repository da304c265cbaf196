"""Embedded data: every task in files like the real ones, small, invented and without a network.

    files = build()                      # {"ids-sst-train.csv": text, ...}, always the same
    python given/embedded.py FOLDER      # the same as files

The sentences are those of reviews.py and events.py. No sentence, and no pair, is in two splits.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import events
import reviews

from course.errors import run_main
from course.files import write_all

Row = tuple[Any, ...]  # sentences, and the label
SIZES = {"train": 2400, "dev": 400, "test": 400}
LONG_SIZES = {"train": 600, "dev": 200, "test": 200}
REVIEW = ("id", "sentence", "sentiment")
# File name without the split: columns, what draws a row, how many rows.
SOURCES: dict[str, tuple[tuple[str, ...], Callable[[random.Random], Row], dict[str, int]]] = {
    "ids-sst-{}.csv": (REVIEW, reviews.review, SIZES),
    "ids-cfimdb-{}.csv": (REVIEW, reviews.long_review, LONG_SIZES),
    "quora-{}.csv": (
        ("id", "sentence1", "sentence2", "is_duplicate"),
        events.questions,
        {"train-small": 3600, "dev": 400},
    ),
    "sts-{}.csv": (
        ("id", "sentence1", "sentence2", "similarity"),
        events.statements,
        {"train": 3600, "dev": 400, "test": 400},
    ),
}


@cache
def build(seed: int = 0) -> dict[str, str]:
    """The files' texts by the real data's file names. Those of the test sets have no labels."""
    files = {}
    for pattern, (columns, draw, sizes) in SOURCES.items():
        rng = random.Random(f"{pattern} {seed}")
        drawn = list(islice(_different(draw, rng), sum(sizes.values())))
        rng.shuffle(drawn)  # paraphrases become rarer as they are used up
        rows = iter(drawn)
        for split, size in sizes.items():
            name = pattern.format("test-student" if split == "test" else split)
            own = [(f"{split}-{number:04d}", *next(rows)) for number in range(size)]
            fields = len(columns) - (split == "test")
            files[name] = _lines(columns[:fields], [row[:fields] for row in own])
    return files


def _different(draw: Callable[[random.Random], Row], rng: random.Random) -> Iterator[Row]:
    """Rows whose sentences have not come before."""
    seen = set()
    while True:
        *sentences, label = draw(rng)
        if tuple(sentences) not in seen:
            seen.add(tuple(sentences))
            yield *sentences, label


def _lines(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The course's format: a column without a name that counts the rows, then tabs between."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(["", *columns])
    writer.writerows([number, *row] for number, row in enumerate(rows))
    return text.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files into a folder."""
    parser = argparse.ArgumentParser(description="Write the embedded data as files.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go")
    folder = parser.parse_args(argv).folder
    write_all(folder, {name: text.encode() for name, text in build().items()})
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
