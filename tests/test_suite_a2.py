"""What a2's hidden suite alone has: a threshold on a training."""

from __future__ import annotations

import pytest

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.suites.a2_bigram_bow import training

A2 = find("a2")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_short_training_beats_bigrams(seed: int) -> None:
    """The threshold of the suite's short training lies far from both sides."""
    solution = LocalStudent(A2.solution)
    solution.begin(seed)
    text = training.tales(solution, seed)
    fresh = solution.bow.BoW(solution.bow.BoWConfig(text.size, training.BLOCK, training.C, 32))
    assert training.hidden_loss(fresh, text, seed) > text.bigram_loss
    learned = training.learn(solution, text, seed)
    assert training.hidden_loss(learned, text, seed) < text.bigram_loss - 2 * text.margin
