"""Prints of what a test saw: equal if the values are, up to rounding."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from grader import expect
from grader.trace import equal, note, print_of, recording

NAN, INF = float("nan"), float("inf")


def same(one: Any, other: Any) -> bool:
    return print_of(one).equals(print_of(other))


def x(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("shape", [(), (3,), (40, 50)])
def test_equal_up_to_rounding(shape: tuple[int, ...], scale: float) -> None:
    """The same sum in another order, which differs in its last bits."""
    value = scale * x(*shape)
    assert same(value, value.clone())
    assert same(value, value * (1 + 3e-7))
    assert same(value, ((value + scale) - scale))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_another_value_is_not_equal(scale: float) -> None:
    value = scale * x(40, 50)
    one = value.clone()
    one[3, 4] += 5 * scale
    for other in (-value, 1.01 * value, value.flip(0), one, torch.zeros_like(value)):
        assert not same(value, other)
    assert not same(x(), x() + 0.01)


def test_the_same_values_in_another_order_are_not_equal() -> None:
    """Their norm and their sum are."""
    value = x(8)
    assert not same(value, value.roll(1))
    assert not same(value.view(2, 4), value.view(4, 2).T)


def test_another_shape_or_dtype_is_not_equal() -> None:
    value = torch.ones(2, 3)
    for other in (value.T, value.flatten(), value[:1], value.double(), value.long(), value.bool()):
        assert not same(value, other)
    assert not same(torch.ones(1), torch.ones(()))
    assert not same(torch.ones(()), 1.0)


@pytest.mark.parametrize("odd", [NAN, INF, -INF])
def test_nan_and_inf_are_values_of_their_own(odd: float) -> None:
    value = x(6)
    first, second, twin = value.clone(), value.clone(), value.clone()
    first[0] = twin[0] = second[1] = odd
    assert same(first, twin)
    assert not same(first, second)
    assert not same(first, value)
    others = [each for each in (NAN, INF, -INF) if repr(each) != repr(odd)]
    for other in others:
        first[0] = other
        assert not same(first, twin)


def test_a_number_that_is_not_finite_is_no_finite_one() -> None:
    for odd in (NAN, INF, -INF, 10**400):
        assert same(odd, odd)
        assert not same(odd, 1.0)


def test_numbers() -> None:
    assert same(1, 1.0) and same(0.1 + 0.2, 0.3) and same(1e9, 1e9 + 1)
    assert not same(1.0, 1.01)
    assert not same(0.0, 0.001)
    assert not same(True, 1)  # an answer of another kind
    assert same(True, True) and not same(True, False)


def test_texts() -> None:
    assert same("abc", "abc") and not same("abc", "abd") and not same("abc", b"abc")
    assert same("\ud800", "\ud800")


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ([1, 2], [1, 3]),
        ([1, 2], [2, 1]),
        ([1, 2], [1, 2, 3]),
        ([[1], [2]], [[1], [3]]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": [0.5]}, {"a": [0.6]}),
        ([torch.ones(2)], [torch.ones(3)]),
        ([None], [0]),
        (["a"], ["b"]),
        ([True], [1]),
        ([], [[]]),
    ],
)
def test_containers(value: Any, other: Any) -> None:
    assert same(value, value)
    assert not same(value, other)


def test_floats_in_containers_are_equal_up_to_rounding() -> None:
    assert same([0.1 + 0.2], [0.3])
    assert same({"loss": 1 / 3}, {"loss": 0.33333334})


@pytest.mark.parametrize(
    "value", [torch.ones(2).to_sparse(), torch.ones(2, dtype=torch.complex64), None, object()]
)
def test_anything_else_has_a_print_too(value: Any) -> None:
    """Whatever student code returns, noting it does not end the test."""
    assert same(value, value)
    assert not same(value, 1.0)


def test_an_empty_tensor_has_a_print() -> None:
    assert same(torch.ones(0, 3), torch.ones(0, 3))
    assert not same(torch.ones(0, 3), torch.ones(3, 0))


def test_nothing_is_kept_outside_of_recording() -> None:
    note(1.0)
    with recording() as seen:
        assert seen == []
        note(2.0)
        note([3])
    note(4.0)
    assert seen == [print_of(2.0), print_of([3])]


def test_an_inner_recording_is_its_own_and_an_error_ends_it() -> None:
    with recording() as outer:
        note(1.0)
        with pytest.raises(KeyError), recording() as inner:
            note(2.0)
            raise KeyError
        note(3.0)
    note(4.0)
    assert (outer, inner) == ([print_of(1.0), print_of(3.0)], [print_of(2.0)])


def test_what_is_kept_is_bounded() -> None:
    """A test in a loop would fill the cache."""
    with recording() as seen:
        for number in range(10_000):
            note(number)
    assert len(seen) <= 1_000
    assert seen[0] == print_of(0)


def test_what_a_test_expects_is_noted_before_it_fails() -> None:
    with recording() as seen:
        expect.number(2.5)
        with pytest.raises(AssertionError):
            expect.close(x(3), torch.zeros(3), "x")
    assert equal(seen, [print_of(2.5), print_of(x(3))])


def test_lists_of_prints_are_compared_in_order() -> None:
    one, two = print_of(1.0), print_of(2.0)
    assert equal([one, two], [one, two]) and equal([], [])
    assert not equal([one, two], [two, one])
    assert not equal([one], [one, two])


def test_a_print_says_little_of_the_values() -> None:
    """A thousand numbers become four: it lies in the cache, where hidden answers must not."""
    assert len(print_of(x(1000)).numbers) <= 4
