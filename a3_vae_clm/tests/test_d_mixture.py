"""Part d: the mixture prior."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal

pytestmark = pytest.mark.part("d")


def line(student, learn_weights=True):
    """Two components on a line, N(-2, 1) and N(2, 1), of which the second weighs three times."""
    prior = student.mixture.MixturePrior(2, 1, learn_weights)
    prior.means.data = torch.tensor([[-2.0], [2.0]])
    prior.logits.data = torch.tensor([0.0, math.log(3.0)])
    return prior


@pytest.mark.points(1)
@pytest.mark.hint("logits: a parameter if learn_weights, else a buffer")
def test_parameters(student):
    """The prior has K means, E log-precisions, and logits that are trained on demand."""
    names = {"means": (6, 4), "log_precisions": (4,)}
    for learn_weights in (True, False):
        prior = student.mixture.MixturePrior(6, 4, learn_weights)
        found = {name: tuple(parameter.shape) for name, parameter in prior.named_parameters()}
        expected = names | ({"logits": (6,)} if learn_weights else {})
        assert found == expected, f"the parameters are {found}, not {expected}"
        assert "logits" in prior.state_dict(), "the logits are not saved"


@pytest.mark.points(1)
@pytest.mark.hint("logsumexp of log_softmax(logits) + component_log_probs")
def test_log_prob(student):
    """The density of two Gaussians of deviation 1/2 on a line, near them and far away."""
    prior = line(student)
    prior.log_precisions.data = torch.tensor([math.log(4.0)])
    for place in (-2.0, 0.0, 1.5, 100.0):
        z = torch.tensor([place])
        each = Normal(torch.tensor([-2.0, 2.0]), 0.5).log_prob(z)
        expected = torch.logsumexp(each + torch.tensor([0.25, 0.75]).log(), 0).item()
        assert torch.allclose(prior.component_log_probs(z), each), "a component's density is wrong"
        result = prior.log_prob(z).item()
        assert abs(result - expected) < 1e-3, f"log_prob at {place} is {result}, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint("the softmax of log weight + log-density")
def test_responsibilities(student):
    """Half-way between the components only their weights count."""
    result = line(student).responsibilities(torch.zeros(1))
    assert torch.allclose(result, torch.tensor([0.25, 0.75])), f"it is {result.tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("draw a component for each sample, then a draw from it")
def test_sample(student):
    """Of 4,000 draws about three quarters lie to the right, with a deviation of about 1."""
    draws = line(student).sample((40, 100), torch.Generator().manual_seed(1))
    assert draws.shape == (40, 100, 1), f"the shape is {tuple(draws.shape)}, not (40, 100, 1)"
    share = (draws > 0).float().mean().item()
    right = 0.75 * 0.977 + 0.25 * 0.023
    assert abs(share - right) < 0.05, f"{share:.2f} of the draws lie to the right, not {right:.2f}"
    assert abs(draws.std().item() - (1 + 3) ** 0.5) < 0.2, "the draws' spread is wrong"


@pytest.mark.points(1)
@pytest.mark.hint("component 0 has the mean linear(z[t - 1]), and means[0] at place 0")
def test_bigram(student):
    """Component 0 moves to twice the latent before; samples may stand in front."""
    prior = line(student)
    prior.log_precisions.data = torch.tensor([math.log(4.0)])
    linear = nn.Linear(1, 1)
    linear.weight.data, linear.bias.data = torch.tensor([[2.0]]), torch.zeros(1)
    z = torch.tensor([[[1.0], [2.0], [5.0]]])
    moving = Normal(torch.tensor([-2.0, 2.0, 4.0]), 0.5).log_prob(z[0, :, 0])
    other = Normal(2.0, 0.5).log_prob(z[0, :, 0])
    expected = torch.logaddexp(moving + math.log(0.25), other + math.log(0.75))
    result = student.mixture.bigram_log_prob(prior, linear, z)
    assert result.shape == (1, 3), f"the shape is {tuple(result.shape)}, not (1, 3)"
    assert torch.allclose(result[0], expected, atol=1e-5), f"it is {result[0].tolist()}"
    twice = student.mixture.bigram_log_prob(prior, linear, z.expand(2, 1, 3, 1))
    assert twice.shape == (2, 1, 3), f"two samples: the shape is {tuple(twice.shape)}"
    assert torch.allclose(twice, result.expand(2, 1, 3), atol=1e-5), "samples in front change it"
