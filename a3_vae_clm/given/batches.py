"""Batches of sequences of similar length: little of them is padding.

for rows in epoch(lengths, batch_size=64, seed=0, number=0):
    batch = collate([sequences[row] for row in rows], alphabet)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from alphabet import Alphabet, Batch, collate

POOL = 32  # batches whose sequences are sorted together: more pad less, and mix less
EVALUATED = 128  # sequences at a time, in evaluation


def epoch(lengths: Sequence[int], batch_size: int, seed: int, number: int) -> list[list[int]]:
    """The rows of each batch of an epoch, longest first in each, the batches in random order.

    The order depends on the seed and the number of the epoch alone.
    """
    rng = np.random.default_rng([seed, number])
    order = rng.permutation(len(lengths)).tolist()
    batches = []
    for first in range(0, len(order), POOL * batch_size):
        pool = sorted(order[first : first + POOL * batch_size], key=lambda row: -lengths[row])
        batches += cut(pool, batch_size)
    return [batches[place] for place in rng.permutation(len(batches))]


def cut(rows: Sequence[int], batch_size: int) -> list[list[int]]:
    """Rows in their order, as many at a time as a batch has."""
    return [list(rows[first : first + batch_size]) for first in range(0, len(rows), batch_size)]


def in_order(
    sequences: Sequence[list[int]], alphabet: Alphabet, batch_size: int = EVALUATED
) -> Iterator[tuple[list[int], Batch]]:
    """(rows, batch) of all sequences, the longest first: for evaluation."""
    order = sorted(range(len(sequences)), key=lambda row: -len(sequences[row]))
    for rows in cut(order, batch_size):
        yield rows, collate([sequences[row] for row in rows], alphabet)
