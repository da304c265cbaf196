"""What the pages need of the results: read in one go, the rest of each is skipped.

A class has many results and each has many tests, so they are read into slim structs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from grader.classroom.ledger import Ledger
from grader.classroom.records import Grading
from grader.errors import UserError


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


class Function(msgspec.Struct, frozen=True):
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


@dataclass(frozen=True)
class Marked:
    """A result that counts, and its key in the ledger."""

    key: str
    sha256: str
    mark: Mark


_decoder = msgspec.json.Decoder(Mark)


def current(ledger: Ledger, gradings: Mapping[str, Grading]) -> Iterator[Marked]:
    """The result of every submission's grading, {sha256: grading}, but the grader's faults."""
    for sha256, grading in gradings.items():
        if not grading.is_fault:
            yield Marked(grading.key, sha256, read(ledger, grading.id))


def read(ledger: Ledger, grading: int) -> Mark:
    """A grading's result, by its id; raises UserError if it is damaged."""
    data = ledger.one("SELECT json FROM results WHERE grading = ?", grading)
    try:
        return _decoder.decode(zlib.decompress(data))
    except (TypeError, zlib.error, msgspec.MsgspecError):
        raise UserError(f"{ledger.path}: the result of grading {grading} is damaged") from None
