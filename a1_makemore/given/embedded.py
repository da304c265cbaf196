"""Embedded data: invented names, from a small hand-made phonology.

A name has two or three syllables, rarely four. A syllable has an onset, a vowel and perhaps a coda,
and rules link distant characters: the vowels of one name are either all front or all back (vowel
harmony), some consonants do not follow each other, and the ending depends on the first vowel.
A model that sees one character back cannot learn these rules, one that sees eight can: as with real
names, each further character of context lowers the loss.

    build()                  # about 8,000 different names, the same each time, in random order
    python given/embedded.py FILE  # the names as a file, one per line
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from course.errors import UserError, run_main
from course.files import make_folder, write_aside

COUNT = 8000
SEED = 0
ONSETS = (*"bdfghjklmnprstvz", "br", "dr", "kl", "kr", "sh", "st", "th", "tr")
CODAS = ("l", "m", "n", "r", "s", "k", "nd", "rn", "lt")
# Front or back: all vowels of a name come from the same row.
HARMONY = {"front": ("e", "i", "ei", "ie"), "back": ("a", "o", "u", "ao")}
WEIGHTS = (6, 5, 1, 1)  # of a row's vowels: pairs are rare
ENDINGS = {  # by the first vowel
    "e": ("e", "en", "ette"),
    "i": ("i", "is", "ine"),
    "a": ("a", "an", "ara"),
    "o": ("o", "os", "or"),
    "u": ("u", "us", "um"),
}
SYLLABLES, SYLLABLE_WEIGHTS = (1, 2, 3), (4, 6, 1)  # before the ending
# The coda of one syllable and the onset of the next would run into each other.
CLASHES = {"n": "n", "m": "m", "l": "l", "r": "r", "s": "sz", "k": "kg"}


def build(count: int = COUNT, seed: int = SEED) -> list[str]:
    """Invent `count` different names; one seed gives the same names in the same order."""
    rng = random.Random(f"names {seed}")
    names: dict[str, None] = {}  # used as an ordered set
    while len(names) < count:
        names[invent(rng)] = None
    return list(names)


def text() -> str:
    """The names as a file, one per line."""
    return "".join(f"{name}\n" for name in build())


def invent(rng: random.Random) -> str:
    """One name of lower-case letters."""
    vowels = HARMONY[rng.choice(tuple(HARMONY))]
    count = rng.choices(SYLLABLES, SYLLABLE_WEIGHTS)[0]
    name = first = ""
    for _ in range(count):
        vowel = rng.choices(vowels, WEIGHTS)[0]
        first = first or vowel[0]
        coda = rng.choice(CODAS) if rng.random() < 0.35 else ""
        name += _onset(name, rng) + vowel + coda
    return name + _onset(name, rng) + rng.choice(ENDINGS[first])


def _onset(before: str, rng: random.Random) -> str:
    """An onset that does not clash with the name so far; a name may begin with a vowel."""
    if not before and rng.random() < 0.2:
        return ""
    bad = CLASHES.get(before[-1:], "")
    return rng.choice([onset for onset in ONSETS if onset[0] not in bad])


def main(argv: Sequence[str] | None = None) -> int:
    """Write the names to a file."""
    parser = argparse.ArgumentParser(description="Write the embedded names, one per line.")
    parser.add_argument("file", type=Path, metavar="FILE", help="where to write the names")
    file = parser.parse_args(argv).file
    try:
        make_folder(file.parent)
        with write_aside(file) as out:
            out.write(text().encode())
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror or error}") from error
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
