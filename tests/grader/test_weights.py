"""Weights into a student's module: what is filled, and what is said of what does not fit."""

from __future__ import annotations

import pytest
import torch

from grader import weights


class Answers:
    """A student whose every probe gives one answer, and whose work has the word "own" alone."""

    def __init__(self, answer: object = None) -> None:
        self.answer = answer
        self.probe = self

    def fill_named(self, module: object, values: object) -> object:
        return self.answer

    def wrote(self, name: str) -> bool:
        return set(name.split(".")) <= {"own", "weight", "0"}


VALUES = {"weight": torch.ones(3, 2), "bias": torch.ones(3)}


@pytest.mark.parametrize(
    "report",
    [None, 7, [], {}, {"missing": 3}, {"missing": [[1]], "shapes": [2], "extra": {"a": 1}}],
    ids=str,
)
def test_an_odd_report_breaks_nothing(report: object) -> None:
    """The report of fill_named is the worker's claim: what it says wrongly shows in the values."""
    assert weights.fill(Answers(report), object(), VALUES) == []


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ({"missing": ["bias"]}, "bias is missing from the model"),
        ({"missing": ["bias"], "extra": ["own.weight"]}, "model; your model has own.weight, which"),
        ({"shapes": {"bias": (4,)}}, r"bias should have shape \(3,\), but has \(4,\)"),
        ({"shapes": {"bias": (10**9, "x")}}, r"bias should have shape \(3,\), but has \(\)"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(report: object, message: str) -> None:
    """A message said how many entries there are too many, and none of them."""
    with pytest.raises(AssertionError, match=message):
        weights.fill(Answers(report), object(), VALUES)


def test_names_that_are_not_the_submissions_are_counted_alone() -> None:
    """A name can hold anything, a hidden input too."""
    names = ["own.0.weight", "CANARY.weight", "\x1b[2J"]
    assert weights.listing(Answers(), names) == "own.0.weight, 2 more"
    assert weights.listing(Answers(), names[1:]) == "2 with other names"
    assert weights.instead(Answers(), []) == ""
