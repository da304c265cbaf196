"""N-grams of characters: the baseline that every model has to beat, exact and within seconds.

    counts = Counts(sequences, alphabet, order=7)
    counts.log_probs([alphabet.encode("A man is running.")])

The smoothing is that of Witten and Bell, "The zero-frequency problem" (1991), interpolated: after a
context h that was followed by n symbols, t of them different,

    p(c | h) = (count(h c) + t p(c | h without its first symbol)) / (n + t),

and below the unigram all symbols are equally probable. A text writes an end and pays for it; after
99 characters, where all texts are cut, the end is certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from alphabet import MAX_LENGTH, Alphabet
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """What was counted after contexts of one length, which are numbered.

    A key is a context's number times the number of symbols, plus a symbol. contexts: the keys, in
    order, of the context one shorter and the symbol before it; their places are the new numbers.
    grams: the keys of a context and the symbol after it; counts: how often each was seen. totals
    and kinds: n and t of each context.
    """

    contexts: Integers
    grams: Integers
    counts: Integers
    totals: Integers
    kinds: Integers


class Counts:
    """An n-gram model. order: n, the predicted symbol and those that are looked at before it."""

    def __init__(self, sequences: Sequence[list[int]], alphabet: Alphabet, order: int) -> None:
        if order < 1:
            raise ValueError(f"order {order} is not at least 1")
        self.alphabet, self.order = alphabet, order
        symbols, places, _ = self._flat(sequences)
        context = np.zeros(len(places), dtype=np.int64)  # each place's, by number; 0: the empty one
        self.levels: list[Level] = []
        for length in range(order):
            contexts = np.zeros(1, dtype=np.int64)
            if length:
                before = self._keys(context, symbols[places - length])
                contexts, context = np.unique(before, return_inverse=True)
            self.levels.append(self._count(contexts, context, symbols[places]))

    def log_probs(self, sequences: Sequence[list[int]]) -> list[NDArray[np.float64]]:
        """For each sequence log p, in nats, of its characters and of its end.

        The end is left out where it is certain.
        """
        symbols, places, sizes = self._flat(sequences)
        context = np.zeros(len(places), dtype=np.int64)
        seen = np.ones(len(places), dtype=bool)  # whether the context was: if not, no longer one
        p = np.full(len(places), 1 / (self.alphabet.size + 1))
        for length, level in enumerate(self.levels):
            if length:
                before = self._keys(context, symbols[places - length])
                context, is_known = _find(level.contexts, before)
                seen &= is_known
            gram, is_known = _find(level.grams, self._keys(context, symbols[places]))
            count, kinds = np.where(is_known, level.counts[gram], 0), level.kinds[context]
            p = np.where(seen, (count + kinds * p) / (level.totals[context] + kinds), p)
        return np.split(np.log(p), np.cumsum(sizes)[:-1])

    def _count(self, contexts: Integers, context: Integers, after: Integers) -> Level:
        grams, counts = np.unique(self._keys(context, after), return_counts=True)
        kinds = np.bincount(grams // self.alphabet.total)
        return Level(contexts, grams, counts, np.bincount(context), kinds)

    def _keys(self, context: Integers, symbols: Integers) -> Integers:
        return context * self.alphabet.total + symbols

    def _flat(self, sequences: Sequence[list[int]]) -> tuple[Integers, Integers, Integers]:
        """All symbols in a row, begins before each sequence; the places that are predicted; and how
        many each sequence has of them."""
        begins = [self.alphabet.begin] * (self.order - 1)
        written = [self._written(codes) for codes in sequences]
        symbols = np.array([code for each in written for code in begins + each], dtype=np.int64)
        predicted = [
            flag for each in written for flag in [False] * len(begins) + [True] * len(each)
        ]
        sizes = np.array([len(each) for each in written], dtype=np.int64)
        return symbols, np.flatnonzero(predicted), sizes

    def _written(self, codes: list[int]) -> list[int]:
        return [*codes, self.alphabet.end] if len(codes) < MAX_LENGTH else list(codes)


def _find(table: Integers, keys: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """The place of each key in a sorted table, and whether it is there."""
    places = np.searchsorted(table, keys).clip(max=len(table) - 1)
    return places, table[places] == keys
