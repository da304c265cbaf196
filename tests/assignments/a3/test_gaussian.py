"""a3's Gaussians, mixtures and convolutions: against torch.distributions and against each sequence
by itself."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from tests.assignments.a3.quadrature import MODULES

pytestmark = pytest.mark.usefixtures("one_thread")
gaussian, mixture = MODULES["gaussian"], MODULES["mixture"]
convolution = MODULES["convolution"]
SHAPES = {"each number": (4,), "one for all": (), "each place": (3, 4)}
DOUBLE = {"dtype": torch.float64}


def drawn(shape: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    """z and mean (3, 4), and log-precisions of a shape."""
    torch.manual_seed(0)
    return torch.randn(3, 4, **DOUBLE), torch.randn(3, 4, **DOUBLE), torch.randn(shape, **DOUBLE)


def normal(mean: torch.Tensor, log_precision: torch.Tensor) -> Independent:
    deviation = (-0.5 * log_precision).exp().expand_as(mean)
    return Independent(Normal(mean, deviation), 1)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_the_density_and_the_divergence_are_those_of_torch(shape):
    z, mean, log_precision = drawn(shape)
    right = normal(mean, log_precision)
    found = gaussian.gaussian_log_prob(z, mean, log_precision)
    torch.testing.assert_close(found, right.log_prob(z))
    standard = normal(torch.zeros_like(mean), torch.zeros((), **DOUBLE))
    found = gaussian.kl_to_standard(mean, log_precision)
    torch.testing.assert_close(found, kl_divergence(right, standard))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_gradients_are_those_of_finite_differences(shape):
    z, mean, log_precision = (each.requires_grad_() for each in drawn(shape))
    torch.autograd.gradcheck(gaussian.gaussian_log_prob, (z, mean, log_precision))
    torch.autograd.gradcheck(gaussian.kl_to_standard, (mean, log_precision))
    torch.autograd.gradcheck(gaussian.reparameterise, (mean, log_precision, z.detach()))


def test_a_reparameterised_sample_lies_as_many_deviations_off_as_the_noise_says():
    mean, log_precision = torch.tensor([1.0, -2.0]), torch.tensor([0.0, math.log(16)])
    z = gaussian.reparameterise(mean, log_precision, torch.tensor([[2.0, 2.0], [0.0, -1.0]]))
    torch.testing.assert_close(z, torch.tensor([[3.0, -1.5], [1.0, -2.25]]))


def test_the_elbo_has_all_terms_of_real_places_and_nothing_of_pads():
    terms = [torch.arange(4.0).view(1, 2, 2) * scale for scale in (1, 10, 100)]
    mask = torch.tensor([[True, True], [True, False]])
    for term in terms:
        term[0, 1, 1] = torch.nan
    found = gaussian.elbo(*terms, mask)
    torch.testing.assert_close(found, torch.tensor([[-89.0, -178.0]]))


def test_importance_weights_are_averaged_also_where_exp_underflows():
    weights = torch.tensor([[-1000.0, 3.0], [-1001.0, 3.0]])
    found = gaussian.importance_weighted(weights)
    right = torch.tensor([-1000 + math.log((1 + math.exp(-1)) / 2), 3.0])
    torch.testing.assert_close(found, right)


def make_mixture(learn_weights: bool = True):
    torch.manual_seed(1)
    prior = mixture.MixturePrior(5, 4, learn_weights).double()
    with torch.no_grad():
        prior.log_precisions.normal_()
        if learn_weights:
            prior.logits.normal_()
    components = normal(prior.means, prior.log_precisions)
    return prior, MixtureSameFamily(Categorical(logits=prior.logits), components)


def test_the_mixture_is_that_of_torch():
    prior, right = make_mixture()
    z = torch.randn(2, 3, 4, **DOUBLE)
    torch.testing.assert_close(prior.log_prob(z), right.log_prob(z))
    of_each = right.component_distribution.log_prob(z.unsqueeze(-2))
    torch.testing.assert_close(prior.component_log_probs(z), of_each)
    joint = of_each + right.mixture_distribution.logits
    torch.testing.assert_close(prior.responsibilities(z), joint.softmax(dim=-1))
    assert torch.isfinite(prior.log_prob(z + 1000)).all()


def test_weights_are_trained_only_if_asked_for():
    for learn, names in ((False, 2), (True, 3)):
        prior, _ = make_mixture(learn)
        assert len(list(prior.parameters())) == names and "logits" in prior.state_dict()


@torch.no_grad()
def test_draws_of_the_mixture_have_its_moments():
    prior, right = make_mixture()
    draws = prior.sample((50, 400), torch.Generator().manual_seed(2)).flatten(0, 1)
    assert draws.shape == (20_000, 4)
    error = 5 * (right.variance / 20_000).sqrt()
    assert ((draws.mean(dim=0) - right.mean).abs() < error).all()
    torch.testing.assert_close(draws.var(dim=0), right.variance, rtol=0.1, atol=0.0)


def test_a_bigram_s_moving_mean_belongs_to_the_latent_before():
    prior, _ = make_mixture()
    linear = nn.Linear(4, 4).double()
    z = torch.randn(2, 6, 4, **DOUBLE)
    found = mixture.bigram_log_prob(prior, linear, z)
    for row in range(2):
        for place in range(6):
            means = prior.means.detach().clone()
            if place:
                means[0] = linear(z[row, place - 1])
            components = normal(means, prior.log_precisions)
            right = MixtureSameFamily(Categorical(logits=prior.logits), components)
            torch.testing.assert_close(found[row, place], right.log_prob(z[row, place]))


@pytest.mark.parametrize("activation", convolution.ACTIVATIONS)
@pytest.mark.parametrize(("residual", "shared"), [(True, False), (False, True)])
def test_a_padded_batch_gives_what_each_sequence_gives_alone(activation, residual, shared):
    torch.manual_seed(3)
    stack = convolution.ConvolutionStack(4, 3, 5, residual, shared, activation).double()
    assert len(stack.convolutions) == (1 if shared else 3)
    lengths = [7, 2, 1, 4]
    x = torch.randn(4, 7, 4, **DOUBLE)
    mask = torch.arange(7) < torch.tensor(lengths)[:, None]
    spoilt = x.masked_fill(~mask.unsqueeze(2), torch.nan)
    found = stack(spoilt, mask)
    for row, length in enumerate(lengths):
        alone = stack(x[row : row + 1, :length], mask[row : row + 1, :length])
        torch.testing.assert_close(found[row, :length], alone[0])


@pytest.mark.parametrize(("depth", "kernel"), [(0, 3), (1, 5), (4, 3), (2, 7)])
def test_a_place_depends_on_as_many_places_as_the_receptive_field_says(depth, kernel):
    torch.manual_seed(4)
    stack = convolution.ConvolutionStack(2, depth, kernel, True, False, "before").double()
    x = torch.randn(1, 31, 2, requires_grad=True, **DOUBLE)
    stack(x, torch.ones(1, 31, dtype=torch.bool))[0, 15].sum().backward()
    reached = int((x.grad[0].abs().sum(dim=1) > 0).sum())
    assert reached == convolution.receptive_field(depth, kernel)


def test_what_is_wrong_with_a_stack_is_said():
    with pytest.raises(ValueError, match="'relu' is not one of none, before, after"):
        convolution.ConvolutionStack(2, 1, 3, True, False, "relu")
    with pytest.raises(ValueError, match="kernel 4 is even"):
        convolution.ConvolutionStack(2, 1, 4, True, False, "none")


def test_tied_logits_are_dot_products():
    h, embedding = torch.randn(2, 3, 4), torch.randn(5, 4)
    right = torch.einsum("bte,ce->btc", h, embedding)
    torch.testing.assert_close(convolution.tied_logits(h, embedding), right)
