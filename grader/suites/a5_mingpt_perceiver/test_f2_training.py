"""Task f: a short pretraining and finetuning, whose predictions are judged here."""

import pytest
import torch

from grader.boundary.local import LocalStudent
from grader.suites.a5_mingpt_perceiver.training import accuracy, learn

pytestmark = pytest.mark.part("f")
# The reference answers 0.575 to 0.8 of the hidden questions over the seeds 100 to 111, and without
# pretraining none (tests/test_suite_a5.py::test_short_training_needs_pretraining repeats three).
ENOUGH = 0.3


@pytest.mark.slow
@pytest.mark.limit(60)
@pytest.mark.points(3)
@pytest.mark.hint("run tasks c and e first: pretraining needs the model, the dataset and the loss")
def test_knowledge(student, reference, seed):
    """Pretrained and finetuned for some seconds, your model answers questions about new people."""
    torch.manual_seed(seed)
    embedded = LocalStudent(reference.folder.parent).embedded
    corpus = embedded.build("tiny", seed)
    model, vocabulary = learn(student, corpus, embedded.lines(corpus.train))
    assert accuracy(model, corpus.test, vocabulary) >= ENOUGH, (
        "too few of the hidden questions are answered rightly: hardly more than by chance"
    )
