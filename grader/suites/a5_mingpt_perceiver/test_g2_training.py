"""Part g: a short pretraining and finetuning of a perceiver, and what its weights then know."""

from typing import Any

import pytest

from grader.suites.a5_mingpt_perceiver.training import (
    PERCEIVER,
    check_beats_london,
    check_knows,
    examine,
)

pytestmark = [
    pytest.mark.about(
        "DownProjectBlock.__init__", "DownProjectBlock.forward", "UpProjectBlock.forward"
    ),
    pytest.mark.part("g"),
    pytest.mark.slow,
    pytest.mark.limit(120),
]


@pytest.mark.points(1)
@pytest.mark.hint("pass the other tests of part g first: the training needs them all")
def test_better_than_london(student: Any, reference: Any, seed: int) -> None:
    """Pretrained and finetuned for a few seconds, a small perceiver beats the London baseline."""
    check_beats_london(*examine(student, reference, seed, PERCEIVER), PERCEIVER)


@pytest.mark.points(2)
@pytest.mark.hint("the basis must be trained too, and the up block must read the blocks' output")
def test_knowledge(student: Any, reference: Any, seed: int) -> None:
    """Pretrained and finetuned for a few seconds, a small perceiver knows some birthplaces."""
    check_knows(examine(student, reference, seed, PERCEIVER)[0], PERCEIVER)
