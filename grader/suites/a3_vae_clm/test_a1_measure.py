"""Part a: nats per sequence and bits per character."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.suites.a3_vae_clm.models import log_probabilities, real
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("a")
LENGTHS = ([3, 5, 1], [4], [1, 1], [2, 6, 6, 3])  # of the sequences in a batch
EMPTY = ([2, 0, 4], [0, 3])  # with a sequence of no characters
JUNK = (math.nan, math.inf, -math.inf, -1e30)


def sums(log_probs: Tensor, mask: Tensor) -> list[list[float]]:
    """Each sequence's log-probabilities at real places."""
    pairs = zip(log_probs.double(), mask, strict=True)
    return [row[places].tolist() for row, places in pairs]


def nats(log_probs: Tensor, mask: Tensor) -> Tensor:
    """NLPPS, by the definition."""
    rows = sums(log_probs, mask)
    return -torch.tensor(sum(map(sum, rows)) / len(rows))


def bits(log_probs: Tensor, mask: Tensor) -> Tensor:
    """Bits per character, by the definition."""
    every = [value for row in sums(log_probs, mask) for value in row]
    return -torch.tensor(sum(every) / len(every) / math.log(2))


def mean_of_means(log_probs: Tensor, mask: Tensor) -> Tensor:
    """Each sequence's mean first, in nats."""
    means = [sum(row) / len(row) for row in sums(log_probs, mask)]
    return -torch.tensor(sum(means) / len(means))


@pytest.mark.about("nlpps")
@pytest.mark.points(2)
@pytest.mark.hint("sum over a sequence's real places, then the mean over sequences, then the sign")
def test_nlpps(student: Any, generator: torch.Generator) -> None:
    """nlpps is minus the mean over sequences of the sum over real places, in nats."""
    for lengths in LENGTHS:
        mask = real(lengths, max(lengths) + 1)
        x = log_probabilities(generator, *mask.shape)
        right = nats(x, mask)
        wrong = {
            "the sign is wrong: it should be positive": -right,
            "it is the sum over the sequences, not their mean": right * len(lengths),
            "it is the mean over all characters, not a sum over each sequence's": (
                bits(x, mask) * math.log(2)
            ),
            "it is the mean over a sequence's characters, not their sum": mean_of_means(x, mask),
            "places outside the mask count, too": nats(x, torch.ones_like(mask)),
            "the mask is read the wrong way round: True is a real place": nats(x, ~mask),
            "it is in bits, not in nats": right / math.log(2),
            "it is divided by the longest sequence's length": right / mask.size(1),
            "the products of probabilities are averaged before the logarithm": (
                -torch.tensor([sum(row) for row in sums(x, mask)]).exp().mean().log()
            ),
        }
        expect_right(student.measure.nlpps(x, mask), right, wrong, "what nlpps returns")


@pytest.mark.about("nlpps")
@pytest.mark.points(1)
@pytest.mark.hint("torch.where(mask, log_probs, 0): nan times 0 is nan")
def test_nlpps_outside_the_mask(student: Any, generator: torch.Generator) -> None:
    """Neither nan nor infinity outside the mask changes nlpps or its gradient; every row counts."""
    for lengths in (*LENGTHS, *EMPTY):
        check_junk(student.measure.nlpps, student, nats, lengths, generator, 1 / len(lengths))


@pytest.mark.about("bits_per_character")
@pytest.mark.points(1)
@pytest.mark.hint("one mean over all real places of the batch, divided by log(2)")
def test_bits_per_character(student: Any, generator: torch.Generator) -> None:
    """bits_per_character is minus the mean over all real places of the corpus, in bits."""
    for lengths in LENGTHS:
        mask = real(lengths, max(lengths) + 1)
        x = log_probabilities(generator, *mask.shape)
        right = bits(x, mask)
        wrong = {
            "the sign is wrong: it should be positive": -right,
            "it is in nats, not in bits": right * math.log(2),
            "it is multiplied by log(2), not divided by it": right * math.log(2) ** 2,
            "it is the mean of the sequences' means: every character counts the same": (
                mean_of_means(x, mask) / math.log(2)
            ),
            "it is a sum for each sequence, not a mean over characters": (
                nats(x, mask) / math.log(2)
            ),
            "places outside the mask count, too": bits(x, torch.ones_like(mask)),
            "the mask is read the wrong way round: True is a real place": bits(x, ~mask),
            "it is divided by all places, not by the real ones": right * mask.double().mean(),
        }
        what = "what bits_per_character returns"
        expect_right(student.measure.bits_per_character(x, mask), right, wrong, what)


@pytest.mark.about("bits_per_character")
@pytest.mark.points(1)
@pytest.mark.hint("log_probs[mask] has the real places alone: nan times 0 is nan")
def test_bits_outside_the_mask(student: Any, generator: torch.Generator) -> None:
    """Neither nan nor infinity outside the mask changes bits_per_character or its gradient."""
    for lengths in (*LENGTHS, *EMPTY):
        each = 1 / sum(lengths) / math.log(2)
        check_junk(student.measure.bits_per_character, student, bits, lengths, generator, each)


def check_junk(
    function: Any,
    student: Any,
    definition: Callable[[Tensor, Tensor], Tensor],
    lengths: list[int],
    generator: torch.Generator,
    each: float,
) -> None:
    """Compares the value, and the gradient, -each at every real place and 0 elsewhere."""
    mask = real(lengths, max(lengths) + 1)
    for junk in JUNK:
        x = log_probabilities(generator, *mask.shape).masked_fill(~mask, junk)
        what = f"with {junk:g} outside the mask, the result"
        expect.close(function(x, mask), definition(x, mask).float(), what)
        found = expect.items(student.probe.argument_gradients(function, [x, mask], [0]), 1)
        expect.close(found[0], torch.where(mask, -each, 0.0), f"the gradient of {what[5:]}")
