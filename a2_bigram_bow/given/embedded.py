"""Embedded data: an invented text in which distant characters help predict the next one.

Every tale is in one of eight dialects: a few consonants, and two of the five vowels. Most syllables
have the vowel that all dialects share, so the last characters alone rarely identify the dialect;
the letters of a whole block do. A model that averages 32 or 64 characters therefore guesses better
than one that averages 8, and both better than bigrams (results/README.md). In real text distant
characters matter less: there a uniform average of many is worse than one of few.

    text = build()              # the same text for the same size and seed
    python given/embedded.py FILE     # writes it

"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from course.errors import UserError, run_main
from course.files import write_aside

SIZES = {"tiny": 20_000, "small": 200_000}  # characters
CONSONANTS = "bcdfghklmnprstvz"
VOWELS = "aiou"
SHARED_VOWEL = "e"
SHARED = 0.5  # the share of syllables with it
DIALECTS = 8
CONSONANTS_EACH = 4
SENTENCES = (3, 6)  # of a tale
WORDS = (4, 8)  # of a sentence
SYLLABLES = (1, 3)  # of a word


def build(size: str = "small", seed: int = 0) -> str:
    """Tales, one per line. Raises UserError for an unknown size."""
    if size not in SIZES:
        raise UserError(f"{size!r} is not a size: choose one of {', '.join(SIZES)}")
    rng = random.Random(f"tales {size} {seed}")
    dialects = [
        (rng.sample(CONSONANTS, CONSONANTS_EACH), rng.sample(VOWELS, 1)) for _ in range(DIALECTS)
    ]
    text = ""
    while len(text) < SIZES[size]:
        text += tale(rng, *rng.choice(dialects)) + "\n"
    return text


def tale(rng: random.Random, consonants: Sequence[str], vowels: Sequence[str]) -> str:
    """A few sentences in one dialect, on one line."""
    return " ".join(_sentence(rng, consonants, vowels) for _ in range(rng.randint(*SENTENCES)))


def _sentence(rng: random.Random, consonants: Sequence[str], vowels: Sequence[str]) -> str:
    words = [_word(rng, consonants, vowels) for _ in range(rng.randint(*WORDS))]
    return " ".join(words).capitalize() + "."


def _word(rng: random.Random, consonants: Sequence[str], vowels: Sequence[str]) -> str:
    count = rng.randint(*SYLLABLES)
    return "".join(
        rng.choice(consonants) + (SHARED_VOWEL if rng.random() < SHARED else rng.choice(vowels))
        for _ in range(count)
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="embedded.py", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="where the text goes")
    parser.add_argument("--size", choices=tuple(SIZES), default="small")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        with write_aside(args.file) as file:
            file.write(build(args.size, args.seed).encode())
    except OSError as error:
        raise UserError(f"cannot write {args.file}: {error.strerror or error}") from error
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
