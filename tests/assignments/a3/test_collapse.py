"""a3's model with one latent for a text: its bound, its collapse, the cures and their measures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.assignments.a3.quadrature import AB, MODULES, batch_of, mean_and_error

pytestmark = pytest.mark.usefixtures("one_thread")
collapse, diagnostics = MODULES["collapse"], MODULES["diagnostics"]
gaussian = MODULES["gaussian"]
TEXT = (0, 1, 1)


def make(cure=None, seed: int = 0, size: int = 1, hidden: int = 6):
    """A model in float64; its latent shows in what the decoder says."""
    torch.manual_seed(seed)
    model = collapse.SentenceModel(AB, size, hidden, cure).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    return model


def exact(model, text) -> tuple[float, float]:
    """log p(text) and its ELBO, by Gauss and Hermite's rule over the latent."""
    nodes, weights = (torch.from_numpy(each) for each in np.polynomial.hermite_e.hermegauss(60))
    batch, log_weights = batch_of(text), (weights / weights.sum()).log()
    likelihood = model.log_likelihood(nodes[:, None], batch).sum(dim=1)
    mean, log_precision = model.posterior(batch)
    z = gaussian.reparameterise(mean, log_precision, nodes[:, None])
    of_q = (model.log_likelihood(z, batch).sum(dim=1) * log_weights.exp()).sum()
    elbo = of_q - gaussian.kl_to_standard(mean, log_precision)
    return (likelihood + log_weights).logsumexp(0).item(), elbo.item()


@torch.no_grad()
def test_the_bound_is_the_elbo_and_with_many_samples_the_likelihood():
    model = make()
    right, elbo = exact(model, TEXT)
    torch.manual_seed(1)
    found, error = mean_and_error(model.bound(batch_of(*[TEXT] * 3000)))
    assert found == pytest.approx(elbo, abs=error) and found < right
    tight = model.bound(batch_of(*[TEXT] * 5), samples=5000).mean().item()
    assert tight == pytest.approx(right, abs=0.01)


@torch.no_grad()
@pytest.mark.parametrize("samples", [1, 5])
def test_the_shares_of_the_characters_add_up_to_the_bound(samples):
    model, batch = make(), batch_of(TEXT, (1,), ())
    torch.manual_seed(2)
    bound = model.bound(batch, samples)
    torch.manual_seed(2)
    shares = model.characters(batch, samples)
    torch.testing.assert_close(shares.sum(dim=1), bound)
    assert not shares[1, 2:].any() and not shares[2, 1:].any()


@torch.no_grad()
def test_the_end_costs_nothing_after_99_characters():
    model = make()
    longest, z = batch_of([0] * 99), torch.zeros(1, 1, dtype=torch.float64)
    assert model.log_likelihood(z, longest)[0, 99] == 0
    assert model.log_likelihood(z, batch_of([0] * 98))[0, 98] < 0


@torch.no_grad()
def test_a_character_reads_nothing_that_comes_after_it():
    model, z = make(), torch.zeros(1, 1, dtype=torch.float64)
    first, other = (model.log_likelihood(z, batch_of(text)) for text in ((0, 1, 1), (0, 1, 0)))
    torch.testing.assert_close(first[:, :2], other[:, :2])
    torch.testing.assert_close(first[:, :2], model.log_likelihood(z, batch_of((0, 1)))[:, :2])


def test_the_kl_s_weight_rises_with_the_training():
    model, batch = make(collapse.Cure(warm_up=0.5)), batch_of(TEXT)
    kl = gaussian.kl_to_standard(*model.posterior(batch)).item()
    losses = []
    for share in (0.0, 0.25, 0.5, 1.0):
        model.set_progress(share)
        torch.manual_seed(3)
        losses.append(model.loss(batch).item())
    differences = [loss - losses[0] for loss in losses]
    assert differences == pytest.approx([0, kl / 2, kl, kl])


def test_free_nats_leave_the_posterior_alone():
    batch = batch_of(TEXT)
    for free, moved in ((0.0, True), (100.0, False)):
        model = make(collapse.Cure(free=free))
        with torch.no_grad():  # the decoder does not see the latent: only the KL can move q
            model.start.weight.zero_()
            model.gru.weight_ih_l0[:, 1:] = 0
        model.loss(batch).backward()
        assert bool(model.log_precision.weight.grad.abs().sum() > 1e-6) is moved


def trained(cure, steps: int = 120):
    """A model after so many steps on texts of eight kinds, each one letter's turns."""
    kinds = [[int(place % period < period // 2) for place in range(12)] for period in (2, 4, 6, 8)]
    kinds += [[1 - code for code in kind] for kind in kinds]
    batch = batch_of(*kinds * 4)
    torch.manual_seed(4)
    model = collapse.SentenceModel(AB, 4, 16, cure)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for step in range(steps):
        model.set_progress(step / steps)
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
    return diagnostics.usage(model, [batch])


def test_the_latent_collapses_and_the_cure_keeps_it_in_use():
    collapsed = trained(None)
    cured = trained(collapse.Cure(warm_up=0.3, free=2.0, dropout=0.5))
    assert collapsed.information < 0.05 and collapsed.active == 0
    assert cured.information > 0.25 and cured.active > 0


def test_information_is_0_of_equal_posteriors_and_log_n_of_distinct_ones():
    torch.manual_seed(5)
    precision, noise = torch.zeros(64, 2), torch.randn(64, 2)
    found = diagnostics.information(torch.zeros(64, 2), precision, noise)
    assert found == pytest.approx(0, abs=1e-5)
    apart = 100 * torch.arange(64.0)[:, None].expand(64, 2)
    found = diagnostics.information(apart, precision, noise)
    assert found == pytest.approx(math.log(64), abs=1e-4)
    in_four = 100 * (torch.arange(64.0) % 4)[:, None].expand(64, 2)
    found = diagnostics.information(in_four, precision, noise)
    assert found == pytest.approx(math.log(4), abs=1e-4)


def test_a_number_is_in_use_if_its_mean_depends_on_the_text():
    class Half(torch.nn.Module):
        def latents(self, batch):
            means = torch.stack((batch.lengths.float(), torch.ones(len(batch))), dim=1)
            return means, torch.full_like(means, 2 * math.log(4))

    found = diagnostics.usage(Half(), [batch_of((0,), (0, 1)), batch_of((1, 1, 1))])
    assert (found.active, found.numbers, found.latents) == (1, 2, 3)
    assert found.deviation == pytest.approx(1 / 4)
    assert found.spread == pytest.approx(math.sqrt(2 / 3) / 2)


def test_samples_depend_on_the_seed_alone():
    model = make(size=2)
    assert model.sample(3, seed=0) == model.sample(3, seed=0) != model.sample(3, seed=1)
    assert all(len(text) <= 99 for text in model.sample(5, seed=2))
