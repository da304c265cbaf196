"""Compares a value with the right one, and with what known mistakes give in its place.

    expect_right(actual, right, {"it is in bits, not in nats": right / math.log(2)}, "nlpps")

On random numbers a wrong value equals that of a known mistake only if the mistake was made, so the
message names what is there and never a fault that is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from grader import expect


def expect_right(
    actual: Any, right: Tensor, wrong: Mapping[str, Tensor], what: str, atol: float = 1e-5
) -> Tensor:
    """A floating tensor that equals `right` up to rounding.

    wrong: {what is wrong: the value that it gives}; one that equals `right` here tells nothing.
    """
    result = expect.tensor(actual, right.shape, "float", what)
    if expect.is_close(result, right, atol):
        return result
    for sentence, value in wrong.items():
        same = value.shape == right.shape and not expect.is_close(value, right, atol)
        if same and expect.is_close(result, value, atol):
            raise AssertionError(f"{what}: {sentence}")
    raise AssertionError(f"{what}: right shape, wrong values")
