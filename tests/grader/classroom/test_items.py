"""The statistics of tests: bounds, and the cases in which a correlation says nothing."""

from __future__ import annotations

import numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom.pages.items import Item, items
from grader.classroom.pages.marks import Test
from grader.classroom.pages.overview import bars

rows = st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=3, max_size=3), max_size=12)


def of(scores: list[list[float]]) -> list[Item]:
    """The items of a class with three tests."""
    tests = [Test(f"t{n}", "", "a", "passed", 0.0, 2.0) for n in range(3)]
    return items(tests, numpy.array(scores, dtype=float).reshape(-1, 3))


@settings(max_examples=200)
@given(rows.filter(bool))
def test_both_numbers_stay_within_their_bounds(scores: list[list[float]]) -> None:
    for item in of(scores):
        assert 0 <= item.difficulty <= 1
        assert item.discrimination is None or -1 <= item.discrimination <= 1
        assert item.students == len(scores)


@settings(max_examples=200)
@given(rows.filter(lambda each: len(each) >= 5))
def test_the_discrimination_is_pearsons_with_the_rest(scores: list[list[float]]) -> None:
    table = numpy.array(scores)
    for column, item in enumerate(of(scores)):
        own, rest = table[:, column], table.sum(1) - table[:, column]
        if own.std() == 0 or rest.std() == 0:
            assert item.discrimination is None
        else:
            wanted = ((own - own.mean()) * (rest - rest.mean())).mean() / own.std() / rest.std()
            assert item.discrimination is not None
            assert abs(item.discrimination - wanted) < 1e-9


def test_a_few_students_say_nothing() -> None:
    assert of([[0, 1, 2], [2, 1, 0]])[0].discrimination is None


def test_a_test_that_a_result_lacks_counts_only_for_the_others() -> None:
    """As of submissions that were graded before the suite got its third test."""
    older, newer = [2.0, 0.0, numpy.nan], [1.0, 2.0, 1.0]
    found = of([older, newer, newer])
    assert [item.students for item in found] == [3, 3, 2]
    assert found[2].difficulty == 0.5


@settings(max_examples=200)
@given(st.lists(st.floats(0, 120, allow_nan=False)))
def test_every_student_is_in_one_bar(points: list[float]) -> None:
    found = bars(points, 100.0)
    assert sum(bar.students for bar in found) == len(points)
    assert all(0 <= bar.share <= 1 for bar in found)
