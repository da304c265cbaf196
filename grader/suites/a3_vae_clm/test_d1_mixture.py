"""Part d: the mixture prior's parameters and densities."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import (
    B,
    E,
    K,
    T,
    W,
    components,
    expect_gradients,
    log_density,
    log_weights,
)
from grader.suites.a3_vae_clm.models import check_layers, parameter_shapes, twins
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("d")
INIT, COMPONENTS = "MixturePrior.__init__", "MixturePrior.component_log_probs"
LOG_PROB, SHARES = "MixturePrior.log_prob", "MixturePrior.responsibilities"
SHAPES = ((E,), (B, E), (B, T, E), (W, B, T, E), (K, E))
Make = Callable[[Any], Any]


def make(learn_weights: bool, mixtures: int = K, embed_size: int = E) -> Make:
    """Builds a prior of a given code, the student's or ours."""
    return lambda code: code.mixture.MixturePrior(mixtures, embed_size, learn_weights)


@pytest.mark.about(INIT)
@pytest.mark.points(2)
@pytest.mark.hint("means and log_precisions are parameters; logits only if learn_weights")
def test_init(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The prior has random means, log_precisions of 0, and logits of 0 that may be trained."""
    names = parameter_shapes(student, student.mixture.MixturePrior(K, E))
    assert "logits" not in names, "without learn_weights logits should be a buffer, no parameter"
    for learn_weights in (True, False):
        check_layers(student, reference, make(learn_weights))
        theirs = expect.thing(make(learn_weights)(student), "the prior")
        zeros = (("logits", torch.zeros(K)), ("log_precisions", torch.zeros(E)))
        for name, right in zeros:
            expect.close(getattr(theirs, name), right, f"{name} at the start")
    saved = expect.plain(student.probe.saved(make(False)(student)), "the state_dict's names")
    assert "logits" in saved, "logits that are not trained should be a buffer, which is saved"
    means = expect.tensor(make(False, 40, 30)(student).means, (40, 30), "float", "means")
    assert means.std(0).max() > 1e-6, "all components begin with one mean, and would stay equal"
    assert 0.9 < means.std() < 1.1, "the means should be drawn from N(0, I)"
    assert means.std(0).min() > 0.3, "the means should be drawn from N(0, I)"
    assert means.mean().abs() < 0.15, "the means should be drawn from N(0, I)"


@pytest.mark.about(COMPONENTS)
@pytest.mark.points(2)
@pytest.mark.hint("gaussian_log_prob of z with a dimension for the components: (.., 1, E)")
def test_components(student: Any, reference: Any, generator: torch.Generator) -> None:
    """component_log_probs has each component's log-density, without its weight, for all shapes."""
    theirs, ours = twins(student, reference, make(True), generator)
    mean, precisions = ours.means, ours.log_precisions
    for shape in SHAPES:
        z = normal(generator, *shape)
        right = components(ours, z)
        squares = ((z[..., None, :] - mean) ** 2).sum(-1)
        wrong = {
            "the weights are in it": right + log_weights(ours),
            "the logits are in it": right + ours.logits,
            "all precisions are 1": log_density(z[..., None, :], mean, 0 * precisions),
            "the precision is taken for the variance": (
                log_density(z[..., None, :], mean, -precisions)
            ),
            "it is normalised over the components": right.log_softmax(-1),
            "it is the density, not its logarithm": right.exp(),
            "it is the squared distance to each mean": squares,
            "it is half the squared distance to each mean, negative": -squares / 2,
            "it is the scalar product with each mean": z @ mean.t(),
        }
        expect_right(
            theirs.component_log_probs(z), right, wrong, "what component_log_probs returns"
        )
    z = normal(generator, B, E)
    expect_parameter_gradients(student, theirs, ours, "component_log_probs", z, components(ours, z))


def expect_parameter_gradients(
    student: Any, theirs: Any, ours: Any, method: str, z: Tensor, right: Tensor
) -> None:
    """Compares the gradients of (result * cotangent).sum() by the prior's own parameters.

    right: what the method should return, with the graph that made it.
    """
    cotangent = torch.linspace(-1, 2, right.numel()).view_as(right)
    names, parameters = zip(*ours.named_parameters(), strict=True)
    expected = torch.autograd.grad((right * cotangent).sum(), parameters, allow_unused=True)
    zeros = [
        torch.zeros_like(p) if g is None else g for g, p in zip(expected, parameters, strict=True)
    ]
    call = getattr(theirs, method)
    found = student.probe.layer_gradients(theirs, call, [z], cotangent)
    expect.gradients(found, [dict(zip(names, zeros, strict=True))], method)


@pytest.mark.about(LOG_PROB)
@pytest.mark.points(2)
@pytest.mark.hint("logsumexp over the components of log_softmax(logits) + component_log_probs")
def test_log_prob(student: Any, reference: Any, generator: torch.Generator) -> None:
    """log_prob is the log of the weighted sum of densities; the weights may be learned."""
    for learn_weights, mixtures in ((True, K), (False, K), (True, 1), (False, 1)):
        theirs, ours = twins(student, reference, make(learn_weights, mixtures), generator)
        for shape in SHAPES:
            z = normal(generator, *shape)
            each = components(ours, z)
            weights = log_weights(ours)
            right = (weights.exp() * each.exp()).sum(-1).log()
            wrong = {
                "the weights are missing": each.logsumexp(-1),
                "all components weigh the same, whatever the logits": each.exp().mean(-1).log(),
                "the logits are added as they are: they are not normalised": (
                    (ours.logits + each).logsumexp(-1)
                ),
                "the logits are no logarithms: take their softmax": (
                    (ours.logits.exp() * each).sum(-1)
                ),
                "it is the mean of the components' log-densities": (weights.exp() * each).sum(-1),
                "it is the likeliest component's": (weights + each).amax(-1),
                "it is the density, not its logarithm": right.exp(),
                "it has the wrong sign": -right,
            }
            expect_right(theirs.log_prob(z), right, wrong, "what log_prob returns")


@pytest.mark.about(LOG_PROB)
@pytest.mark.points(1)
@pytest.mark.hint("logsumexp, not log(sum(exp)): far from all means every density is 0 in float32")
def test_log_prob_extremes(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Far from every mean log_prob is finite; its gradients reach z and all parameters."""
    theirs, ours = twins(student, reference, make(True), generator)
    for distance in (30.0, 1000.0, -1000.0):
        z = normal(generator, B, E) + distance
        each = components(ours, z).double() + log_weights(ours).double()
        expect.close(theirs.log_prob(z), each.logsumexp(-1), "log_prob far away", rtol=1e-4)
    z = normal(generator, B, E)

    def mixture(z: Tensor) -> Tensor:
        each = log_density(z[..., None, :], ours.means.double(), ours.log_precisions.double())
        return (log_weights(ours) + each).logsumexp(-1).detach()

    expect_gradients(student, theirs.log_prob, mixture, [z], LOG_PROB)
    right = (log_weights(ours) + components(ours, z)).logsumexp(-1)
    expect_parameter_gradients(student, theirs, ours, "log_prob", z, right)


@pytest.mark.about(SHARES)
@pytest.mark.points(1)
@pytest.mark.hint("softmax over the components of log weight + log-density")
def test_responsibilities(student: Any, reference: Any, generator: torch.Generator) -> None:
    """responsibilities are the components' probabilities given z; they sum to 1, far away too."""
    for learn_weights in (True, False):
        theirs, ours = twins(student, reference, make(learn_weights), generator)
        for shape, distance in ((shape, shift) for shape in SHAPES for shift in (0.0, 30.0)):
            z = normal(generator, *shape) + distance
            each = components(ours, z)
            right = (log_weights(ours) + each).softmax(-1)
            wrong = {
                "the weights are missing": each.softmax(-1),
                "only the weights count": log_weights(ours).exp().expand_as(each),
                "they are logarithms": right.log(),
                "they are the weighted densities: divide by their sum": (
                    (log_weights(ours) + each).exp()
                ),
                "only the likeliest component counts": (
                    F.one_hot(right.argmax(-1), right.size(-1)).float()
                ),
            }
            if len(shape) > 1:
                wrong["they sum to 1 over the wrong dimension"] = (
                    log_weights(ours) + each
                ).softmax(-2)
            expect_right(
                theirs.responsibilities(z), right, wrong, "what responsibilities returns", atol=1e-3
            )
