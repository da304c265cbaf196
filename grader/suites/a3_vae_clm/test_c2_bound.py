"""Part c: the ELBO and the importance-weighted bound."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import LENGTHS, B, E, T, W, log_density
from grader.suites.a3_vae_clm.models import real
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("c")
LOG_PROB, SAMPLE = "gaussian_log_prob", "reparameterise"
ELBO, WEIGHTED = "elbo", "importance_weighted"


@pytest.mark.about(ELBO)
@pytest.mark.points(2)
@pytest.mark.hint("log_likelihood + log_prior - log_posterior, then the sum over the real places")
def test_elbo(student: Any, generator: torch.Generator) -> None:
    """elbo sums all three terms over the real places of each sequence, for each sample."""
    for lengths in ((T,) * B, LENGTHS, (2,), (1, 1)):
        mask = real(lengths)
        shape = (W, *mask.shape)
        likelihood, prior, posterior = (normal(generator, *shape) for _ in range(3))
        places = mask.float()
        right = ((likelihood + prior - posterior) * places).sum(-1)
        only = (likelihood * places).sum(-1)
        latents = prior - posterior
        wrong = {
            "the posterior's term is added, not subtracted": (
                ((likelihood + prior + posterior) * places).sum(-1)
            ),
            "the prior's term is subtracted, not added": (
                ((likelihood - prior - posterior) * places).sum(-1)
            ),
            "the prior's term is missing": ((likelihood - posterior) * places).sum(-1),
            "the posterior's term is missing": ((likelihood + prior) * places).sum(-1),
            "both terms of the latents are missing": only,
            "the terms of the latents have the wrong sign": (
                ((likelihood - latents) * places).sum(-1)
            ),
            "the latents' terms are summed outside the mask, too": only + latents.sum(-1),
            "the likelihood is summed outside the mask, too": (
                likelihood.sum(-1) + (latents * places).sum(-1)
            ),
            "the pads are summed, too": (likelihood + latents).sum(-1),
            "it is the pads that are summed": ((likelihood + latents) * (1 - places)).sum(-1),
            "it is averaged over the places, not summed": right / places.sum(-1),
            "it is averaged over all places, not summed": right / mask.size(1),
            "it has the wrong sign": -right,
        }
        result = student.gaussian.elbo(likelihood, prior, posterior, mask)
        expect_right(result, right, wrong, "what elbo returns")


@pytest.mark.about(ELBO)
@pytest.mark.points(1)
@pytest.mark.hint("masked_fill or torch.where, since 0 * nan is nan; no detach")
def test_elbo_ignores_pads(student: Any, generator: torch.Generator) -> None:
    """What stands outside the mask, even nan, does not count; gradients reach all three terms."""
    mask = real(LENGTHS)
    terms = [normal(generator, W, B, T) for _ in range(3)]
    right = ((terms[0] + terms[1] - terms[2]) * mask).sum(-1)
    for value in (1e6, -math.inf, math.nan):
        for place in range(3):
            odd = [
                term.masked_fill(~mask, value) if n == place else term
                for n, term in enumerate(terms)
            ]
            result = student.gaussian.elbo(*odd, mask)
            expect.close(result, right, f"the ELBO with {value} outside the mask")
        odd = [term.clone() for term in terms]
        odd[0][:, 0, 0] = value  # a real place
        result = student.gaussian.elbo(*odd, mask)
        result = expect.tensor(result, (W, B), "float", "what elbo returns")
        finite = bool(result[:, 0].isfinite().any())
        assert value == 1e6 or not finite, f"{value} at a real place is hidden: it should be seen"
        expect.close(result[:, 1:], right[:, 1:], f"the ELBO of others than that with {value}")
    names = ("log_likelihood", "log_prior", "log_posterior")
    for place, (name, sign) in enumerate(zip(names, (1.0, 1.0, -1.0), strict=True)):
        cotangent = normal(generator, W, B)
        inputs = [*terms, mask]
        gradient = student.probe.gradient_of(student.gaussian.elbo, inputs, cotangent, place)
        assert gradient is not None, f"no gradient reaches {name} of elbo"
        expected = sign * cotangent[..., None] * mask
        expect.close(gradient, expected, f"the gradient of {name} of elbo")


@pytest.mark.about(WEIGHTED)
@pytest.mark.points(1)
@pytest.mark.hint("torch.logsumexp over the samples, minus log W")
def test_importance_weighted(student: Any, generator: torch.Generator) -> None:
    """importance_weighted is the log of the mean weight over the samples; of one it is the ELBO."""
    for samples, batch in ((W, B), (1, B), (7, 1), (B, B)):
        weights = 2 * normal(generator, samples, batch)
        right = weights.exp().mean(0).log()
        wrong = {
            "log W is not subtracted": weights.logsumexp(0),
            "log W is added, not subtracted": weights.logsumexp(0) + math.log(samples),
            "it is divided by W, not by exp(log W)": weights.logsumexp(0) / samples,
            "it is the mean of the logarithms: the ELBO": weights.mean(0),
            "it is the sum of the logarithms": weights.sum(0),
            "it is the largest weight": weights.amax(0),
            "it is the mean weight, not its logarithm": weights.exp().mean(0),
            "log of the batch's size is subtracted, not log W": (
                weights.logsumexp(0) - math.log(batch)
            ),
            "it has the wrong sign": -right,
        }
        if samples == batch:
            wrong["it runs over the sequences, not over the samples"] = weights.exp().mean(1).log()
        result = student.gaussian.importance_weighted(weights)
        expect_right(result, right, wrong, "what importance_weighted returns")


@pytest.mark.about(WEIGHTED)
@pytest.mark.points(1)
@pytest.mark.hint(
    "logsumexp subtracts each sequence's own largest before exp, so that nothing vanishes"
)
def test_importance_weighted_extremes(student: Any, generator: torch.Generator) -> None:
    """Weights of exp(-1000) and of exp(1000) neither vanish nor overflow, nor do gradients."""
    call = student.gaussian.importance_weighted
    noise = normal(generator, 4, B)
    for each in ((-1000.0,) * B, (1000.0,) * B, (0.0,) * B, (300.0, -400.0, 0.0)):
        shift = torch.tensor(each)  # (B,): a sequence's weights say nothing of another's
        weights = noise + shift
        right = (weights - shift).exp().mean(0).log() + shift
        expect.close(call(weights), right, "what importance_weighted returns", rtol=1e-5)
        cotangent = normal(generator, B)
        gradient = student.probe.gradient_of(call, [weights], cotangent)
        assert gradient is not None, "no gradient reaches the log-weights"
        expected = cotangent * weights.softmax(0)
        expect.close(gradient, expected, "the gradient of importance_weighted", atol=1e-4)


@pytest.mark.about(LOG_PROB, SAMPLE, ELBO, WEIGHTED)
@pytest.mark.points(1)
@pytest.mark.hint("with the true posterior every sample's ELBO is log p(x): check the signs")
def test_bound_of_a_linear_model(student: Any, generator: torch.Generator) -> None:
    """Where log p(x) is known, it is the ELBO of the true posterior; other bounds lie below it.

    z is N(0, I) and x is N(z, 1 / b), so x is N(0, 1 + 1 / b) and z given x is Gaussian too.
    """
    mask, zero = real(LENGTHS), torch.tensor(0.0)
    noisy = torch.tensor(2.0).log()  # log b
    x = 2 * normal(generator, B, T, E)
    exact = log_density(x, torch.zeros_like(x), -torch.tensor(1.5).log())  # (B, T)
    exact = (exact * mask).sum(-1)

    def bound(mean: Tensor, log_precision: Tensor, samples: int) -> tuple[Tensor, Tensor]:
        """(what elbo returns, (samples, B); what importance_weighted returns, (B,))."""
        log_prob, noise = student.gaussian.gaussian_log_prob, normal(generator, samples, B, T, E)
        z = student.gaussian.reparameterise(mean, log_precision, noise)
        z = expect.tensor(z, noise.shape, "float", "what reparameterise returns")
        arguments = ((x, z, noisy), (z, 0 * mean, zero), (z, mean, log_precision))
        shape = (samples, B, T)
        terms = [expect.tensor(log_prob(*each), shape, "float", LOG_PROB) for each in arguments]
        weights = student.gaussian.elbo(*terms, mask)
        weights = expect.tensor(weights, (samples, B), "float", "what elbo returns")
        total = student.gaussian.importance_weighted(weights)
        return weights, expect.tensor(total, (B,), "float", "what importance_weighted returns")

    each, together = bound(2 / 3 * x, torch.tensor(3.0).log(), 4)
    expect.close(each, exact.expand(4, B), "the ELBO of the true posterior", atol=1e-3)
    expect.close(together, exact, "the importance-weighted bound of it", atol=1e-3)
    single, several = bound(0.55 * x, torch.tensor(6.0).log(), 500)
    assert bool((single.mean(0) < exact).all()), "the ELBO of a wrong posterior exceeds log p(x)"
    assert bool((single.mean(0) < several).all()), "more samples give a worse bound"
