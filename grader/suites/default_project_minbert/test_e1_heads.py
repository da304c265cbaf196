"""Part e: MultitaskBERT, whatever its heads are made of."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.suites.default_project_minbert.tasks import (
    METHODS,
    PARAPHRASE,
    SENTIMENT,
    SIMILARITY,
    check_both,
    check_logits,
    check_padding,
    check_pooling,
    check_reads,
    check_result,
    inputs,
    model,
    models,
    predicted,
    sizes,
)

pytestmark = pytest.mark.part("e")
INIT = "MultitaskBERT.__init__"
ALL = (INIT, *(f"MultitaskBERT.{method}" for method in METHODS))
SQUEEZE = "squeeze(-1), not squeeze(): a single pair is a batch too"
OWN_MASK = "each sentence needs its own attention mask"
OWN_IDS = "encode the first sentence, and then the second, each with its own ids; detach neither"


def about(method: str) -> pytest.MarkDecorator:
    """The mark of a test of one method."""
    return pytest.mark.about(INIT, f"MultitaskBERT.{method}")


@about(SENTIMENT)
@pytest.mark.points(1)
@pytest.mark.hint("one linear layer from hidden_size to 5, on what self.forward returns")
def test_sentiment(student: Any, generator: torch.Generator) -> None:
    """predict_sentiment returns five logits for each sentence, also for a single one."""
    check_result(student, SENTIMENT, generator)
    check_pooling(student, generator)


@about(PARAPHRASE)
@pytest.mark.points(1)
@pytest.mark.hint(SQUEEZE)
def test_paraphrase(student: Any, generator: torch.Generator) -> None:
    """predict_paraphrase returns one number for each pair, also for a single one."""
    check_result(student, PARAPHRASE, generator)


@about(SIMILARITY)
@pytest.mark.points(1)
@pytest.mark.hint(SQUEEZE)
def test_similarity(student: Any, generator: torch.Generator) -> None:
    """predict_similarity returns one number for each pair, also for a single one."""
    check_result(student, SIMILARITY, generator)


@about(SENTIMENT)
@pytest.mark.points(1)
@pytest.mark.hint("give BERT the attention mask")
def test_sentiment_padding(student: Any, generator: torch.Generator) -> None:
    """Padding does not change what predict_sentiment returns."""
    check_padding(student, SENTIMENT, generator)


@about(PARAPHRASE)
@pytest.mark.points(1)
@pytest.mark.hint(OWN_MASK)
def test_paraphrase_padding(student: Any, generator: torch.Generator) -> None:
    """Padding, of the first sentence or the second, does not change predict_paraphrase."""
    check_padding(student, PARAPHRASE, generator)


@about(SIMILARITY)
@pytest.mark.points(1)
@pytest.mark.hint(OWN_MASK)
def test_similarity_padding(student: Any, generator: torch.Generator) -> None:
    """Padding, of the first sentence or the second, does not change predict_similarity."""
    check_padding(student, SIMILARITY, generator)


@about(PARAPHRASE)
@pytest.mark.points(1)
@pytest.mark.hint(OWN_IDS)
def test_paraphrase_of_both(student: Any, generator: torch.Generator) -> None:
    """Both sentences of a pair count in predict_paraphrase, and both get gradients."""
    check_both(student, PARAPHRASE, generator)


@about(SIMILARITY)
@pytest.mark.points(1)
@pytest.mark.hint(OWN_IDS)
def test_similarity_of_both(student: Any, generator: torch.Generator) -> None:
    """Both sentences of a pair count in predict_similarity, and both get gradients."""
    check_both(student, SIMILARITY, generator)


@about(SENTIMENT)
@pytest.mark.points(1)
@pytest.mark.hint("no softmax: cross-entropy takes logits")
def test_sentiment_logits(student: Any, generator: torch.Generator) -> None:
    """predict_sentiment returns logits, not probabilities: some are below 0, some above 1."""
    check_logits(student, SENTIMENT, generator)


@about(PARAPHRASE)
@pytest.mark.points(1)
@pytest.mark.hint("no sigmoid: binary cross-entropy takes the logit")
def test_paraphrase_logits(student: Any, generator: torch.Generator) -> None:
    """predict_paraphrase returns logits, not probabilities: some are below 0, some above 1."""
    check_logits(student, PARAPHRASE, generator)


@pytest.mark.about(*ALL)
@pytest.mark.points(1)
@pytest.mark.hint(
    "self.dropout, of config.hidden_dropout_prob, before each head; model.eval() turns it off"
)
def test_dropout(student: Any, generator: torch.Generator) -> None:
    """In training dropout acts on every task, beside BERT's own; in evaluation on none."""
    theirs = model(student, hidden_dropout_prob=0.4)
    for method in METHODS:
        assert repeats(theirs, method, generator), (
            f"in eval mode, {method} changes from call to call"
        )
    theirs.train()
    theirs.bert.eval()
    for method in METHODS:
        dropped = (not repeats(each, method, generator) for each in models(student, theirs))
        assert any(dropped), f"in training, {method} drops nothing"
    without = model(student)
    without.train()
    for method in METHODS:
        assert repeats(without, method, generator), (
            f"with a hidden_dropout_prob of 0, {method} drops something in training"
        )


def repeats(theirs: Any, method: str, generator: torch.Generator) -> bool:
    """Whether two calls with the same sentences return the same."""
    arguments = inputs(generator, method)
    first, second = (predicted(theirs, method, arguments) for _ in range(2))
    return torch.equal(first, second)


@pytest.mark.about(*ALL)
@pytest.mark.points(1)
@pytest.mark.hint("three heads: what one task learns must not change another one's last layer")
def test_heads_of_their_own(student: Any, generator: torch.Generator) -> None:
    """Each task has a head of its own, which its gradients reach, and all of them reach BERT."""
    theirs = model(student)
    theirs.train()  # in evaluation a score may be cut off, and then has no gradient
    heads = {}
    for method in METHODS:
        names = set()
        for each in models(student, theirs):
            reached = student.probe.reached(each, method, inputs(generator, method))
            names |= {expect.text(name) for name in expect.plain(reached)}
        heads[method] = {name for name in names if not name.startswith("bert.")}
        assert heads[method] != names, f"no gradient of {method} reaches BERT"
    for method, own in heads.items():
        others = set().union(*(heads[other] for other in METHODS if other != method))
        # A cosine has nothing to learn, and so no head.
        assert own - others or not own, f"{method} has no head of its own"
    assert heads[SENTIMENT] and heads[PARAPHRASE], "a head has nothing to learn"


@pytest.mark.about(*ALL)
@pytest.mark.points(1)
@pytest.mark.hint("every head is an attribute of the model, or in nn.ModuleDict: no plain dict")
def test_state(student: Any, generator: torch.Generator) -> None:
    """A new model that loads the saved state says the same, for every task."""
    theirs = model(student)
    fresh = student.multitask_classifier.MultitaskBERT(sizes(student))
    fresh = student.probe.copied(theirs, fresh)
    for method in METHODS:
        arguments = inputs(generator, method)
        before = predicted(theirs, method, arguments)
        what = f"what {method} of the new model returns"
        expect.close(predicted(fresh, method, arguments), before, what)
    for method in METHODS:
        check_reads(student, theirs, method, generator)
