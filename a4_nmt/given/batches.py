"""Sentence pairs in indices, and batches of pairs of similar length. Nothing to write here.

    data = encode(pairs, vocab)
    for indices in epoch(data.lengths, batch_size=64, seed=0, number=0):
        batch = data.batch(indices).to(device)

A batch is padded to its longest source and its longest target, so pairs of similar length waste
little.

Letters in the shapes: b batch, S places of the longest source, T places of the longest target.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from vocab import END, PAD_ID, START, Vocab

Pieces = Sequence[str]
POOL = 32  # batches that are sorted by length together; more pad less, and mix less


@dataclass(frozen=True)
class Batch:
    """Sentence pairs as columns, the longest source first.

    source: (S, b) long. source_lengths: b ints. target: (T, b) long, <s> first and </s> last.
    Pads are 0.
    """

    source: Tensor
    source_lengths: list[int]
    target: Tensor

    @property
    def target_tokens(self) -> int:
        """The targets that are predicted: all but <s> and the pads."""
        return int((self.target[1:] != PAD_ID).sum())

    def to(self, device: torch.device) -> Batch:
        return Batch(self.source.to(device), self.source_lengths, self.target.to(device))


@dataclass(frozen=True)
class Encoded:
    """The indices of pairs: of each source, and of each target between <s> and </s>."""

    sources: list[list[int]]
    targets: list[list[int]]

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def lengths(self) -> list[tuple[int, int]]:
        """(target's length, source's length) of each pair: sorted so, they pad little."""
        pairs = zip(self.targets, self.sources, strict=True)
        return [(len(target), len(source)) for target, source in pairs]

    def batch(self, indices: Iterable[int]) -> Batch:
        """These pairs, the longest source first."""
        rows = sorted(indices, key=lambda index: -len(self.sources[index]))
        lengths = [len(self.sources[index]) for index in rows]
        return Batch(_columns(self.sources, rows), lengths, _columns(self.targets, rows))


def encode(pairs: Iterable[tuple[Pieces, Pieces]], vocab: Vocab) -> Encoded:
    """Pairs of (source pieces, target pieces) in indices. The targets come without <s> and </s>."""
    sources, targets = [], []
    for source, target in pairs:
        sources.append([vocab.src[piece] for piece in source])
        targets.append([vocab.tgt[piece] for piece in (START, *target, END)])
    return Encoded(sources, targets)


def epoch(
    lengths: Sequence[tuple[int, int]], batch_size: int, seed: int, number: int
) -> list[list[int]]:
    """The indices of each batch of an epoch: pairs of similar length, in random order.

    The order depends on the seed and the number of the epoch alone.
    """
    rng = np.random.default_rng([seed, number])
    order = rng.permutation(len(lengths)).tolist()
    batches = []
    for first in range(0, len(order), POOL * batch_size):
        pool = sorted(order[first : first + POOL * batch_size], key=lengths.__getitem__)
        batches += _cut(pool, batch_size)
    return [batches[place] for place in rng.permutation(len(batches))]


def by_length(lengths: Sequence[tuple[int, int]], batch_size: int) -> list[list[int]]:
    """Batches of all indices, the longest first: for evaluation, where their order is free."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    return _cut(order, batch_size)


def _cut(indices: list[int], batch_size: int) -> list[list[int]]:
    return [indices[first : first + batch_size] for first in range(0, len(indices), batch_size)]


def _columns(sentences: Sequence[list[int]], rows: Iterable[int]) -> Tensor:
    rows_of_ids = [torch.tensor(sentences[row], dtype=torch.long) for row in rows]
    return pad_sequence(rows_of_ids, padding_value=PAD_ID)
