"""Part d: BertSentimentClassifier."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.suites.default_project_minbert import heads
from grader.suites.default_project_minbert.lessons import HIDDEN, RIGHT, Reviews, learnt_reviews
from grader.suites.default_project_minbert.models import H, check_reached, config, padded
from grader.weights import twins

ABOUT = ("BertSentimentClassifier.__init__", "BertSentimentClassifier.forward")
pytestmark = [pytest.mark.part("d"), pytest.mark.about(*ABOUT)]
LOGITS = "the logits"
LENGTHS = [7, 2, 5]


def make(code: Any, **changes: Any) -> Any:
    return code.classifier.BertSentimentClassifier(config(code, **changes))


@pytest.mark.points(3)
@pytest.mark.hint("the linear layer on the pooler's output; logits are not probabilities")
def test_logits(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The logits, (b, num_labels), are those of the reference on the same weights."""
    for labels in (5, 2):
        theirs, ours = twins(
            student,
            reference,
            lambda code: make(code, num_labels=labels),  # noqa: B023
            generator,
            heads.load,
        )
        for lengths in ([1], LENGTHS):
            ids, mask = padded(generator, lengths)
            expect.close(theirs(ids, mask), ours(ids, mask), LOGITS)


@pytest.mark.about("BertSentimentClassifier.__init__")
@pytest.mark.points(2)
@pytest.mark.hint('requires_grad = False for each of bert\'s parameters if option is "pretrain"')
def test_pretrain_trains_the_head(student: Any, reference: Any, generator: torch.Generator) -> None:
    """With the option "pretrain", a step changes the linear layer and nothing of BERT."""
    theirs, ours = twins(
        student, reference, lambda code: make(code, option="pretrain"), generator, heads.load
    )
    ids, mask = padded(generator, LENGTHS)
    assert expect.plain(student.probe.trainable(theirs)), (
        'with "pretrain" nothing is trained at all: freeze self.bert, and not the linear layer'
    )
    before = {name: x.clone() for name, x in heads.renamed(student, theirs, ours).items()}
    student.probe.gradient_step(theirs, [ids, mask], 0.1)
    after = expect.tensors(theirs.state_dict())
    bert = [name for name in before if name.startswith(heads.BERT)]
    head = [name for name in before if name not in bert]
    changed = [n for n in before if n not in after or not torch.equal(after[n], before[n])]
    assert set(head) <= set(changed), "a step does not change the linear layer"
    assert not set(bert) & set(changed), "a step changes BERT's weights"


@pytest.mark.points(2)
@pytest.mark.hint('with "finetune" everything is trained: no detach and no torch.no_grad')
def test_finetune_trains_everything(
    student: Any, reference: Any, generator: torch.Generator
) -> None:
    """With the option "finetune", gradients reach every parameter, BERT's too."""
    theirs, ours = twins(student, reference, make, generator, heads.load)
    ids, mask = padded(generator, LENGTHS)
    known = heads.names(student, theirs, ours)
    # Cubes, because the sum of probabilities, a mistake of its own, has no gradient.
    expected = reference.probe.cubed_gradients(ours, [ids, mask])
    gradients = student.probe.cubed_gradients(theirs, [ids, mask])
    check_reached(gradients, {known[name]: x for name, x in expected.items()}, "the classifier")


@pytest.mark.points(3)
@pytest.mark.hint("self.dropout = nn.Dropout(config.hidden_dropout_prob), before the linear layer")
def test_dropout(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In training, dropout falls on the pooler's output; in evaluation nothing is dropped."""
    for p in (0.2, 0.45):
        check_dropout(student, reference, generator, p)


def check_dropout(student: Any, reference: Any, generator: torch.Generator, p: float) -> None:
    """Checks the dropout of classifiers whose hidden_dropout_prob is p."""
    # As many labels as BERT has channels, and a linear layer that passes them on, show them.
    theirs, ours = twins(
        student,
        reference,
        lambda code: make(code, num_labels=H, hidden_dropout_prob=p),
        generator,
        load_identity,
    )
    ids, mask = padded(generator, [6, 3] * 20)
    bias = ours.classifier.bias.detach()
    pooled = expect.tensor(theirs(ids, mask), (len(ids), H), "float", LOGITS) - bias
    expect.close(theirs(ids, mask), pooled + bias, f"in eval mode, a second time, {LOGITS}")
    theirs.train()
    theirs.bert.eval()  # its own dropouts are part a's
    logits = expect.tensor(theirs(ids, mask), pooled.shape, "float", LOGITS)
    dropped = logits - bias
    zero = dropped.abs() < 1e-6
    expect.close(
        dropped,
        torch.where(zero, 0.0, pooled / (1 - p)),
        f"in training, with a hidden_dropout_prob of {p}, what the linear layer is given",
    )
    error = (p * (1 - p) / zero.numel()) ** 0.5
    assert abs(zero.float().mean().item() - p) <= 5 * error, (
        "in training, another share than hidden_dropout_prob is dropped"
    )


def load_identity(student: Any, theirs: Any, ours: Any) -> None:
    """Our random weights, but for a linear layer that passes on what it is given."""
    ours.classifier.weight.data.copy_(torch.eye(H))
    heads.load(student, theirs, ours)


@pytest.mark.points(2)
@pytest.mark.hint("every module is an attribute of the model, so that state_dict has its weights")
def test_state(student: Any, generator: torch.Generator) -> None:
    """state_dict holds the whole model: loaded elsewhere, it gives the same logits."""
    theirs = expect.thing(make(student), "BertSentimentClassifier")
    student.probe.shake(theirs, 1, 0.3)
    theirs.eval()
    ids, mask = padded(generator, LENGTHS)
    logits = expect.tensor(theirs(ids, mask), (len(LENGTHS), 5), "float", LOGITS)
    assert not expect.is_close(logits[1:], logits[:-1]), "all sentences have the same logits"
    fresh = student.probe.copied(theirs, make(student))
    expect.close(fresh(ids, mask), logits, f"{LOGITS} of a new model with the saved state")


@pytest.mark.slow
@pytest.mark.points(3)
@pytest.mark.limit(60)
@pytest.mark.hint(
    "the loss is cross-entropy: it wants logits, and BERT's layers must be trained too"
)
def test_learns(student: Any, reference: Any, generator: torch.Generator, worker_seed: int) -> None:
    """Finetuned for a few seconds on generated reviews, it grades new ones right."""
    reviews = Reviews.drawn(generator)
    ours = learnt_reviews(student, reference, reviews, worker_seed)
    ids, mask, labels = reviews.sample(HIDDEN, generator)
    with torch.no_grad():
        right = (ours(ids, mask).argmax(1) == labels).float().mean().item()
    assert right >= RIGHT, "too few of the new reviews are graded right"
