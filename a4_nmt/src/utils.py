"""Sentences of different lengths in one batch, and files of sentences.

`pad_sents` is yours to write (part a); the rest is given.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

Word = TypeVar("Word", int, str)
Sentence = list[str]


def pad_sents(sents: Sequence[Sequence[Word]], pad_token: Word) -> list[list[Word]]:
    """Make all sentences as long as the longest, by pad_token at their ends.

    The sentences themselves stay as they are.
    """
    # TODO(a): return a new list of b lists, each as long as the longest sentence of the batch.
    raise NotImplementedError("TODO(a): pad_sents")


def read_corpus(path: str | Path, source: str) -> list[Sentence]:
    """The words of each line of a file, split at white space.

    source: "src" or "tgt"; a target sentence is put between <s> and </s>.
    """
    sents = [line.split() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [["<s>", *sent, "</s>"] for sent in sents] if source == "tgt" else sents


def batch_iter(
    data: Sequence[tuple[Sentence, Sentence]], batch_size: int, shuffle: bool = False
) -> Iterator[tuple[list[Sentence], list[Sentence]]]:
    """Batches of (source sentences, target sentences), the longest source of each batch first.

    shuffle: whether to draw the order of the pairs from Python's random numbers.
    """
    pairs = random.sample(data, len(data)) if shuffle else list(data)
    for first in range(0, len(pairs), batch_size):
        batch = sorted(pairs[first : first + batch_size], key=lambda pair: -len(pair[0]))
        yield [source for source, _ in batch], [target for _, target in batch]
