"""Which passages two submissions share: the longest first, each token in one, but for its ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.classroom.similarity import LENGTH, Pair, Runs, Work, runs


@dataclass(frozen=True)
class Place:
    """Lines of one file, 1-based, the last one included."""

    file: str
    first: int
    last: int


@dataclass(frozen=True)
class Passage:
    """The same tokens in two submissions."""

    number: int  # from 1, in the order of the first submission
    left: Place
    right: Place
    tokens: int


@dataclass(frozen=True)
class _Match:
    left: tuple[str, int]  # file, token
    right: tuple[str, int]
    tokens: int


def passages(pair: Pair, given: Runs, shortest: int = 2 * LENGTH) -> list[Passage]:
    """What the two share, without the runs of the skeleton.

    shortest: tokens below which a passage is not shown; 18 are about two lines.
    """
    matches = sorted(_matches(pair, {int(each) for each in given}), key=lambda m: -m.tokens)
    taken: set[tuple[bool, str, int]] = set()
    kept = []
    for match in matches:
        own = _tokens_of(match)
        if match.tokens >= shortest and len(own & taken) < 2 * LENGTH:
            taken |= own
            kept.append(match)
    kept.sort(key=lambda m: m.left)
    return [_passage(number, match, pair) for number, match in enumerate(kept, start=1)]


def _matches(pair: Pair, given: set[int]) -> Iterator[_Match]:
    """Every longest stretch of equal runs, along each diagonal of the two files."""
    left, right = _runs(pair.first, given), _runs(pair.second, given)
    there = _where(right)
    for file, row in left.items():
        done: set[tuple[int, str, int]] = set()  # inside a stretch that was found already
        for start, run in enumerate(row):
            for other, place in there.get(run, ()) if run is not None else ():
                if (start, other, place) in done:
                    continue
                count = _stretch(row, start, right[other], place)
                done |= {(start + step, other, place + step) for step in range(count)}
                yield _Match((file, start), (other, place), count + LENGTH - 1)


def _runs(work: Work, given: set[int]) -> dict[str, list[int | None]]:
    """The runs of each file, in order; None for one of the skeleton."""
    rows = {file: map(int, runs(code)) for file, code in work.code.items()}
    return {file: [None if run in given else run for run in row] for file, row in rows.items()}


def _where(rows: dict[str, list[int | None]]) -> dict[int, list[tuple[str, int]]]:
    """{run: where it is}."""
    places: dict[int, list[tuple[str, int]]] = {}
    for file, row in rows.items():
        for start, run in enumerate(row):
            if run is not None:
                places.setdefault(run, []).append((file, start))
    return places


def _stretch(left: list[int | None], start: int, right: list[int | None], place: int) -> int:
    """How many runs are equal from here on, and none of them the skeleton's."""
    count = 0
    while (
        max(start + count - len(left), place + count - len(right)) < 0
        and left[start + count] == right[place + count] is not None
    ):
        count += 1
    return count


def _tokens_of(match: _Match) -> set[tuple[bool, str, int]]:
    return {
        (side, file, start + step)
        for side, (file, start) in ((False, match.left), (True, match.right))
        for step in range(match.tokens)
    }


def _passage(number: int, match: _Match, pair: Pair) -> Passage:
    left = _place(pair.first, match.left, match.tokens)
    right = _place(pair.second, match.right, match.tokens)
    return Passage(number, left, right, match.tokens)


def _place(work: Work, at: tuple[str, int], tokens: int) -> Place:
    file, start = at
    lines = work.code[file].lines
    return Place(file, lines[start], lines[start + tokens - 1])
