"""a3's models with a latent for each character: their bound against the integral over latents."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from tests.assignments.a3.quadrature import (
    AB,
    MODULES,
    PLACES,
    TEXTS,
    batch_of,
    exact,
    expected_elbo,
    make,
    make_prior,
    mean_and_error,
    only_length,
    stack,
)

pytestmark = pytest.mark.usefixtures("one_thread")
POSTERIORS = ("SharedPrecision", "OwnPrecision", "MixturePosterior")
IN_CLOSED_FORM = ("gaussian", "mixture", "bigram", "chain", "memory")
TEXT = (0, 1)


def many(text, count: int):
    return batch_of(*[text] * count)


@torch.no_grad()
@pytest.mark.parametrize("kind", IN_CLOSED_FORM)
def test_all_texts_of_one_length_have_a_probability_of_1_together(kind):
    model = make(kind)
    total = sum(exact(model, text).exp() for text in TEXTS)
    assert total.item() == pytest.approx(1, abs=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("kind", IN_CLOSED_FORM)
def test_the_bound_is_below_the_likelihood_and_tight_with_many_samples(kind, posterior):
    torch.manual_seed(1)
    model = make(kind, posterior)
    right = exact(model, TEXT).item()
    elbo, error = mean_and_error(model.bound(many(TEXT, 2000)))
    weighted, smaller = mean_and_error(model.bound(many(TEXT, 300), samples=20))
    assert elbo < right + error and weighted < right + smaller
    assert elbo < weighted + error
    tight = model.bound(many(TEXT, 10), samples=20_000).mean().item()
    assert tight == pytest.approx(right, abs=0.03)


@torch.no_grad()
@pytest.mark.parametrize("kind", IN_CLOSED_FORM)
def test_the_bound_is_the_elbo_on_average(kind):
    torch.manual_seed(2)
    model = make(kind)
    found, error = mean_and_error(model.bound(many(TEXT, 4000)))
    assert found == pytest.approx(expected_elbo(model, TEXT).item(), abs=error)


@torch.no_grad()
def test_the_bound_is_the_likelihood_itself_where_q_is_the_true_posterior():
    """Where the text says nothing about the latents, the posterior is the prior."""
    model = make("gaussian")
    model.embedding.weight.zero_()
    for layer in (*model.encoder.convolutions, *model.decoder.convolutions):
        layer.bias.zero_()
    model.prior.mixture.means.zero_()
    model.posterior.log_precision.copy_(model.prior.mixture.log_precisions)
    bounds = model.bound(many(TEXT, 50))
    torch.testing.assert_close(bounds, torch.full_like(bounds, -PLACES * math.log(AB.size)))


def gradients(kind: type, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What training climbs and what the bound does, for the logarithm of q's precision."""
    model = make(kind=kind, samples=samples)
    own = model.posterior.log_precision
    (right,) = torch.autograd.grad(expected_elbo(model, TEXT), own)
    (found,) = torch.autograd.grad(-model.loss(many(TEXT, 5000)), own)
    return found, right


def test_training_climbs_the_bound_also_in_the_precision():
    found, right = gradients(MODULES["variational"].VariationalModel, samples=2)
    torch.testing.assert_close(found, right, rtol=0.05, atol=0.02)


def test_the_published_gradient_lowers_the_precision_where_the_right_one_raises_it():
    found, right = gradients(MODULES["published"].PublishedGradient, samples=2)
    assert right > 0 > found


@torch.no_grad()
@pytest.mark.parametrize("samples", [1, 7])
def test_the_shares_of_the_characters_add_up_to_the_bound(samples):
    model = make("chain", size=2)
    model.lengths.counts.fill_(1.0)
    batch = batch_of((0, 1, 1, 2), (1,), ())
    torch.manual_seed(3)
    bound = model.bound(batch, samples)
    torch.manual_seed(3)
    shares = model.characters(batch, samples)
    torch.testing.assert_close(shares.sum(dim=1), bound)
    of_length = -math.log(100)
    for row, length in enumerate((4, 1, 0)):
        assert shares[row, length].item() == pytest.approx(of_length)
        assert not shares[row, length + 1 :].any()


@torch.no_grad()
def test_a_text_has_the_same_likelihood_in_every_batch():
    model = make(size=3, layers=(stack(3, 2), stack(3, 2)))
    short, padded = batch_of((0, 1)), batch_of((0, 1), (1, 1, 0, 2, 0))
    torch.testing.assert_close(model.encode(padded)[:1, :2], model.encode(short))
    z = torch.randn(4, 2, 5, 3, dtype=torch.float64)
    alone = model.log_likelihood(z[:, :1, :2], short)
    torch.testing.assert_close(model.log_likelihood(z, padded)[:, :1, :2], alone)


def test_no_latent_of_a_pad_reaches_a_character():
    """The notes' models read latents at pads that no KL was charged for: no bound at all."""
    model = make(size=2, layers=(stack(2, 3), stack(2, 3)))
    batch = batch_of((0,), (1, 1, 0, 2))
    z = torch.randn(1, 2, 4, 2, dtype=torch.float64, requires_grad=True)
    model.log_likelihood(z, batch)[0][batch.mask].sum().backward()
    reached = z.grad[0].abs().sum(dim=2) > 0  # (B, T)
    assert torch.equal(reached, batch.mask)


def fitted(model, batch, steps: int):
    """The model after so many steps on one batch."""
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    torch.manual_seed(4)
    for _ in range(steps):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
def test_independent_latents_that_each_see_one_place_are_no_better_than_unigrams(kind):
    """DLM112 and DLM114: whatever they learn, a bound above the unigrams' likelihood is a bug."""
    nothing = (MODULES["variational"].Nothing(), MODULES["variational"].Nothing())
    batch = batch_of(*[(0, 1, 0, 1, 0, 1, 0, 2)] * 8)
    model = fitted(only_length(make(kind, size=2, layers=nothing), 8), batch, 100)
    shares = Counter(batch.codes.flatten().tolist())
    unigrams = sum(count * math.log(count / 64) for count in shares.values()) / 8  # one text's
    with torch.no_grad():
        for samples in (1, 50):
            found, error = mean_and_error(model.bound(batch_of(*[batch.codes[0]] * 500), samples))
            assert found < unigrams + error
        assert found > unigrams - 0.5


def test_convolutions_and_a_chain_of_latents_are_better_than_unigrams():
    """The same text: the limit above belongs to DLM112 and DLM114, not to the test."""
    batch = batch_of(*[(0, 1, 0, 1, 0, 1, 0, 2)] * 8)
    unigrams = 4 * math.log(4 / 8) + 3 * math.log(3 / 8) + math.log(1 / 8)
    model = fitted(only_length(make("chain", size=2), 8), batch, 100)
    with torch.no_grad():
        assert model.bound(batch).mean() > unigrams + 1


@torch.no_grad()
@pytest.mark.parametrize("kind", IN_CLOSED_FORM)
def test_samples_are_as_frequent_as_the_integral_says(kind):
    model = make(kind)
    texts = Counter(model.sample(4000, seed=5))
    for text in TEXTS:
        right = exact(model, text).exp().item()
        assert texts[AB.decode(list(text))] / 4000 == pytest.approx(right, abs=0.04)
    assert model.sample(40, seed=6) == model.sample(40, seed=6) != model.sample(40, seed=7)


def test_every_prior_takes_part_in_training():
    for kind in ("bigram", "chain", "memory", "nested"):
        model = make(kind, size=2)
        model.loss(batch_of((0, 1), (1, 1))).backward()
        idle = [name for name, each in model.prior.named_parameters() if each.grad is None]
        assert not idle, (kind, idle)
    assert make_prior("gaussian").mixture.means.shape == (1, 1)


@torch.no_grad()
def test_a_matched_start_pays_for_choosing_a_component_and_for_nothing_else():
    """From random places the KL is many times that, and training empties the latents at first."""
    composition, sizes = MODULES["composition"], MODULES["sizes"].Sizes(24, mixtures=3, depth=2)
    batch, bounds = batch_of(*[(0, 1, 2, 1)] * 200), []
    for start in (composition.matched, lambda model: model):
        torch.manual_seed(6)
        parts = ("weighted", composition.DEEP, composition.DEEP)
        model = composition.latents(*parts, start=start)(AB, sizes)
        bounds.append(only_length(model, 4).bound(batch).mean().item())
    assert bounds[0] == pytest.approx(-4 * math.log(3), abs=0.5) and bounds[1] < bounds[0] - 20
