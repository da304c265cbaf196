"""Part c: the Gaussian bound."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

pytestmark = pytest.mark.part("c")


@pytest.mark.points(1)
@pytest.mark.hint("0.5 * (log_precision - (z - mean)^2 * precision - log(2 pi)), summed over E")
def test_log_prob_by_hand(student):
    """Two numbers with the precisions 1 and 4, worked out by hand."""
    z, mean = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 0.5])
    result = student.gaussian.gaussian_log_prob(z, mean, torch.tensor([1.0, 4.0]).log())
    expected = -0.5 * (1 + 1) + math.log(2) - math.log(2 * math.pi)
    assert result.shape == (), f"the shape is {tuple(result.shape)}, not ()"
    assert abs(result.item() - expected) < 1e-5, f"it is {result.item()}, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint("a scalar log_precision counts for each of the E numbers")
def test_kl_to_standard(student):
    """The divergence is that of torch.distributions, and 0 for the standard Gaussian itself."""
    mean = torch.randn(2, 3, 5)
    for log_precision in (torch.randn(5), torch.tensor(0.7), torch.randn(2, 3, 5)):
        posterior = Normal(mean, torch.exp(-0.5 * log_precision).expand_as(mean))
        expected = kl_divergence(posterior, Normal(torch.zeros(5), torch.ones(5))).sum(-1)
        result = student.gaussian.kl_to_standard(mean, log_precision)
        assert torch.allclose(result, expected, atol=1e-4), "the divergence is wrong"
    result = student.gaussian.kl_to_standard(torch.zeros(5), torch.zeros(5)).item()
    assert abs(result) < 1e-6, f"from N(0, I) to itself it is {result}, not 0"


@pytest.mark.points(1)
@pytest.mark.hint("mean + noise * standard deviation; the gradient reaches both")
def test_reparameterise(student):
    """A standard deviation of 1/2 halves the noise; both arguments get their gradients."""
    mean = torch.tensor([1.0, -1.0], requires_grad=True)
    log_precision = torch.tensor(math.log(4.0), requires_grad=True)
    z = student.gaussian.reparameterise(mean, log_precision, torch.tensor([2.0, -4.0]))
    assert torch.allclose(z, torch.tensor([2.0, -3.0])), f"z is {z.tolist()}, not [2, -3]"
    z.sum().backward()
    assert torch.allclose(mean.grad, torch.ones(2)), "the gradient of the mean is not 1"
    slope = log_precision.grad.item()  # d/dl of exp(-l / 2) * (2 - 4) is half of 1
    assert abs(slope - 0.5) < 1e-5, f"the gradient of log_precision is {slope}, not 0.5"


@pytest.mark.points(1)
@pytest.mark.hint("all three terms at real places; torch.where, since 0 * nan is nan")
def test_elbo(student):
    """Likelihood plus prior minus posterior at the real places, whatever stands at the others."""
    likelihood = torch.tensor([[[-1.0, -2.0, math.nan]]])
    prior, posterior = torch.tensor([[[-3.0, -4.0, 9.0]]]), torch.tensor([[[-0.5, -0.25, 7.0]]])
    mask = torch.tensor([[True, True, False]])
    result = student.gaussian.elbo(likelihood, prior, posterior, mask)
    assert result.shape == (1, 1), f"the shape is {tuple(result.shape)}, not (1, 1)"
    assert abs(result.item() + 9.25) < 1e-5, f"the ELBO is {result.item()}, not -9.25"


@pytest.mark.points(1)
@pytest.mark.hint("torch.logsumexp over the samples, minus log W")
def test_importance_weighted(student):
    """The weights 1/2 and 1/4 have the mean 3/8, also if both are exp(-1000) times as small."""
    for shift in (0.0, -1000.0):
        weights = torch.tensor([[0.5], [0.25]]).log() + shift
        result = student.gaussian.importance_weighted(weights).item()
        expected = math.log(0.375) + shift
        assert abs(result - expected) < 1e-3, f"the bound is {result}, not {expected}"
