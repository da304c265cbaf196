"""Part f: a short pretraining and finetuning, and what the weights know afterwards."""

from typing import Any

import pytest

from grader.suites.a5_mingpt_perceiver.training import VANILLA, examine

pytestmark = [pytest.mark.part("f"), pytest.mark.slow, pytest.mark.limit(60)]


@pytest.fixture(scope="module")
def memory() -> dict[str, Any]:
    """The result of the one training run, for both tests; empty if there is none."""
    return {}


@pytest.mark.points(3)
@pytest.mark.hint("pass the tests of part c first: the training needs the model and its loss")
def test_better_than_london(
    student: Any, reference: Any, seed: int, memory: dict[str, Any]
) -> None:
    """Pretrained and finetuned for a few seconds, your model clearly beats the London baseline."""
    right, floor = examine(memory, student, reference, seed, VANILLA)
    assert right >= max(VANILLA.some, 1.5 * floor), (
        "answering London every time is nearly as good, or better"
    )


@pytest.mark.points(4)
@pytest.mark.hint("does the loss count every target but PAD, and do all blocks learn?")
def test_knowledge(student: Any, reference: Any, seed: int, memory: dict[str, Any]) -> None:
    """Pretrained and finetuned for a few seconds, your model knows where new people were born."""
    right, _ = examine(memory, student, reference, seed, VANILLA)
    assert right >= VANILLA.enough, "too few of the hidden questions are answered right"
