"""Sizes, densities and finite differences that several tests of parts c, d, e and g use.

Letters in the shapes: W samples, B batch, T places, E numbers of a latent, K components, C symbols.
The sizes differ from one another, so that a mix-up shows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.nn import functional as F

from grader import expect
from grader.random_inputs import indices, normal

W, B, T, E, K, C = 2, 3, 4, 5, 6, 7
LENGTHS = (4, 1, 3)  # of the B sequences in a padded batch
KEEP_S = torch.tensor([1.0, 0.9, 0.6, 0.3, 0.05])  # levels of ROWS sequences
KEEP_T = torch.tensor([0.7, 0.4, 0.55, 0.0, 0.01])
ROWS = len(KEEP_S)
SPREAD = 5.0  # standard deviations by which a share of random draws may be off


def density(z: Tensor, mean: Tensor, log_precision: Tensor) -> Tensor:
    """The log-density of each number of z by itself, (.., E)."""
    result: Tensor = Normal(mean, (-0.5 * log_precision).exp()).log_prob(z)
    return result


def log_density(z: Tensor, mean: Tensor, log_precision: Tensor) -> Tensor:
    """The log-density of a diagonal Gaussian, (..)."""
    return density(z, mean, log_precision).sum(-1)


def finite_differences(f: Callable[[Tensor], Tensor], x: Tensor, step: float = 1e-5) -> Tensor:
    """The gradient of f(x), a scalar, by central differences in float64."""
    x = x.double()
    gradient = torch.zeros_like(x)
    for place in range(x.numel()):
        change = torch.zeros_like(x).flatten()
        change[place] = step
        change = change.view_as(x)
        gradient.view(-1)[place] = (f(x + change) - f(x - change)) / (2 * step)
    return gradient


def expect_gradients(
    student: Any, function: Any, ours: Callable[..., Tensor], arguments: list[Tensor], what: str
) -> None:
    """Compares the gradients of (result * cotangent).sum() by every argument with differences.

    ours: what `function` should compute, in float64; its parameters have the student's names.
    """
    exact = [argument.double() for argument in arguments]
    result = ours(*exact)
    cotangent = torch.linspace(-1, 2, result.numel(), dtype=torch.float64).view_as(result)

    for wrt, name in enumerate(inspect.signature(ours).parameters):

        def total(value: Tensor, wrt: int = wrt) -> Tensor:
            return (ours(*exact[:wrt], value, *exact[wrt + 1 :]) * cotangent).sum()

        right = finite_differences(total, arguments[wrt])
        gradient = student.probe.gradient_of(function, arguments, cotangent.float(), wrt)
        assert gradient is not None, f"{what}: no gradient reaches {name}"
        expect.close(gradient, right, f"the gradient of {name} of {what}", atol=1e-3, rtol=1e-3)


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, before: int | None = None) -> Tensor:
    """The convolution along T of x (B, T, E), with `before` zeros in front: half the kernel's."""
    width = weight.size(-1) - 1
    before = width // 2 if before is None else before
    padded = F.pad(x.transpose(1, 2), (before, width - before))
    return F.conv1d(padded, weight, bias).transpose(1, 2)


def texts(generator: torch.Generator, b: int = B, t: int = T, size: int = C) -> Tensor:
    """Random symbols, (b, t) long."""
    return indices(generator, size, b, t)


def log_probs(generator: torch.Generator, *shape: int, sharpness: float = 1.0) -> Tensor:
    """Random log-probabilities, normalised over the last dimension."""
    return (sharpness * normal(generator, *shape)).log_softmax(-1)


def expect_share(hits: Tensor, share: float, what: str) -> None:
    """Checks that about `share` of the draws are hits, as far as their number allows."""
    count = hits.numel()
    allowed = SPREAD * (max(share * (1 - share), 1 / count) / count) ** 0.5
    got = hits.double().mean().item()
    assert abs(got - share) <= allowed, f"{what}: {got:.3f} of them, not {share:.3f}"


def components(ours: Any, z: Tensor) -> Tensor:
    """The log-density of z under each component, (.., K)."""
    return log_density(z[..., None, :], ours.means, ours.log_precisions)


def log_weights(ours: Any) -> Tensor:
    """(K,), normalised."""
    return F.log_softmax(ours.logits, dim=0)
