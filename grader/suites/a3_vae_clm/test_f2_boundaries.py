"""Part f: boundaries drawn independently, and the probability of what was drawn."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("f")
ROWS = 4000
SIGMAS = 5.0  # a sound draw is farther off once in more than a million times
EXTREME = 200.0  # a logit whose probability is 0 or 1 in floating point


def draws(student: Any, logits: Tensor, seed: int, count: int = 1) -> list[tuple[Tensor, Tensor]]:
    """The results of `count` calls with one generator: boundaries and log_q of each."""
    function = student.reinforce.sample_boundaries
    found = expect.items(student.probe.drawn(function, logits, seed, count), count)
    pairs = [expect.items(each, 2, "what sample_boundaries returns") for each in found]
    return [
        (
            expect.tensor(boundaries, logits.shape, torch.bool, "boundaries"),
            expect.tensor(log_q, logits.shape, "float", "log_q"),
        )
        for boundaries, log_q in pairs
    ]


@pytest.mark.about("sample_boundaries")
@pytest.mark.points(1)
@pytest.mark.hint("torch.rand(shape, generator=generator) < sigmoid(logits)")
def test_boundaries(student: Any, worker_seed: int) -> None:
    """A boundary has probability sigmoid(logit) at each place, independently of the others."""
    row = torch.tensor([-2.0, -0.5, 0.0, 1.5, EXTREME, -EXTREME])
    p = row.sigmoid()
    logits = row.repeat(ROWS, 1)
    first, second = (each for each, _ in draws(student, logits, worker_seed, 2))
    share = first.double().mean(0)
    near = SIGMAS * 0.5 / math.sqrt(ROWS)
    assert not ((share - p).abs() > near).all() or not (share - 1 + p).abs().max() < near, (
        "boundaries have the probability of no boundary"
    )
    assert (share - p).abs().max() < near, "boundaries do not have the probability sigmoid(logit)"
    assert share[4] == 1 and share[5] == 0, "a boundary of probability 1 or 0 is drawn otherwise"
    centred = first.double() - p
    covariance = centred.t() @ centred / ROWS
    off = covariance - covariance.diag().diag()
    assert off.abs().max() < SIGMAS * 0.25 / math.sqrt(ROWS), "two places are not independent"
    along = (centred[1:] * centred[:-1]).mean(0)
    assert along.abs().max() < SIGMAS * 0.25 / math.sqrt(ROWS), "two rows are not independent"
    assert not torch.equal(first, second), "one generator gives the same boundaries twice"


@pytest.mark.about("sample_boundaries")
@pytest.mark.points(1)
@pytest.mark.hint("logsigmoid(logit) at a boundary, logsigmoid(-logit) elsewhere; use `generator`")
def test_log_q(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """log_q is each place's log-probability of what was drawn, and all draws are generator's."""
    for b, t in ((4, 6), (1, 1), (1, 5), (5, 1)):
        logits = 2 * normal(generator, b, t)
        student.probe.seed(1)
        (boundaries, log_q), _ = draws(student, logits, worker_seed, 2)
        student.probe.seed(2)
        again, _ = draws(student, logits, worker_seed)[0]
        assert torch.equal(again, boundaries), "the same generator gives other boundaries"
        right = F.logsigmoid(torch.where(boundaries, logits, -logits))
        wrong = {
            "it is always the log-probability of a boundary": F.logsigmoid(logits),
            "it is always the log-probability of no boundary": F.logsigmoid(-logits),
            "it is the log-probability of what was not drawn": (
                F.logsigmoid(torch.where(boundaries, -logits, logits))
            ),
            "it is a probability, not its logarithm": right.exp(),
            "the sign is wrong: logarithms of probabilities are negative": -right,
            "only boundaries count": torch.where(boundaries, right, 0.0),
            "it is the logit": logits,
        }
        expect_right(log_q, right, wrong, "log_q")


@pytest.mark.about("sample_boundaries")
@pytest.mark.points(1)
@pytest.mark.hint("logsigmoid or binary_cross_entropy_with_logits: log(sigmoid(-200)) is log(0)")
def test_log_q_gradient(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """The gradient of log_q is boundary - sigmoid(logit), even where a probability is 0 or 1."""
    logits, cotangent = 2 * normal(generator, 4, 6), normal(generator, 4, 6)
    logits[0, :4] = torch.tensor([EXTREME, -EXTREME, EXTREME / 2, -EXTREME / 2])
    function = student.reinforce.sample_boundaries
    report = student.probe.drawn_gradient(function, logits, worker_seed, cotangent)
    boundaries, log_q, gradient = expect.items(report, 3)
    boundaries = expect.tensor(boundaries, logits.shape, torch.bool, "boundaries")
    right = F.logsigmoid(torch.where(boundaries, logits, -logits))
    expect.close(log_q, right, "log_q with extreme logits")
    expected = cotangent * (boundaries.float() - logits.sigmoid())
    expect.close(gradient, expected, "the gradient of log_q by the logits")
