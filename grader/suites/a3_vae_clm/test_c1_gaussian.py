"""Part c: Gaussians, their divergence from the prior, and samples with a gradient."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import (
    B,
    E,
    T,
    W,
    density,
    expect_gradients,
    log_density,
)
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("c")
LOG_PROB, KL, SAMPLE = "gaussian_log_prob", "kl_to_standard", "reparameterise"
NORMAL = 0.5 * math.log(2 * math.pi)  # what the constant takes off, for each number


@pytest.mark.about(LOG_PROB)
@pytest.mark.points(2)
@pytest.mark.hint("0.5 * (log_precision - (z - mean)^2 * precision - log(2 pi)), summed over E")
def test_log_prob(student: Any, generator: torch.Generator) -> None:
    """gaussian_log_prob is the log-density of a diagonal Gaussian, for z of every shape."""
    for shape in ((E,), (B, E), (B, T, E), (W, B, T, E), (E, E), (B, 1)):
        z, mean = normal(generator, *shape), normal(generator, *shape)
        log_precision = normal(generator, shape[-1])
        each = density(z, mean, log_precision)  # (.., E)
        right = each.sum(-1)
        squares = (z - mean) ** 2 * log_precision.exp()
        no_constant = each + NORMAL
        wrong = {
            "the precision is taken for the variance": density(z, mean, -log_precision).sum(-1),
            "the precision is taken for one over the standard deviation": (
                density(z, mean, 2 * log_precision).sum(-1)
            ),
            "the log-precision is not exponentiated": (
                (0.5 * (log_precision - (z - mean) ** 2 * log_precision) - NORMAL).sum(-1)
            ),
            "the constant -log(2 pi) / 2 of each number is missing": no_constant.sum(-1),
            "the constant stands there once, not for each number": no_constant.sum(-1) - NORMAL,
            "half the log-precision of each number is missing": (-0.5 * squares - NORMAL).sum(-1),
            "half the log-precision is subtracted, not added": (each - log_precision).sum(-1),
            "the squares are not halved": (each - 0.5 * squares).sum(-1),
            "the distance to the mean is not squared": (
                (each + 0.5 * squares - 0.5 * (z - mean).abs() * log_precision.exp()).sum(-1)
            ),
            "the squares are added, not subtracted": (each + squares).sum(-1),
            "it is averaged over the numbers of a latent, not summed": each.mean(-1),
            "it has the wrong sign": -right,
            "it is the density, not its logarithm": right.exp(),
        }
        result = student.gaussian.gaussian_log_prob(z, mean, log_precision)
        expect_right(result, right, wrong, "what gaussian_log_prob returns")


@pytest.mark.about(LOG_PROB)
@pytest.mark.points(1)
@pytest.mark.hint("broadcast before you sum: a scalar log_precision counts for each of the E")
def test_log_prob_precisions(student: Any, generator: torch.Generator) -> None:
    """log_precision may be a scalar, (E,) or (.., E), and z and mean may broadcast."""
    call = student.gaussian.gaussian_log_prob
    for sizes in (
        ((B, T, E), (B, T, E), ()),
        ((B, T, E), (B, T, E), (B, T, E)),
        ((B, T, E), (B, T, E), (B, 1, E)),
        ((W, B, T, E), (B, T, E), (E,)),
        ((B, T, 1, E), (W, E), (E,)),
        ((B, T, E), (E,), ()),
        ((E,), (B, T, E), ()),
        ((B, T, 1), (B, T, E), (E,)),
    ):
        z, mean, log_precision = (normal(generator, *shape) for shape in sizes)
        right = log_density(z, mean, log_precision)
        once = right + 0.5 * (1 - E) * log_precision.sum() if not sizes[2] else right
        wrong = {"a scalar log_precision counts once, not for each number": once}
        expect_right(call(z, mean, log_precision), right, wrong, "what gaussian_log_prob returns")


@pytest.mark.about(LOG_PROB)
@pytest.mark.points(1)
@pytest.mark.hint(
    "log_precision as it is: no clamp, no log of its exp, which is 0 at -110; no detach"
)
def test_log_prob_extremes(student: Any, generator: torch.Generator) -> None:
    """Far from the mean and at extreme precisions the log-density is finite; its gradients fit."""
    call = student.gaussian.gaussian_log_prob
    for distance, log_precision in ((300.0, 2.0), (1e6, -20.0), (1e-5, 20.0), (0.0, -110.0)):
        mean = normal(generator, B, E)
        z, precisions = mean + distance, torch.full((E,), log_precision)
        right = density(z.double(), mean.double(), precisions.double()).sum(-1)
        expect.close(call(z, mean, precisions), right, "the log-density", atol=1e-3, rtol=1e-3)
    for sizes in (((B, E), (B, E), (E,)), ((B, 2), (B, 2), ())):
        arguments = [normal(generator, *shape) for shape in sizes]
        expect_gradients(student, call, log_density, arguments, LOG_PROB)


def divergence(mean: Tensor, log_precision: Tensor) -> Tensor:
    """KL(N(mean, 1 / precision) || N(0, 1)) of each number, (.., E)."""
    ours = Normal(mean, (-0.5 * log_precision).exp())
    result: Tensor = kl_divergence(ours, Normal(torch.zeros_like(mean), 1.0))
    return result


def divergences(mean: Tensor, log_precision: Tensor) -> Tensor:
    """The same, summed over the numbers, (..)."""
    return divergence(mean, log_precision).sum(-1)


@pytest.mark.about(KL)
@pytest.mark.points(2)
@pytest.mark.hint("0.5 * (mean^2 + variance - 1 - log variance), summed over E")
def test_kl(student: Any, generator: torch.Generator) -> None:
    """kl_to_standard is the closed form of the divergence from N(0, I), and 0 for N(0, I)."""
    call, what = student.gaussian.kl_to_standard, "what kl_to_standard returns"
    for shape in ((E,), (B, E), (B, T, E), (E, E), (B, 1)):
        mean, log_precision = normal(generator, *shape), normal(generator, shape[-1])
        each = divergence(mean, log_precision)
        variance = (-log_precision).exp().expand_as(mean)
        right = each.sum(-1)
        reverse = 0.5 * ((mean**2 + 1) / variance - 1 + variance.log())
        wrong = {
            "the precision is taken for the variance": divergence(mean, -log_precision).sum(-1),
            "the precision is taken for one over the standard deviation": (
                divergence(mean, 2 * log_precision).sum(-1)
            ),
            "it is the divergence of N(0, I) from the posterior": reverse.sum(-1),
            "the factor 1/2 is missing": 2 * right,
            "the -1 of each number is missing": (each + 0.5).sum(-1),
            "the -1 stands there once, not for each number": (each + 0.5).sum(-1) - 0.5,
            "the mean's square is missing": (each - 0.5 * mean**2).sum(-1),
            "the mean is not squared": (each - 0.5 * mean**2 + 0.5 * mean).sum(-1),
            "the variance is missing": (each - 0.5 * variance).sum(-1),
            "the log-precision is missing": (each + 0.5 * variance.log()).sum(-1),
            "the log-precision is subtracted, not added": (each + variance.log()).sum(-1),
            "it is averaged over the numbers of a latent, not summed": each.mean(-1),
            "it has the wrong sign": -right,
        }
        expect_right(call(mean, log_precision), right, wrong, what)
    expect.close(call(torch.zeros(B, E), torch.zeros(E)), torch.zeros(B), f"{what} for N(0, I)")


@pytest.mark.about(KL)
@pytest.mark.points(1)
@pytest.mark.hint("broadcast before you sum, and no detach")
def test_kl_precisions(student: Any, generator: torch.Generator) -> None:
    """kl_to_standard takes a scalar, (E,) or (.., E) of log_precision, and has right gradients."""
    call = student.gaussian.kl_to_standard
    for shape in ((), (E,), (B, T, E), (B, 1, E)):
        mean, log_precision = normal(generator, B, T, E), normal(generator, *shape)
        right = divergence(mean, log_precision).sum(-1)
        own = divergence(torch.zeros(()), log_precision)
        once = right + (1 - E) * own if not shape else right
        wrong = {"a scalar log_precision counts once, not for each number": once}
        expect_right(call(mean, log_precision), right, wrong, "what kl_to_standard returns")
    for shape in ((E,), ()):
        arguments = [normal(generator, B, E), normal(generator, *shape)]
        expect_gradients(student, call, divergences, arguments, KL)


@pytest.mark.about(SAMPLE)
@pytest.mark.points(1)
@pytest.mark.hint("the standard deviation is exp(-log_precision / 2)")
def test_reparameterise(student: Any, generator: torch.Generator) -> None:
    """reparameterise is the mean plus noise standard deviations, for every shape of noise."""
    for sizes in (
        ((B, T, E), (E,), (B, T, E)),
        ((B, T, E), (), (B, T, E)),
        ((B, T, E), (B, T, E), (W, B, T, E)),
        ((B, T, E), (E,), (W, B, T, E)),
        ((B, 1), (1,), (B, 1)),
    ):
        mean, log_precision, noise = (normal(generator, *shape) for shape in sizes)
        deviation = (-0.5 * log_precision).exp()
        wrong = {
            "the noise is multiplied by the variance": mean + noise * deviation**2,
            "the noise is multiplied by the precision": mean + noise / deviation**2,
            "the noise is divided by the standard deviation": mean + noise / deviation,
            "the noise is not scaled": mean + noise,
            "the mean is missing": noise * deviation,
            "the noise is subtracted": mean - noise * deviation,
            "there is no noise": mean.expand_as(noise),
            "the mean is scaled, too": (mean + noise) * deviation,
        }
        result = student.gaussian.reparameterise(mean, log_precision, noise)
        expect_right(result, mean + noise * deviation, wrong, "what reparameterise returns")
    mean, noise = torch.zeros(B, E), normal(generator, B, E)
    for log_precision in (torch.tensor(20.0), torch.tensor(-20.0)):
        right, what = noise * (-0.5 * log_precision).exp(), "what reparameterise returns"
        result = student.gaussian.reparameterise(mean, log_precision, noise)
        expect.close(result, right, f"{what} at an extreme precision", atol=1e-8, rtol=1e-3)


@pytest.mark.about(SAMPLE)
@pytest.mark.points(2)
@pytest.mark.hint("no detach, no .data and no torch.no_grad: z is a function of both")
def test_reparameterise_gradients(student: Any, generator: torch.Generator) -> None:
    """The gradients of samples by the mean and by the log-precision are those of differences."""
    call = student.gaussian.reparameterise
    for sizes in (((B, E), (E,), (B, E)), ((B, 2), (), (W, B, 2)), ((2, 2), (2, 2), (W, 2, 2))):
        arguments = [normal(generator, *shape) for shape in sizes]

        def ours(mean: Tensor, log_precision: Tensor, noise: Tensor) -> Tensor:
            return mean + noise * (-0.5 * log_precision).exp()

        expect_gradients(student, call, ours, arguments, SAMPLE)
