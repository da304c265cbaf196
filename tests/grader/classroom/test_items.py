"""The statistics of tests: bounds, and the cases in which a correlation says nothing."""

from __future__ import annotations

import numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom.pages.items import items
from grader.classroom.pages.marks import Mark, Test
from grader.classroom.pages.overview import bars

rows = st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=3, max_size=3), max_size=12)


def mark(scores: list[float]) -> Mark:
    tests = [Test(f"t{n}", "", "a", "passed", score, 2.0) for n, score in enumerate(scores)]
    return Mark(tuple(tests))


@settings(max_examples=200)
@given(rows)
def test_both_numbers_stay_within_their_bounds(scores: list[list[float]]) -> None:
    for item in items([mark(row) for row in scores]):
        assert 0 <= item.difficulty <= 1
        assert item.discrimination is None or -1 <= item.discrimination <= 1
        assert item.students == len(scores)


@settings(max_examples=200)
@given(rows.filter(lambda each: len(each) >= 5))
def test_the_discrimination_is_pearsons_with_the_rest(scores: list[list[float]]) -> None:
    table = numpy.array(scores)
    for column, item in enumerate(items([mark(row) for row in scores])):
        own, rest = table[:, column], table.sum(1) - table[:, column]
        if own.std() == 0 or rest.std() == 0:
            assert item.discrimination is None
        else:
            wanted = ((own - own.mean()) * (rest - rest.mean())).mean() / own.std() / rest.std()
            assert item.discrimination is not None
            assert abs(item.discrimination - wanted) < 1e-9


def test_a_few_students_say_nothing() -> None:
    assert items([mark([0, 1, 2]), mark([2, 1, 0])])[0].discrimination is None


@settings(max_examples=200)
@given(st.lists(st.floats(0, 120, allow_nan=False)))
def test_every_student_is_in_one_bar(points: list[float]) -> None:
    found = bars(points, 100.0)
    assert sum(bar.students for bar in found) == len(points)
    assert all(0 <= bar.share <= 1 for bar in found)
