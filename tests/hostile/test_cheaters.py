"""Code that computes nothing gets next to nothing, on every assignment."""

from __future__ import annotations

import pytest

from grader.assignment import find, names
from grader.boundary.sandbox import Sandbox
from grader.intake.submission import Tree, digest
from grader.verdict.grade import Options, grade
from tests.hostile.corpus import Cheater, cheaters

MOST = 10.0  # points of 100

pytestmark = pytest.mark.usefixtures("sandboxed")


def test_every_assignment_has_one() -> None:
    assert [cheater.assignment for cheater in cheaters()] == names()


@pytest.mark.parametrize("cheater", cheaters(), ids=lambda cheater: cheater.assignment)
def test_cheater(cheater: Cheater, warm: Sandbox) -> None:
    """It has the points that its header says, and at most ten of a hundred."""
    files = {name: text.encode() for name, text in cheater.files.items()}
    tree = Tree("cheater", files, (), digest(files))
    result = grade(find(cheater.assignment), tree, Options("sandbox", sandbox=warm))
    assert result.usable, result.faults
    earned = [f"{test.name}: {test.score:g}" for test in result.tests if test.score]
    assert result.score == cheater.points, earned
    assert result.score / result.max_score <= MOST / 100, earned
