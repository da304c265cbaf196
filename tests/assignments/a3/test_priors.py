"""a3's priors of latents: densities that integrate to 1, and draws that have them."""

from __future__ import annotations

import math

import pytest
import torch

from tests.assignments.a3.quadrature import MODULES, make, make_prior

pytestmark = pytest.mark.usefixtures("one_thread")
priors, mixture = MODULES["priors"], MODULES["mixture"]
SEQUENTIAL = ("bigram", "chain", "memory")


def prior_of(kind: str, size: int = 1):
    return make(kind, size=size).prior


@pytest.mark.parametrize("precision", [0.0, 3.0])
def test_the_fast_densities_are_the_mixture_s_own(precision):
    torch.manual_seed(0)
    mixed = mixture.MixturePrior(5, 4)
    with torch.no_grad():
        mixed.log_precisions.normal_().add_(precision)
    z = (3 * torch.randn(2, 3, 6, 4)).requires_grad_()
    found, right = (
        priors.densities(z, mixed.means, mixed.log_precisions),
        mixed.component_log_probs(z),
    )
    torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-3)
    inputs = (z, mixed.means, mixed.log_precisions)
    for own, other in zip(
        torch.autograd.grad(found.square().mean(), inputs),
        torch.autograd.grad(right.square().mean(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-2)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["mixture", *SEQUENTIAL])
def test_the_density_of_a_latent_integrates_to_1_whatever_stands_before(kind):
    prior = prior_of(kind)
    line = torch.arange(-12, 12, 0.02, dtype=torch.float64)
    before = torch.tensor([0.7, -1.1], dtype=torch.float64).expand(len(line), 2)
    z = torch.cat((before, line[:, None]), dim=1)[None, :, :, None]  # (1, N, 3, 1)
    mask = torch.ones(len(line), 3, dtype=torch.bool)
    last = prior.log_prob(z, mask)[0, :, 2]  # (N,)
    assert (last.exp().sum() * 0.02).item() == pytest.approx(1, abs=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("kind", SEQUENTIAL)
def test_a_latent_depends_on_those_before_it_alone(kind):
    prior = prior_of(kind, size=2)
    z = torch.randn(1, 1, 5, 2, dtype=torch.float64)
    changed = z.clone()
    changed[0, 0, 3] += 1.0
    mask = torch.ones(1, 5, dtype=torch.bool)
    same = torch.isclose(prior.log_prob(z, mask), prior.log_prob(changed, mask))[0, 0]
    assert same[:3].all() and not same[3]
    assert same[4].item() is False  # the one after it sees it


@torch.no_grad()
def test_a_nested_prior_is_a_bound_from_below_of_the_integral_over_its_own_latent():
    prior = prior_of("nested")
    prior.posterior.log_precision.bias.fill_(-1.0)
    z = torch.tensor(0.4, dtype=torch.float64).expand(1, 20_000, 1, 1)
    mask = torch.ones(20_000, 1, dtype=torch.bool)
    step = 0.02
    u = torch.arange(-12, 12, step, dtype=torch.float64)[:, None, None]  # (N, 1, 1)
    ones = torch.ones(len(u), 1, dtype=torch.bool)
    given_u = prior.log_given(u, z[0, 0].expand(len(u), 1, 1), ones)
    joint = given_u + prior.prior.log_prob(u[None], ones)[0]
    right = joint.logsumexp(0).item() + math.log(step)
    bounds = prior.log_prob(z, mask)[0, :, 0]  # (N,)
    assert bounds.mean() < right
    weighted = bounds.logsumexp(0).item() - math.log(len(bounds))
    assert weighted == pytest.approx(right, abs=0.05)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["gaussian", "mixture", "bigram", "chain", "memory", "nested"])
def test_draws_have_their_shape_and_depend_on_the_generator_alone(kind):
    prior = make_prior(kind, size=2)
    mask = torch.ones(3, 4, dtype=torch.bool)
    draws = [prior.sample(mask, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert draws[0].shape == (3, 4, 2)
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


@torch.no_grad()
def test_a_nested_prior_draws_latents_as_often_as_its_density_says():
    prior = prior_of("nested")
    mask = torch.ones(4000, 1, dtype=torch.bool)
    z = prior.sample(mask, torch.Generator().manual_seed(0)).flatten()
    u = prior.prior.sample(mask, torch.Generator().manual_seed(1))  # (4000, 1, 1)
    line = torch.arange(-12, 12, 0.5, dtype=torch.float64)
    density = torch.stack(
        [prior.log_given(u, torch.full_like(u, value), mask).exp().mean() for value in line]
    )
    assert z.mean().item() == pytest.approx((line * density).sum().item() * 0.5, abs=0.2)
