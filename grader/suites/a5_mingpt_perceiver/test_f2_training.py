"""Task f: a short pretraining and finetuning, and what the weights then know."""

import pytest

from grader.suites.a5_mingpt_perceiver.training import VANILLA, examine

pytestmark = [pytest.mark.part("f"), pytest.mark.slow, pytest.mark.limit(60)]
EPOCHS = 60
# Of the hidden questions the reference answers FIGURES over the seeds 100 to 111, and without
# pretraining FIGURES (tests/test_suite_a5.py::test_short_training_needs_pretraining repeats three).
SOME, ENOUGH = 0.2, 0.4


@pytest.fixture(scope="module")
def memory():
    """What the one training gave, for both tests; empty if it came to nothing."""
    return {}


def _forwards(model):
    return [lambda idx: model(idx)[0]]


def trained(memory, student, reference, seed):
    """(the share of right answers, London's share): from one training for both tests."""
    return examine(memory, student, reference, seed, VANILLA, EPOCHS, _forwards)


@pytest.mark.points(3)
@pytest.mark.hint("run tasks c and e first: pretraining needs the model, the dataset and the loss")
def test_better_than_london(student, reference, seed, memory):
    """Pretrained and finetuned for some seconds, your model beats the London baseline clearly."""
    right, floor = trained(memory, student, reference, seed)
    assert right >= max(SOME, 1.5 * floor), "London for every answer is nearly as good, or better"


@pytest.mark.points(4)
@pytest.mark.hint("is the answer ever in the masked content, and does the loss count it?")
def test_knowledge(student, reference, seed, memory):
    """Pretrained and finetuned for some seconds, your model knows where new people were born."""
    right, _ = trained(memory, student, reference, seed)
    assert right >= ENOUGH, "too few of the hidden questions are answered right"
