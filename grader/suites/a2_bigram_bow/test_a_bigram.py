"""Part a: the bigram table, counted and fitted."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices, normal
from grader.suites.a2_bigram_bow.models import V, check_model, twins

pytestmark = pytest.mark.part("a")


def pairs(
    generator: torch.Generator, count: int, size: int = V
) -> tuple[torch.Tensor, torch.Tensor]:
    """Uneven pairs: some never occur, and a pair's characters have different distributions."""
    xs = (size * torch.rand(count, generator=generator) ** 2).long()
    ys = (size * torch.rand(count, generator=generator) ** 3).long()
    return xs, ys


def table(
    generator: torch.Generator, count: int = 400
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    xs, ys = pairs(generator, count)
    counts = torch.zeros(V, V, dtype=torch.long)
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        counts[x, y] += 1
    return xs, ys, counts


@pytest.mark.about("count_bigrams")
@pytest.mark.points(4)
@pytest.mark.hint("row: the character before; column: the character after")
def test_counts(student: Any, generator: torch.Generator) -> None:
    """count_bigrams counts each pair of characters in the right row and column."""
    for count in (1, 7, 400):
        xs, ys, expected = table(generator, count)
        result = expect.tensor(
            student.bigram.count_bigrams(xs, ys, V), (V, V), torch.long, "count_bigrams"
        )
        assert torch.equal(result, expected), "count_bigrams: right shape, wrong counts"


@pytest.mark.about("bigram_log_probs")
@pytest.mark.points(3)
@pytest.mark.hint("each row sums to 1 by itself, after smoothing")
def test_log_probs(student: Any, generator: torch.Generator) -> None:
    """bigram_log_probs gives each row's log probabilities, with and without smoothing."""
    _, _, counts = table(generator)
    counts[:, 0] += 1  # no empty row here
    for smoothing in (0.0, 0.5, 3.0):
        weights = counts.double() + smoothing
        expected = (weights / weights.sum(1, keepdim=True)).log()
        result = student.bigram.bigram_log_probs(counts, smoothing)
        expect.close(result, expected, "bigram_log_probs")
        expect.tensor(result, (V, V), torch.float32, "bigram_log_probs")


@pytest.mark.about("bigram_log_probs")
@pytest.mark.points(2)
@pytest.mark.hint("dividing a row whose sum is 0 gives 0 / 0")
def test_empty_rows(student: Any, generator: torch.Generator) -> None:
    """After a character that no counted pair begins with, every character is equally likely."""
    _, _, counts = table(generator)
    counts[V - 1] = 0
    counts[2] = 0
    result = student.bigram.bigram_log_probs(counts)
    result = expect.tensor(result, (V, V), "float", "bigram_log_probs")
    even = torch.full((2, V), 1 / V).log()
    expect.close(result[[2, V - 1]], even, "the rows without counts")
    expect.close(result[0].exp(), counts[0] / counts[0].sum(), "a row with counts")


@pytest.mark.about("mean_loss")
@pytest.mark.points(3)
@pytest.mark.hint("0 * -inf is not 0")
def test_mean_loss(student: Any, generator: torch.Generator) -> None:
    """mean_loss is the mean over all counted pairs; pairs that never occurred do not count."""
    xs, ys, counts = table(generator)
    counted = (counts / counts.sum(1, keepdim=True).clamp(min=1)).log()
    for log_probs in (normal(generator, V, V).log_softmax(1), counted):
        expected = -log_probs[xs, ys].mean()
        result = expect.number(student.bigram.mean_loss(log_probs, counts), "mean_loss")
        assert abs(result - expected.item()) < 1e-4, "the result of mean_loss is wrong"


@pytest.mark.about("fit_by_gradient")
@pytest.mark.points(4)
@pytest.mark.hint("minimise mean_loss of each row's log_softmax, with Adam")
def test_fit(student: Any, generator: torch.Generator) -> None:
    """fit_by_gradient reaches the same probabilities as counting."""
    _, _, counts = table(generator, 3000)
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    seen = counts > 0
    best = -(counts[seen] * shares.log()[seen]).sum() / counts.sum()
    logits = expect.tensor(student.bigram.fit_by_gradient(counts), (V, V), "float", "the logits")
    result = logits.log_softmax(1)
    loss = -(counts[seen] * result[seen]).sum() / counts.sum()
    assert loss < best + 0.01, "the loss of the fitted logits is above that of the counted table"
    often = counts.sum(1) >= 30
    assert (result.exp() - shares)[often].abs().max() < 0.02, (
        "the fitted probabilities should equal the counted shares"
    )
    short = student.bigram.fit_by_gradient(counts, 3, 0.1)
    short = expect.tensor(short, (V, V), "float", "the logits")
    assert bool((short.abs() <= 0.5).all()), (
        "after three steps of 0.1, no logit should be above 0.5: start from zeros and use lr"
    )
    attached = student.probe.gives_attached(student.bigram.fit_by_gradient, [counts, 1])
    assert expect.truth(attached) is False, "the logits should be detached"


@pytest.mark.about("Bigram.forward")
@pytest.mark.points(2)
@pytest.mark.hint("each character's row of the embedding holds its logits")
def test_module(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Bigram returns each character's row and, with targets, the mean loss."""
    theirs, ours = twins(student, reference, lambda code: code.bigram.Bigram(V), generator)
    check_model(theirs, ours, indices(generator, V, 3, 5), indices(generator, V, 3, 5), "Bigram")
