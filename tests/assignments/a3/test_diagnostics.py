"""Measures and descent of a posterior that is a mixture: read as such, not as one Gaussian."""

from __future__ import annotations

import importlib
import math

import pytest
import torch

from tests.assignments.a3.quadrature import (
    MODULES,
    PROJECT,
    batch_of,
    make,
    mean_and_error,
    only_length,
)
from tests.flat import flat_imports

pytestmark = pytest.mark.usefixtures("one_thread")
diagnostics, posteriors = MODULES["diagnostics"], MODULES["posteriors"]


def information(centres: torch.Tensor) -> float:
    """Of latents with these means (N, J), of one number, and a deviation of 1 around each."""
    torch.manual_seed(5)
    shape = (len(centres), 1)
    return diagnostics.information(centres.unsqueeze(2), torch.zeros(shape), torch.randn(shape))


def test_equal_mixtures_say_nothing_and_distinct_ones_all() -> None:
    both = torch.tensor([[-50.0, 50.0]]).expand(64, 2)
    assert information(both) == pytest.approx(0, abs=1e-5)
    apart = both + 1000 * torch.arange(64.0)[:, None]
    assert information(apart) == pytest.approx(math.log(64), abs=1e-5)


def test_mixtures_that_share_a_component_say_less() -> None:
    """Each component belongs to two neighbours on a ring: a draw leaves two of 64."""
    places = torch.arange(64)
    shared = 100.0 * torch.stack((places, (places + 1) % 64), dim=1)
    assert information(shared) == pytest.approx(math.log(64 / 2), abs=1e-5)


@torch.no_grad()
def test_a_mixtures_deviation_and_centre_are_those_of_its_draws() -> None:
    """The deviation of one component was taken for that of q, and nothing between them."""
    model = make("mixture", "MixturePosterior", size=2)
    batch = batch_of((0, 1))
    means, log_precision = model.latents(batch)
    assert means.shape == (2, 3, 2) and log_precision.shape == (2, 2)
    z, _ = model.posterior(model.encode(batch), 40_000)  # (W, 1, T, E)
    close = {"atol": 0.05, "rtol": 0.02}
    torch.testing.assert_close(diagnostics.centres(means), z.mean(dim=0)[0], **close)
    deviations = diagnostics.deviations(means, log_precision)
    torch.testing.assert_close(deviations, z.std(dim=0)[0], **close)
    assert (deviations > 1.05 * (-0.5 * log_precision).exp()).all()
    assert diagnostics.usage(model, [batch]).deviation == pytest.approx(deviations.mean().item())


@torch.no_grad()
def test_one_gaussian_is_a_mixture_of_one() -> None:
    means, log_precision, noise = torch.randn(50, 3), torch.randn(50, 3), torch.randn(50, 3)
    one = diagnostics.information(means, log_precision, noise)
    assert diagnostics.information(means.unsqueeze(1), log_precision, noise) == pytest.approx(one)
    deviations = diagnostics.deviations(means.unsqueeze(1), log_precision)
    torch.testing.assert_close(deviations, diagnostics.deviations(means, log_precision))


@torch.no_grad()
@pytest.mark.parametrize("components", [1, 3])
def test_draws_of_a_mixture_have_its_density(components: int) -> None:
    """The mean of 1 / q(z) over draws from q, inside a box, is the box's size."""
    torch.manual_seed(1)
    means = torch.tensor([-0.5, 1.2, 0.3])[:components].view(1, 1, components, 1)
    z, log_q = posteriors.sample_mixture(means, torch.tensor([[[0.5]]]), 40_000)
    inside = (z.squeeze(-1).abs() < 2) * (-log_q).exp()
    found, error = mean_and_error(inside)
    assert found == pytest.approx(4, abs=error) and error < 0.5


def test_descent_begins_with_the_encoders_mixture_and_improves_it() -> None:
    """It began with one Gaussian at the mixture's centre, and called its bound the encoder's."""
    with flat_imports(PROJECT / "solution", PROJECT / "given"):
        descent = importlib.import_module("descent")
    torch.manual_seed(2)
    model = only_length(make("mixture", "MixturePosterior", size=2), 3)
    batch = batch_of(*[(0, 1, 2)] * 30)
    with torch.no_grad():
        right, error = mean_and_error(torch.stack([model.bound(batch) for _ in range(20)]))
    found = descent.descend(model, batch, 60)
    assert found.encoder == pytest.approx(right, abs=error + 0.1)
    assert found.improved > found.encoder + 0.2
    means, _ = descent.best(model, batch, started(model, batch), 3, 0.02)
    assert means.shape == (30, 3, 3, 2)


def started(model, batch) -> tuple[torch.Tensor, torch.Tensor]:
    """The encoder's q as descent begins with it."""
    encoded = model.encode(batch)
    means, log_precision = model.posterior.components(encoded)
    return means, log_precision.expand_as(encoded)
