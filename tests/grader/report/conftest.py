"""Three results that every report is tried on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.verdict.result import Outcome, Result, Submission
from tests.grader.report.results import ATTACK, FRAME, made, result


@pytest.fixture
def every() -> Result:
    """One test of every outcome but a fault of the grader's."""
    outcomes = [outcome for outcome in Outcome if outcome is not Outcome.GRADER_FAULT]
    return result(*(made(outcome, number) for number, outcome in enumerate(outcomes)))


@pytest.fixture
def hostile() -> Result:
    """A result in which every text that a student has a hand in is an attack."""
    test = made(Outcome.ERROR, message=ATTACK, hint=ATTACK, title=f"Title {ATTACK}")
    base = result(replace(test, frames=(FRAME,)))
    submission = Submission(ATTACK, "ab" * 32, (ATTACK,), (ATTACK,))
    return replace(base, submission=submission, title=f"Toy {ATTACK}")


@pytest.fixture
def fault() -> Result:
    """A result that nobody may use."""
    return result(made(Outcome.PASSED), made(Outcome.GRADER_FAULT, 1), usable=False)
