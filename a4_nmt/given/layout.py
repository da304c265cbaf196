"""Sentences of different lengths without their padding. Given code: nothing to write here.

The sentences are sorted, longest first, and their real tokens lie one place after another: first
the first token of each, then the second of those that have one, and so on. So the tokens that a
recurrent network reads in one step are neighbours, and the sentences that are still going on are
the first ones.

Letters in the shapes: b sentences, T the length of the longest, N real tokens in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor


class Layout:
    """Where the tokens of sentences of these lengths lie.

    order: (b,) long, which sentence each row is. steps: for each place the slice of its tokens
    among the N. places: (b, T) long, where each row's tokens lie, 0 where it has none. real: (b, T)
    bool, where it has one.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device | str = "cpu") -> None:
        sizes, order = torch.tensor(lengths).sort(descending=True, stable=True)
        real = torch.arange(int(sizes[0])) < sizes[:, None]
        rows = real.sum(dim=0)  # (T,), sentences that go on
        starts = [0, *accumulate(rows.tolist())]
        places = torch.arange(len(lengths))[:, None] + torch.tensor(starts[:-1])
        self.steps = [slice(first, last) for first, last in pairwise(starts)]
        self.order, self.real = order.to(device), real.to(device)
        self.places = places.where(real, 0).to(device)
        self._tokens = real.t().flatten().nonzero().squeeze(1).to(device)  # (N,), into T * b

    def pack(self, padded: Tensor) -> Tensor:
        """(T, b, ...), in the order in which the lengths were given -> (N, ...)."""
        by_row = padded[: self.real.size(1), self.order]
        return by_row.flatten(0, 1).index_select(0, self._tokens)

    def rows(self, packed: Tensor) -> Tensor:
        """(N, ...) -> (b, T, ...), a row after another; past its end a row has arbitrary tokens."""
        return packed.index_select(0, self.places.flatten()).unflatten(0, self.places.shape)

    def tokens(self, by_row: Tensor) -> Tensor:
        """(b, T, ...) -> (N, ...): the inverse of `rows`."""
        return by_row.transpose(0, 1).flatten(0, 1).index_select(0, self._tokens)

    def sentences(self, rows: Tensor) -> Tensor:
        """(b, ...), row after row -> the same in the order in which the lengths were given."""
        return torch.empty_like(rows).index_copy(0, self.order, rows)
