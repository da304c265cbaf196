"""Part d: the bigram prior."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import B, E, K, T, W, components, log_density, log_weights
from grader.suites.a3_vae_clm.models import twins
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("d")
BIGRAM = "bigram_log_prob"


def make(learn_weights: bool) -> Callable[[Any], Any]:
    """Builds a prior of a given code, the student's or ours."""
    return lambda code: code.mixture.MixturePrior(K, E, learn_weights)


@pytest.mark.about(BIGRAM)
@pytest.mark.points(1)
@pytest.mark.hint(
    "shift z by one place, along dim=-2; means[0] stands at place 0; component 0 gives way"
)
def test_bigram(student: Any, reference: Any, generator: torch.Generator) -> None:
    """bigram_log_prob: component 0 has the mean linear(z at t - 1), and means[0] at place 0."""
    for learn_weights in (True, False):
        theirs, ours = twins(
            student,
            reference,
            make(learn_weights),
            generator,
        )
        weight, bias = normal(generator, E, E), normal(generator, E)
        layer = student.probe.linear(weight, bias)
        for shape in ((B, T), (1, 1), (B, 1), (1, 2), (E, E), (W, B, T)):
            z = normal(generator, *shape, E)
            right, wrong = bigrams(ours, weight, bias, z)
            result = student.mixture.bigram_log_prob(theirs, layer, z)
            expect_right(result, right, wrong, "what bigram_log_prob returns")


def bigrams(ours: Any, weight: Tensor, bias: Tensor, z: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """What bigram_log_prob should return, (.., T), and what known mistakes give."""
    first = ours.means[0].expand_as(z[..., :1, :])
    before, here = F.linear(z[..., :-1, :], weight, bias), F.linear(z, weight, bias)
    zero = F.linear(torch.zeros_like(z[..., :1, :]), weight, bias)
    of_mean = F.linear(first, weight, bias)
    moving = torch.cat((first, before), -2)  # (.., T, E)
    precisions = ours.log_precisions

    def mixed(mean: Tensor, place: int = 0, weights: Tensor | None = None) -> Tensor:
        each = components(ours, z).clone()
        each[..., place] = log_density(z, mean, precisions)
        return (log_weights(ours) + each if weights is None else weights + each).logsumexp(-1)

    extra = log_density(z, moving, precisions)
    several = torch.cat((log_weights(ours) + components(ours, z), extra[..., None]), -1)
    wrong = {
        "at place 0 the mean is linear(0), not means[0]": mixed(torch.cat((zero, before), -2)),
        "at place 0 the mean is linear(means[0]), not means[0]": (
            mixed(torch.cat((of_mean, before), -2))
        ),
        "at place 0 the mean is 0, not means[0]": mixed(torch.cat((0 * first, before), -2)),
        "at place 0 the mean comes from the last place": mixed(here.roll(1, -2)),
        "at place 0 the mean comes from that place itself": (
            mixed(torch.cat((here[..., :1, :], before), -2))
        ),
        "the mean comes from the place itself, not from the one before": mixed(here),
        "the mean comes from the place after, not from the one before": (
            mixed(torch.cat((here[..., 1:, :], first), -2))
        ),
        "the mean is the latent before, without the linear layer": (
            mixed(torch.cat((first, z[..., :-1, :]), -2))
        ),
        "the mean is added to means[0]": mixed(torch.cat((first, before + ours.means[0]), -2)),
        "the linear layer's bias is missing": mixed(torch.cat((first, before - bias), -2)),
        "the last component moves, not component 0": mixed(moving, -1),
        "no component moves: it is the prior's log_prob": (
            (log_weights(ours) + components(ours, z)).logsumexp(-1)
        ),
        "there is only the moving component": extra,
        "the moving component is one more than the K of the prior": several.logsumexp(-1),
        "the weights are missing": mixed(moving, weights=torch.zeros(K)),
        "the logits are not normalised": mixed(moving, weights=ours.logits),
        "all components weigh the same": mixed(moving, weights=torch.full((K,), -math.log(K))),
    }
    return mixed(moving), wrong


@pytest.mark.about(BIGRAM)
@pytest.mark.points(1)
@pytest.mark.hint("logsumexp, and no detach: the latent before gets a gradient, too")
def test_bigram_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients of bigram_log_prob reach z, the linear layer and the prior; it is always finite."""
    theirs, ours = twins(student, reference, make(True), generator)
    weight, bias = 0.5 * normal(generator, E, E), normal(generator, E)
    layer, z = student.probe.linear(weight, bias), normal(generator, 2, 3, E)
    bigram = student.mixture.bigram_log_prob
    far = normal(generator, B, T, E) + 100
    expect.close(
        bigram(theirs, layer, far), bigrams(ours, weight, bias, far)[0], f"{BIGRAM} far away"
    )
    cotangent = normal(generator, 2, 3)
    leaves = [weight.requires_grad_(), bias.requires_grad_(), z.clone().requires_grad_()]
    total = (bigrams(ours, leaves[0], leaves[1], leaves[2])[0] * cotangent).sum()
    *of_layer, of_z = torch.autograd.grad(total, leaves, retain_graph=True)
    arguments = [theirs, layer, z]
    found = student.probe.layer_gradients(layer, bigram, arguments, cotangent)
    expect.gradients(found, [dict(zip(("weight", "bias"), of_layer, strict=True))], "linear")
    gradient = student.probe.gradient_of(bigram, arguments, cotangent, 2)
    assert gradient is not None, "no gradient reaches z"
    expect.close(gradient, of_z, "the gradient of z", atol=1e-4, rtol=1e-3)
    names, parameters = zip(*ours.named_parameters(), strict=True)
    right = dict(zip(names, torch.autograd.grad(total, parameters), strict=True))
    found = student.probe.layer_gradients(theirs, bigram, arguments, cotangent)
    expect.gradients(found, [right], BIGRAM)
