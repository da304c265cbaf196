"""Part e: a short training on all three tasks, and what the model then says of new texts."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.suites.default_project_minbert.lessons import ALIKE, CORRELATED, RIGHT, examine
from grader.suites.default_project_minbert.tasks import GRADES, PARAPHRASE, SENTIMENT, SIMILARITY

pytestmark = [pytest.mark.part("e"), pytest.mark.slow, pytest.mark.limit(90)]
INIT = "MultitaskBERT.__init__"


@pytest.mark.about(INIT, "MultitaskBERT.predict_sentiment")
@pytest.mark.points(1)
@pytest.mark.hint("five different logits, and a gradient that reaches BERT")
def test_learns_sentiment(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """Trained on all three tasks for a few seconds, it grades most new texts right."""
    result, labels = examine(student, SENTIMENT, generator, worker_seed)
    logits = expect.tensor(result, (len(labels), GRADES), "float", "the logits")
    right = (logits.argmax(1) == labels).float().mean().item()
    assert right >= RIGHT, "too few of the new texts are graded right"


@pytest.mark.about(INIT, "MultitaskBERT.predict_paraphrase")
@pytest.mark.points(1)
@pytest.mark.hint(
    "a head must compare: |u - v|, a product, a second layer; u and v alone do not do"
)
def test_learns_paraphrase(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """Trained on all three tasks for a few seconds, it knows most new paraphrases."""
    result, labels = examine(student, PARAPHRASE, generator, worker_seed)
    right = ((numbers(result, labels) > 0).float() == labels).float().mean().item()
    assert right >= ALIKE, "too few of the new pairs are told apart"


@pytest.mark.about(INIT, "MultitaskBERT.predict_similarity")
@pytest.mark.points(1)
@pytest.mark.hint("a head must compare: |u - v|, a product, a cosine; u and v alone do not do")
def test_learns_similarity(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """Trained on all three tasks for a few seconds, it is close on new pairs' similarity."""
    result, labels = examine(student, SIMILARITY, generator, worker_seed)
    both = torch.stack((numbers(result, labels).double(), labels.double()))
    correlation = torch.nan_to_num(torch.corrcoef(both)[0, 1]).item()
    assert correlation >= CORRELATED, "the predictions hardly correlate with the similarities"


def numbers(result: Any, labels: Tensor) -> Tensor:
    """The predictions as (b,), like the labels."""
    flat = expect.tensor(result, dtype="float", what="the predictions").flatten()
    assert flat.shape == labels.shape, "there should be one number per pair"
    return flat
