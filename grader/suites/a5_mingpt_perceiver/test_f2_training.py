"""Part f: a short pretraining and finetuning, and what the weights know afterwards."""

from typing import Any

import pytest

from grader.suites.a5_mingpt_perceiver.training import (
    VANILLA,
    check_beats_london,
    check_knows,
    examine,
)

pytestmark = [
    pytest.mark.about("GPT.forward"),
    pytest.mark.part("f"),
    pytest.mark.slow,
    pytest.mark.limit(60),
]


@pytest.mark.points(3)
@pytest.mark.hint("pass the tests of part c first: the training needs the model and its loss")
def test_better_than_london(student: Any, reference: Any, seed: int) -> None:
    """Pretrained and finetuned for a few seconds, your model clearly beats the London baseline."""
    check_beats_london(*examine(student, reference, seed, VANILLA), VANILLA)


@pytest.mark.points(4)
@pytest.mark.hint("does the loss count every target but PAD, and do all blocks learn?")
def test_knowledge(student: Any, reference: Any, seed: int) -> None:
    """Pretrained and finetuned for a few seconds, your model knows where new people were born."""
    check_knows(examine(student, reference, seed, VANILLA)[0], VANILLA)
