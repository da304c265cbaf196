"""Part g: a short pretraining and finetuning of a perceiver, and what its weights then know."""

from typing import Any

import pytest

from grader.suites.a5_mingpt_perceiver.training import PERCEIVER, examine

pytestmark = [pytest.mark.part("g"), pytest.mark.slow, pytest.mark.limit(120)]


@pytest.fixture(scope="module")
def memory() -> dict[str, Any]:
    """The result of the one training run, for both tests; empty if there is none."""
    return {}


@pytest.mark.points(1)
@pytest.mark.hint("pass the other tests of part g first: the training needs them all")
def test_better_than_london(
    student: Any, reference: Any, seed: int, memory: dict[str, Any]
) -> None:
    """Pretrained and finetuned for a few seconds, a small perceiver beats the London baseline."""
    right, floor = examine(memory, student, reference, seed, PERCEIVER)
    assert right >= max(PERCEIVER.some, 1.5 * floor), (
        "answering London every time is nearly as good, or better"
    )


@pytest.mark.points(2)
@pytest.mark.hint("the basis must be trained too, and the up block must read the blocks' output")
def test_knowledge(student: Any, reference: Any, seed: int, memory: dict[str, Any]) -> None:
    """Pretrained and finetuned for a few seconds, a small perceiver knows some birthplaces."""
    right, _ = examine(memory, student, reference, seed, PERCEIVER)
    assert right >= PERCEIVER.enough, "too few of the hidden questions are answered right"
