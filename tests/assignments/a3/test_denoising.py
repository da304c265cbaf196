"""a3's diffusion models: the bound is the whole one, the sampler draws from the same model."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
import torch

from tests.assignments.a3.chains import LETTERS, PLACES, STEPS, Table, exact, forwards, states
from tests.flat import flat_imports

PROJECT = Path(__file__).resolve().parents[3] / "a3_vae_clm"

with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import corpora
    import denoising
    import diffusion
    import networks
    import noise
    from alphabet import Alphabet, Batch, collate

pytestmark = pytest.mark.usefixtures("one_thread")
AB = Alphabet("ab")
KINDS = ("uniform", "absorbing", "constant")


def make_noise(kind: str, steps: int = STEPS):
    if kind == "absorbing":
        return noise.AbsorbingNoise(AB, diffusion.linear_schedule(steps))
    if kind == "constant":
        return noise.UniformNoise(AB, noise.constant_schedule(steps, 0.3))
    return noise.UniformNoise(AB, diffusion.cosine_schedule(steps))


def make(kind: str, seed: int = 0):
    """A model with a random table for a network; every text has PLACES characters."""
    own = make_noise(kind)
    model = denoising.Diffusion(AB, Table(own.keep, seed), own)
    model.lengths.counts.zero_()
    model.lengths.counts[PLACES] = 1.0
    if kind == "constant":
        with torch.no_grad():
            own.start_logits.copy_(torch.tensor([0.5, -0.5, 0.1]))
    return model


def start(model) -> torch.Tensor:
    """p(x_steps) of every state."""
    if isinstance(model.noise, noise.AbsorbingNoise):
        return (states(LETTERS + 1) == LETTERS).all(1).float()
    probabilities = model.noise.start_logits.detach().softmax(-1)
    return probabilities[states(LETTERS)].prod(1)


def symbols(kind: str) -> int:
    return LETTERS + (kind == "absorbing")


def batch_of(x0: torch.Tensor) -> Batch:
    return Batch(x0, torch.full((len(x0),), x0.size(1)))


def averaged_bound(model, x0: torch.Tensor, kind: str) -> torch.Tensor:
    """The mean of the model's own bound over all noise, by enumeration, (N,)."""
    every = states(symbols(kind), x0.size(1))
    shown = every.masked_fill(every == LETTERS, AB.absorbed) if kind == "absorbing" else every
    total = -model.noise.start_term(x0).sum(1)
    keep = model.noise.keep
    for level in range(1, len(keep)):
        odds = forwards(keep[level].item(), symbols(kind))
        for x_t, code in zip(shown, every, strict=True):
            rows = x_t.expand(len(x0), -1)
            keep_s, keep_t = (keep[each].expand(len(x0)) for each in (level - 1, level))
            log_probs = model.network(rows, torch.ones_like(rows, dtype=torch.bool), keep_t)
            terms = model.noise.term(x0, rows, log_probs, keep_s, keep_t).sum(1)
            total = total - odds[x0, code].prod(1) * terms
    return total


@pytest.mark.parametrize("kind", KINDS)
def test_the_terms_add_up_to_the_bound_over_all_paths(kind: str) -> None:
    model, x0 = make(kind), states(LETTERS)
    log_prob, bound = exact(model.network, symbols(kind), start(model))
    torch.testing.assert_close(averaged_bound(model, x0, kind).double(), bound, atol=1e-4, rtol=0)
    assert (bound <= log_prob + 1e-9).all()
    assert log_prob.exp().sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", [1, 2, None])
def test_the_estimate_of_the_bound_is_unbiased(kind: str, samples: int | None) -> None:
    torch.manual_seed(0)
    model = make(kind)
    _, bounds = exact(model.network, symbols(kind), start(model))
    copies = torch.tensor([[0, 1]]).expand(4000, -1)
    drawn = model.bound(batch_of(copies), samples)
    error = drawn.std().item() / math.sqrt(len(drawn))
    assert drawn.mean().item() == pytest.approx(bounds[1].item(), abs=4 * error)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_minus_the_bound(kind: str) -> None:
    torch.manual_seed(0)
    model = make(kind)
    _, bounds = exact(model.network, symbols(kind), start(model))
    copies = torch.tensor([[2, 0]]).expand(20_000, -1)
    assert model.loss(batch_of(copies)).item() == pytest.approx(-bounds[6].item(), rel=0.02)


@pytest.mark.parametrize("kind", ["uniform", "absorbing"])
def test_the_bound_is_tight_for_one_place_and_the_right_network(kind: str) -> None:
    """One place, and a network that knows q(x0 | x_t): then p's paths are those of q."""
    true = torch.tensor([0.6, 0.3, 0.1])
    own = make_noise(kind, 5)
    network = Table(own.keep, places=1)
    for level in range(1, 6):
        joint = true[:, None] * forwards(own.keep[level].item(), symbols(kind))[:LETTERS]
        posterior = (joint / joint.sum(0)).T.clamp_min(1e-30).log()  # x_t, x0
        network.table.data[level, : len(posterior), 0] = posterior
    model = denoising.Diffusion(AB, network, own)
    bound = averaged_bound(model, states(LETTERS, 1), kind)
    torch.testing.assert_close(bound, true.log(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sampler_draws_from_the_model(kind: str) -> None:
    model = make(kind)
    log_prob, _ = exact(model.network, symbols(kind), start(model))
    count = 20_000
    texts = model.sample(count, seed=1)
    for codes, expected in zip(states(LETTERS).tolist(), log_prob.exp().tolist(), strict=True):
        share = texts.count(AB.decode(codes)) / count
        assert share == pytest.approx(expected, abs=4 * math.sqrt(expected / count))
    assert texts == model.sample(count, seed=1)


def test_the_levels_are_spread() -> None:
    generator = torch.Generator().manual_seed(0)
    levels = denoising.spread_levels(12, 4, generator)
    assert levels.bincount().tolist() == [0, 3, 3, 3, 3]
    strata = [denoising.stratum_levels(sample, 4, 4, 50, generator) for sample in range(4)]
    assert torch.equal(torch.stack(strata), torch.arange(1, 5)[:, None].expand(4, 50))


def test_a_weighting_changes_the_loss_and_not_the_bound() -> None:
    own = make_noise("uniform")
    table = Table(own.keep)
    plain, low, high = (
        denoising.Diffusion(AB, table, own, each) for each in ("bound", "low", "high")
    )
    assert low.weights[1] > plain.weights[1] == 1 > high.weights[1]
    assert low.weights[STEPS] < plain.weights[STEPS] == 1 < high.weights[STEPS]
    batch = collate([[0, 1], [2, 2]] * 20, AB)
    bounds, losses = [], []
    for model in (plain, low, high):
        assert model.weights[1:].mean().item() == pytest.approx(1)
        torch.manual_seed(0)
        bounds.append(model.bound(batch, None))
        torch.manual_seed(0)
        losses.append(model.loss(batch).item())
    torch.testing.assert_close(bounds[0], bounds[1])
    torch.testing.assert_close(bounds[0], bounds[2])
    assert len(set(losses)) == 3


def bodies(size: int = 8):
    yield "two GRUs", networks.TwoGRUs(size, 6, 2)
    for skip in ("none", "inside", "outside", "gate"):
        yield f"convolutions, {skip}", networks.Convolutions(size, 3, 5, skip)
    yield "attention", networks.AttentionOnly(size, 2, 2)
    yield "transformer", networks.Transformer(size, 2, 2)
    yield "transformer and convolutions", networks.Transformer(size, 2, 2, kernel=3)


@pytest.mark.parametrize("output", ["plain", "keep", "bayes"])
def test_padding_changes_nothing(output: str) -> None:
    torch.manual_seed(0)
    batch = collate([[0, 1, 1, 2, 0, 1, 2], [1, 0, 2], []], AB)
    keep_t = torch.tensor([0.9, 0.5, 0.3])
    for name, body in bodies():
        network = networks.Denoiser(AB, 8, body, output).eval()
        together = network(batch.codes.clamp_max(LETTERS - 1), batch.mask, keep_t)
        torch.testing.assert_close(together.exp().sum(-1), torch.ones(3, 7), msg=name)
        alone = network(batch.codes[1:2, :3], batch.mask[1:2, :3], keep_t[1:2])
        torch.testing.assert_close(together[1:2, :3], alone, msg=name)


def test_each_body_reads_both_directions() -> None:
    torch.manual_seed(0)
    codes = torch.tensor([[0, 1, 1, 2, 0]])
    mask, keep_t = torch.ones(1, 5, dtype=torch.bool), torch.tensor([0.5])
    for name, body in bodies():
        network = networks.Denoiser(AB, 8, body)
        before = network(codes, mask, keep_t)[0, 2]
        for place in (0, 4):
            other = codes.clone()
            other[0, place] = 1
            assert not torch.allclose(network(other, mask, keep_t)[0, 2], before), (name, place)


def test_the_output_bayes_multiplies_the_context_with_the_noise() -> None:
    class Nothing(torch.nn.Module):
        def forward(self, x, mask):
            return torch.zeros_like(x)

    network = networks.Denoiser(AB, 8, Nothing(), "bayes")
    network.bias.data = torch.tensor([0.7, -0.3, 0.1])
    keep_t = torch.tensor([0.25])
    x_t = torch.tensor([[0, 1, 2]])
    joint = network.bias.softmax(-1)[:, None] * forwards(0.25, LETTERS)  # x0, x_t
    right = (joint / joint.sum(0)).T
    found = network(x_t, torch.ones(1, 3, dtype=torch.bool), keep_t)[0].exp()
    torch.testing.assert_close(found, right)


def test_experts_are_mixed_by_level() -> None:
    torch.manual_seed(0)
    two = [networks.Denoiser(AB, 8, networks.Convolutions(8, 1, 3, "inside")) for _ in range(2)]
    experts = networks.Experts(two)
    codes, mask = torch.tensor([[0, 1, 2]]), torch.ones(1, 3, dtype=torch.bool)
    keep_t = torch.tensor([0.4])
    torch.testing.assert_close(experts(codes, mask, keep_t).exp().sum(-1), torch.ones(1, 3))
    experts.selector.linear.bias.data = torch.tensor([100.0, -100.0])
    torch.testing.assert_close(experts(codes, mask, keep_t), two[0](codes, mask, keep_t))


def test_the_notes_schedule_pays_for_its_prior() -> None:
    """Twenty steps of 0.05 leave 36 %: 58.3 nats in 60.4 characters of 82 symbols."""
    alphabet = Alphabet("".join(map(chr, range(40, 121))))
    assert alphabet.size == 82
    own = noise.UniformNoise(alphabet, noise.constant_schedule(20, 0.05))
    term = own.start_term(torch.tensor([[3, 4]]))
    assert 60.4 * term[0, 0].item() == pytest.approx(58.3, abs=0.1)
    enough = noise.UniformNoise(alphabet, diffusion.cosine_schedule(20))
    assert enough.start_term(torch.tensor([[3, 4]])).eq(0).all()


@pytest.mark.data
@pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs $COURSE_DATA")
def test_the_notes_schedule_on_real_text() -> None:
    """80 symbols of ours, 82 of the notes: 58.3 nats become 57.8; the best prior is 45.8."""
    corpus = corpora.find("multi30k")
    alphabet = Alphabet("".join(corpus.train))
    codes = torch.tensor([code for line in corpus.test for code in alphabet.encode(line)])
    counts = codes.bincount(minlength=alphabet.size) / len(corpus.test)
    own = noise.UniformNoise(alphabet, noise.constant_schedule(20, 0.05))
    every = torch.arange(alphabet.size)[None]
    assert (own.start_term(every)[0] @ counts).item() == pytest.approx(57.8, abs=0.1)
    kept = own.keep[-1]
    best = kept * counts / counts.sum() + (1 - kept) / alphabet.size
    own.start_logits.data = best.log()
    assert (own.start_term(every)[0] @ counts).item() == pytest.approx(45.8, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "output"),
    [("absorbing", "plain"), ("uniform", "plain"), ("uniform", "keep"), ("constant", "bayes")],
)
def test_every_gradient_is_finite(kind: str, output: str) -> None:
    torch.manual_seed(0)
    body = networks.Convolutions(8, 2, 3, "gate")
    model = denoising.Diffusion(AB, networks.Denoiser(AB, 8, body, output), make_noise(kind))
    batch = collate([[0, 1, 1, 2], [1], []], AB)
    model.loss(batch).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    shares = model.characters(batch, None)
    torch.testing.assert_close(shares[2], torch.tensor([-math.log(100), 0, 0, 0, 0]))
    assert (shares[1, 2:] == 0).all()
