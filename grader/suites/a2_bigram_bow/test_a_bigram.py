"""Task a: the bigram table, counted and fitted."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.suites.a2_bigram_bow.helpers import V, check_model, indices, normal, twins

pytestmark = pytest.mark.part("a")


def pairs(
    generator: torch.Generator, count: int, size: int = V
) -> tuple[torch.Tensor, torch.Tensor]:
    """Uneven pairs, so that some never occur and the two characters of a pair differ in kind."""
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


@pytest.mark.points(4)
@pytest.mark.hint("row: the character before; column: the character after")
def test_counts(student: Any, generator: torch.Generator) -> None:
    """count_bigrams counts each pair of characters, in its row and its column."""
    for count in (1, 7, 400):
        xs, ys, expected = table(generator, count)
        found = expect.tensor(
            student.bigram.count_bigrams(xs, ys, V), (V, V), torch.long, "count_bigrams"
        )
        assert torch.equal(found, expected), "count_bigrams: right shape, wrong counts"


@pytest.mark.points(3)
@pytest.mark.hint("each row sums to 1 for itself, after the smoothing")
def test_log_probs(student: Any, generator: torch.Generator) -> None:
    """bigram_log_probs gives each row's logarithmic shares, smoothed and not."""
    _, _, counts = table(generator)
    counts[:, 0] += 1  # no empty row here
    for smoothing in (0.0, 0.5, 3.0):
        weights = counts.double() + smoothing
        expected = (weights / weights.sum(1, keepdim=True)).log()
        found = student.bigram.bigram_log_probs(counts, smoothing)
        expect.close(found, expected, "bigram_log_probs")
        expect.tensor(found, (V, V), torch.float32, "bigram_log_probs")


@pytest.mark.points(2)
@pytest.mark.hint("a row whose sum is 0 is 0 / 0")
def test_empty_rows(student: Any, generator: torch.Generator) -> None:
    """A character that nothing was seen after is followed by any with equal probability."""
    _, _, counts = table(generator)
    counts[V - 1] = 0
    counts[2] = 0
    found = student.bigram.bigram_log_probs(counts)
    found = expect.tensor(found, (V, V), "float", "bigram_log_probs")
    even = torch.full((2, V), 1 / V).log()
    expect.close(found[[2, V - 1]], even, "the rows without counts")
    expect.close(found[0].exp(), counts[0] / counts[0].sum(), "a row with counts")


@pytest.mark.points(3)
@pytest.mark.hint("0 * -inf is not 0")
def test_mean_loss(student: Any, generator: torch.Generator) -> None:
    """mean_loss is the mean over all pairs counted; what never occurred counts nothing."""
    xs, ys, counts = table(generator)
    counted = (counts / counts.sum(1, keepdim=True).clamp(min=1)).log()
    for log_probs in (normal(generator, V, V).log_softmax(1), counted):
        expected = -log_probs[xs, ys].mean()
        found = expect.number(student.bigram.mean_loss(log_probs, counts), "mean_loss")
        assert abs(found - expected.item()) < 1e-4, "the result of mean_loss is wrong"


@pytest.mark.points(4)
@pytest.mark.hint("log_softmax of each row, Adam, and nothing but mean_loss")
def test_fit(student: Any, generator: torch.Generator) -> None:
    """fit_by_gradient ends where counting ends."""
    _, _, counts = table(generator, 3000)
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    seen = counts > 0
    best = -(counts[seen] * shares.log()[seen]).sum() / counts.sum()
    logits = expect.tensor(student.bigram.fit_by_gradient(counts), (V, V), "float", "the logits")
    found = logits.log_softmax(1)
    loss = -(counts[seen] * found[seen]).sum() / counts.sum()
    assert loss < best + 0.01, "the loss of the fitted logits is above that of the counted table"
    often = counts.sum(1) >= 30
    assert (found.exp() - shares)[often].abs().max() < 0.02, (
        "the fitted probabilities should be the counted shares"
    )
    short = student.bigram.fit_by_gradient(counts, 3, 0.1)
    short = expect.tensor(short, (V, V), "float", "the logits")
    assert bool((short.abs() <= 0.5).all()), (
        "after three steps of 0.1 from zeros, no logit can be above 0.5: start from zeros, use lr"
    )
    attached = student.probe.gives_attached(student.bigram.fit_by_gradient, [counts, 1])
    assert expect.truth(attached) is False, "the logits should be detached"


@pytest.mark.points(2)
@pytest.mark.hint("each character's row of the embedding holds its logits")
def test_module(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Bigram returns each character's row, and the mean loss if there are targets."""
    theirs, ours = twins(student, reference, lambda code: code.bigram.Bigram(V), generator)
    check_model(theirs, ours, indices(generator, 3, 5), indices(generator, 3, 5), "Bigram")
