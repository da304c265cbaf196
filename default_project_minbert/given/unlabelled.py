"""The texts that BERT is pretrained on: those of the tasks without their labels, and documents.

    texts = read(args)
    texts.rows(epoch)       # what an epoch reads: its pairs of sentences are drawn anew
    texts.dev               # rows to score on, that nothing was trained on

All tasks' training sentences are read, those of a pair together or alone. The embedded data have
documents too, of whose sentences the pairs for next-sentence prediction are made; the real data
have none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import corpora
import documents
from datasets import TASKS, Example
from sentences import Row, next_sentence_pairs

DEV_SEED = 0  # the same dev rows for every --seed, so that two models can be compared


@dataclass(frozen=True)
class Texts:
    """rows: those of an epoch, by its number; always as many. sha256: identifies all texts."""

    rows: Callable[[int], list[Row]]
    dev: list[Row]
    sha256: str


def read(args: argparse.Namespace) -> Texts:
    """The texts of --data. Raises UserError for a file that is missing or not valid."""
    found = [corpora.find(name, args) for name in TASKS]
    together = args.pairs == "together"
    own = [row for each in found for row in rows_of(each.train, together)]
    dev = [row for each in found for row in rows_of(each.dev, together)]
    stories: list[documents.Document] = []
    if args.data == "embedded":
        stories = documents.documents(args.documents)
        held_out = documents.documents(max(2, args.documents // 5), "dev")
        dev += next_sentence_pairs(held_out, random.Random(DEV_SEED))
    random.Random(DEV_SEED).shuffle(dev)

    def rows(epoch: int) -> list[Row]:
        rng = random.Random(f"{args.seed} {epoch}")
        return [*own, *next_sentence_pairs(stories, rng)]

    identity = json.dumps([[each.sha256 for each in found], stories])
    return Texts(rows, dev, hashlib.sha256(identity.encode()).hexdigest())


def rows_of(examples: Sequence[Example], together: bool) -> list[Row]:
    """Examples without labels. together: whether a pair is one row, or each sentence its own."""
    if together:
        return [Row(*example.sentences) for example in examples]
    return [Row(sentence) for example in examples for sentence in example.sentences]
