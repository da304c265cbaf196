"""Task f: a short pretraining and finetuning, and what the weights then know."""

from typing import Any

import pytest

from grader.suites.a5_mingpt_perceiver.training import VANILLA, examine

pytestmark = [pytest.mark.part("f"), pytest.mark.slow, pytest.mark.limit(60)]


@pytest.fixture(scope="module")
def memory() -> dict[str, Any]:
    """What the one training gave, for both tests; empty if it came to nothing."""
    return {}


@pytest.mark.points(3)
@pytest.mark.hint("run the tests of task c first: the training needs the model and its loss")
def test_better_than_london(
    student: Any, reference: Any, seed: int, memory: dict[str, Any]
) -> None:
    """Pretrained and finetuned for some seconds, your model beats the London baseline clearly."""
    right, floor = examine(memory, student, reference, seed, VANILLA)
    assert right >= max(VANILLA.some, 1.5 * floor), (
        "London for every answer is nearly as good, or better"
    )


@pytest.mark.points(4)
@pytest.mark.hint("does the loss count every target but PAD, and do all blocks learn?")
def test_knowledge(student: Any, reference: Any, seed: int, memory: dict[str, Any]) -> None:
    """Pretrained and finetuned for some seconds, your model knows where new people were born."""
    right, _ = examine(memory, student, reference, seed, VANILLA)
    assert right >= VANILLA.enough, "too few of the hidden questions are answered right"
