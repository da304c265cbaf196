"""What the pages need of the results; the rest of each is skipped.

A class has many results and each has many tests: of a whole class only the scores are kept, and the
functions that are not right.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy

from grader.classroom.ledger import Ledger
from grader.classroom.records import Grading
from grader.errors import UserError
from grader.verdict.result import State

T = TypeVar("T")


class Test(msgspec.Struct, frozen=True):
    """One test of a result."""

    __test__ = False  # a struct, not a pytest class

    name: str
    title: str
    part: str
    outcome: str
    score: float
    max_score: float
    message: str = ""
    hint: str = ""
    blame: tuple[str, ...] = ()


class Function(msgspec.Struct, frozen=True, gc=False):
    """What the tests show of one function."""

    name: str
    part: str
    state: str
    diagnosis: str = ""


class Mark(msgspec.Struct, frozen=True):
    """One result."""

    tests: tuple[Test, ...]
    functions: tuple[Function, ...] = ()
    faults: tuple[str, ...] = ()


class _Score(msgspec.Struct, gc=False):
    name: str
    score: float


class _Brief(msgspec.Struct, gc=False):
    tests: tuple[_Score, ...]
    functions: tuple[Function, ...] = ()


@dataclass(frozen=True)
class Marked:
    """A result that counts, in brief."""

    key: str  # the grading's
    grading: int  # its id
    sha256: str
    names: tuple[str, ...]  # of its tests
    scores: tuple[float, ...]  # of its tests
    functions: tuple[Function, ...]  # those that are not right


_mark = msgspec.json.Decoder(Mark)
_brief = msgspec.json.Decoder(_Brief)


def current(ledger: Ledger, gradings: Mapping[str, Grading]) -> Iterator[Marked]:
    """The result of every submission's grading, {sha256: grading}, but the grader's faults."""
    known: dict[tuple[str, ...], tuple[str, ...]] = {}  # most results have the same names
    for sha256, grading in gradings.items():
        if not grading.is_fault:
            brief = _decoded(ledger, grading.id, _brief)
            names = tuple([test.name for test in brief.tests])
            yield Marked(
                *(grading.key, grading.id, sha256, known.setdefault(names, names)),
                tuple([test.score for test in brief.tests]),
                tuple([each for each in brief.functions if each.state != State.RIGHT]),
            )


def read(ledger: Ledger, grading: int) -> Mark:
    """A grading's result, by its id; raises UserError if it is damaged."""
    return _decoded(ledger, grading, _mark)


def tests(ledger: Ledger, works: Iterable[Marked]) -> list[Test]:
    """Every test of these results, as in the first that has it, in the order of coming."""
    first: dict[tuple[str, ...], Marked] = {}
    for work in works:
        first.setdefault(work.names, work)
    found: dict[str, Test] = {}
    for work in first.values():
        for test in read(ledger, work.grading).tests:
            found.setdefault(test.name, test)
    return list(found.values())


def table(tests: Sequence[Test], works: Sequence[Marked]) -> numpy.ndarray:
    """(works, tests): points; nan for a test that a result does not have."""
    columns = {test.name: column for column, test in enumerate(tests)}
    scores = numpy.full((len(works), len(tests)), numpy.nan)
    for row, work in zip(scores, works, strict=True):
        row[[columns[name] for name in work.names]] = work.scores
    return scores


def _decoded(ledger: Ledger, grading: int, decoder: msgspec.json.Decoder[T]) -> T:
    data = ledger.one("SELECT json FROM results WHERE grading = ?", grading)
    try:
        return decoder.decode(zlib.decompress(data))
    except (TypeError, zlib.error, msgspec.MsgspecError):
        raise UserError(f"{ledger.path}: the result of grading {grading} is damaged") from None
