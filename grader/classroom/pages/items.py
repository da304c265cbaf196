"""What a class shows of each test: how hard it is, and how well it tells students apart.

Difficulty is the mean share of the test's points that students got: 1 is a test that all pass.
Discrimination is the item-rest correlation: Pearson's, over students, between the test's points and
the points of all other tests. Near 0 the test says little about a student; below 0 the better
students fail it, and the test is the first suspect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from grader.classroom.pages.marks import Test

FEW = 5  # students, below which a correlation says nothing


@dataclass(frozen=True)
class Item:
    """One test over a class."""

    name: str
    title: str
    part: str
    points: float
    students: int  # whose result has the test
    difficulty: float  # 0 to 1
    discrimination: float | None  # -1 to 1; None if all got the same, or for few students


def items(tests: Sequence[Test], scores: numpy.ndarray) -> list[Item]:
    """Every test of a class. scores: (students, tests), nan where a result lacks a test."""
    totals = numpy.nansum(scores, axis=1)
    return [_item(test, own, totals) for test, own in zip(tests, scores.T, strict=True)]


def discrimination(own: numpy.ndarray, rest: numpy.ndarray) -> float | None:
    """Pearson's correlation of two rows of points; None if one is constant, or for few students."""
    if len(own) < FEW or numpy.ptp(own) == 0 or numpy.ptp(rest) == 0:
        return None
    return float(numpy.clip(numpy.corrcoef(own, rest)[0, 1], -1, 1))


def _item(test: Test, own: numpy.ndarray, totals: numpy.ndarray) -> Item:
    """own, totals: (students,), the points in this test and in all."""
    there = ~numpy.isnan(own)
    own, rest = own[there], (totals - own)[there]
    share = float(own.mean()) / test.max_score if test.max_score > 0 else 1.0
    return Item(
        *(test.name, test.title, test.part, test.max_score, len(own), share),
        discrimination(own, numpy.round(rest, 6)),
    )
