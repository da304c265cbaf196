"""Sentences whose entropy is known, so that a model's distance from the best one shows.

    corpus = build()
    ENGLISH.entropy()                      # nats a sentence: no model gets below it
    ENGLISH.log_prob("The boy is asleep.")

The sentences are put together from parts as those of a language are, and what one part is decides
what may stand far from it: a verb's number is that of its subject, not that of the noun before it
("The brother of the two farmers is ..."), and "his", "her" and "their" look back at the subject. No
sentence can be made in two ways, so the entropy of the grammar is that of the text.

    python given/embedded.py FOLDER        # writes train.txt, dev.txt and test.txt
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from grammar import Grammar

from course.errors import run_main
from course.files import write_all

COUNTS = {"train": 12_000, "dev": 1_000, "test": 1_000}
SEED = 9022  # of the sentences


def _words(text: str) -> dict[str, float]:
    """Words whose weights fall as 1, 1/2, 1/3, ..., as those of real words roughly do."""
    return {word: 1 / rank for rank, word in enumerate(text.split(), 1)}


ENGLISH = Grammar(
    {
        "sentence": {
            "<He> is <busy> his <thing>.": 3,
            "<She> is <busy> her <thing>.": 3,
            "<They> are <busy> their <thing>.": 3,
            "<He> is <idle>.": 2,
            "<She> is <idle>.": 2,
            "<They> are <idle>.": 2,
        },
        "He": {"<A> <man><dressed>": 3, "The <man>": 1, "The <hekin> of <others>": 2},
        "She": {"<A> <woman><dressed>": 3, "The <woman>": 1, "The <shekin> of <others>": 2},
        "They": {"<Some> <men>": 2, "<Some> <women>": 2, "The <kin> of <others>": 2},
        "others": {
            "the <man>": 3,
            "the <woman>": 3,
            "the <two> <men>": 2,
            "the <two> <women>": 2,
            "the <nearer> of the <man>": 1,
        },
        "dressed": {"": 2, " in a <colour> <coat>": 1},
        "idle": {"<state>": 1, "<state> <where> the <place>": 2},
        "other": {"the <man> waits": 1, "the <woman> waits": 1, "the <two> <men> wait": 1},
        "busy": _words("holding carrying washing selling painting hiding buying mending"),
        "thing": {"<object>": 3, "<colour> <object>": 2, "<object> as <other>": 1},
        "A": {"A": 2, "A young": 2, "A tall": 1, "An old": 1},
        "man": _words("man boy farmer sailor priest baker painter driver"),
        "woman": _words("woman girl nurse singer queen teacher doctor dancer"),
        "men": _words("men boys farmers sailors priests bakers painters drivers"),
        "women": _words("women girls nurses singers queens teachers doctors dancers"),
        "hekin": _words("brother son uncle father"),
        "shekin": _words("sister daughter aunt mother"),
        "kin": _words("friends parents cousins children"),
        "nearer": _words("dog neighbour guest"),
        "Some": _words("Two Three Several Many"),
        "two": _words("two three four"),
        "state": _words("sitting sleeping running jumping waiting playing reading laughing"),
        "where": _words("near behind beside outside"),
        "place": _words("house river church market station bridge garden school"),
        "colour": _words("red blue white green yellow black"),
        "coat": _words("coat shirt dress jacket"),
        "object": _words("hat bicycle guitar basket ladder horse camera boat bag"),
    },
    "sentence",
)


def build(counts: dict[str, int] | None = None, seed: int = SEED) -> dict[str, tuple[str, ...]]:
    """Sentences of each split, drawn independently: a sentence may stand in two splits."""
    generator = random.Random(seed)
    counts = COUNTS if counts is None else counts
    return {
        split: tuple(ENGLISH.sample(generator) for _ in range(count))
        for split, count in counts.items()
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the splits as files, and print the entropy."""
    parser = argparse.ArgumentParser(description="Write the embedded data as files.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go")
    folder = parser.parse_args(argv).folder
    splits = build()
    write_all(
        folder,
        {f"{split}.txt": ("\n".join(lines) + "\n").encode() for split, lines in splits.items()},
    )
    print(f"{ENGLISH.texts():,} sentences; the entropy is {ENGLISH.entropy():.4f} nats a sentence")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
