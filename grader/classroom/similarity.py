"""How much code two submissions share, beyond what everybody was given.

Of each submission every run of 9 tokens (code_tokens.py) is taken. Runs of the skeleton are
removed, then those that more than a third of the class has: that is how everyone writes it. The
others weigh log((N + 1) / n), for n of N submissions that have them, and a pair's score is the
weight of what they share over that of the smaller one (or over 40 runs that two have, if that is
more: a line or two in common is no likeness). Submissions that are equal in every file are found
whatever the score (copies.py). Winnowing (Schleimer, Wilkerson and Aiken, 2003)
keeps a sample of the runs; a class is small enough for all of them.

A score is a place to look, and no more: two who were taught together write alike.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from grader.classroom.code_tokens import Code, read
from grader.classroom.copies import Files, Same, equal_works, same_files

LENGTH = 9  # tokens of a run
FEWEST = 40  # own runs below which a submission is too short to compare, about four lines
SHARE = 3  # a run that more than 1 / SHARE of the class has is left out ...
ALWAYS = 5  # ... unless so few have it;
MOST = 100  # one that more have is left out of a large class too, or pairs would take hours
BASE = np.uint64(0x9E3779B97F4A7C15)  # any odd number with bits all over
Runs = NDArray[np.uint64]


@dataclass(frozen=True)
class Work:
    """One submission, as it is compared."""

    owner: str  # a student's id, or that of a group
    files: Mapping[str, str]  # {name: text}
    members: frozenset[str]  # the students it counts for: those of one are not compared
    term: str = ""  # an earlier one's name; "": this term
    shown: str = ""  # what pages call the owner; "": as it is

    @property
    def label(self) -> str:
        """Its name on the pages."""
        name = self.shown or self.owner
        return f"{name} ({self.term})" if self.term else name

    @cached_property
    def code(self) -> dict[str, Code]:
        """The tokens of each file, once they are asked for."""
        return {name: read(text) for name, text in sorted(self.files.items())}


@dataclass(frozen=True)
class Pair:
    """Two submissions, and how alike they are."""

    first: Work
    second: Work
    score: float  # 0 to 1: the share of the smaller one's own code that is in the other
    shared: int  # runs that both have
    same: tuple[str, ...] = ()  # the files that both have letter for letter


@dataclass(frozen=True)
class Equal:
    """Submissions that are the same in every file."""

    works: tuple[Work, ...]  # two or more
    pair: Pair  # two of them, to look at


def runs(code: Code) -> Runs:
    """A number for each run of 9 tokens, in order; equal runs have equal numbers."""
    if len(code.tokens) < LENGTH:
        return np.empty(0, np.uint64)
    numbers = np.array([zlib.crc32(token.encode()) for token in code.tokens], np.uint64)
    numbers = (numbers + np.uint64(1)) * BASE
    count = len(numbers) - LENGTH + 1
    total = np.zeros(count, np.uint64)
    for offset in range(LENGTH):  # a polynomial in BASE, modulo 2 ** 64
        total = total * BASE + numbers[offset : offset + count]
    return total


def own_runs(files: Files, given: Runs) -> Runs:
    """The runs of a submission's files, each once, sorted, without those of the skeleton."""
    every = [runs(read(text)) for text in files.values()]  # not kept: a class has many
    return np.setdiff1d(np.concatenate([*every, np.empty(0, np.uint64)]), given)


def given_runs(texts: Iterable[str]) -> Runs:
    """The runs of the files that everybody was given."""
    every = [runs(read(text)) for text in texts]
    return np.unique(np.concatenate([*every, np.empty(0, np.uint64)]))


@dataclass(frozen=True)
class Class:
    """The submissions of one assignment with the runs by which they are compared."""

    works: Sequence[Work]
    rows: Sequence[Runs]  # each submission's that count, sorted
    known: Runs  # all of them, sorted
    weights: NDArray[np.float64]  # of each of `known`
    equal: Sequence[Sequence[int]]  # the places of those that are the same in every file
    same: Same  # the equal files of each two
    short: Sequence[bool]  # whether each has too little code of its own to be compared

    @classmethod
    def of(cls, works: Sequence[Work], skeleton: Iterable[str]) -> Class:
        """skeleton: the texts of the files that everybody was given."""
        given = given_runs(skeleton)
        rows = [own_runs(work.files, given) for work in works]
        short = [len(row) < FEWEST for row in rows]
        rows = [row[:0] if is_short else row for row, is_short in zip(rows, short, strict=True)]
        known, counts = np.unique(np.concatenate([*rows, given[:0]]), return_counts=True)
        most = max(ALWAYS, min(len(works) // SHARE, MOST))
        rare = counts <= most
        known, counts = known[rare], counts[rare]
        weights = np.log((len(works) + 1) / np.maximum(counts, 1))
        rows = [row[np.isin(row, known)] for row in rows]
        files = [work.files for work in works]

        def is_own(own: Files) -> bool:
            return len(own_runs(own, given)) >= FEWEST

        equal, same = equal_works(files, is_own), same_files(files, most, is_own)
        return cls(works, rows, known, weights, equal, same, short)

    def pairs(self, least: float = 0.0) -> list[Pair]:
        """The pairs that share something, the most alike first; none within an earlier term.

        Those that are the same in every file are in `groups`; here one of them stands for all.
        least: the lowest score that is wanted.
        """
        scores = dict.fromkeys(self.same, 0.0) | self._scores()
        first = {place: places[0] for places, _ in self._groups() for place in places}
        found: dict[frozenset[int], Pair] = {}
        for (a, b), score in sorted(scores.items()):
            kinds = frozenset((first.get(a, a), first.get(b, b)))
            wanted = score >= least and len(kinds) == 2 and kinds not in found
            if wanted and self._comparable(a, b):
                found[kinds] = self._pair(a, b, score, self.same.get((a, b), ()))
        return sorted(found.values(), key=_order)

    def groups(self) -> list[Equal]:
        """Those that are the same in every file, whatever their score; the largest group first."""
        found = []
        for places, two in self._groups():
            works = tuple(self.works[place] for place in places)
            found.append(Equal(works, self._pair(*two, 1.0, tuple(sorted(works[0].files)))))
        return sorted(found, key=lambda each: (-len(each.works), each.works[0].label))

    def _groups(self) -> Iterator[tuple[Sequence[int], tuple[int, int]]]:
        """The places of equal ones, and two of them who may be compared."""
        for places in self.equal:
            two = next((two for two in combinations(places, 2) if self._comparable(*two)), None)
            if two:
                yield places, two

    def _comparable(self, a: int, b: int) -> bool:
        return comparable(self.works[a], self.works[b])

    def _pair(self, a: int, b: int, score: float, same: tuple[str, ...]) -> Pair:
        both = np.intersect1d(self.rows[a], self.rows[b], assume_unique=True)
        return Pair(self.works[a], self.works[b], min(score, 1.0), len(both), same)

    def _scores(self) -> dict[tuple[int, int], float]:
        """{(a, b): score} of the submissions that share rare runs, by their places, a < b."""
        count = len(self.works)
        columns = [np.searchsorted(self.known, row) for row in self.rows]
        starts = np.cumsum([0, *map(len, columns)])
        indices = np.concatenate([*columns, np.empty(0, np.int64)])
        shape = (count, len(self.known))
        has = sparse.csr_matrix((np.ones(len(indices)), indices, starts), shape)
        shared = sparse.triu(has @ sparse.diags(self.weights, shape=(shape[1],) * 2) @ has.T, 1)
        floor = FEWEST * math.log((count + 1) / 2)
        totals = [max(float(self.weights[each].sum()), floor) for each in columns]
        return {
            (int(a), int(b)): float(weight) / min(totals[a], totals[b])
            for a, b, weight in zip(shared.row, shared.col, shared.data, strict=True)
        }

    def too_short(self) -> list[Work]:
        """The submissions with too little code of their own to be compared."""
        return [work for work, short in zip(self.works, self.short, strict=True) if short]


def _order(pair: Pair) -> tuple[float, int, str, str]:
    return -pair.score, -pair.shared, pair.first.label, pair.second.label


def comparable(first: Work, second: Work) -> bool:
    """Whether two may be compared: one is of this term, and no student has a part in both."""
    return not (first.term and second.term) and not (first.members & second.members)
