"""Part g: discrete diffusion."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("g")


def seeded(number=1):
    """A generator of random numbers."""
    return torch.Generator().manual_seed(number)


@pytest.mark.points(1)
@pytest.mark.hint("steps + 1 levels; the last is exactly 0")
def test_schedules(student):
    """Both schedules fall from exactly 1 to exactly 0; half-way down both are at 1/2."""
    for name in ("cosine_schedule", "linear_schedule"):
        keep = getattr(student.diffusion, name)(20)
        assert keep.shape == (21,), f"{name}: the shape is {tuple(keep.shape)}, not (21,)"
        assert (keep[0], keep[20]) == (1, 0), f"{name} goes from {keep[0]} to {keep[20]}"
        assert abs(keep[10] - 0.5) < 1e-5, f"{name}: half-way down it is {keep[10]}"
    quarter = student.diffusion.cosine_schedule(4)[1].item()
    expected = math.cos(math.pi / 8) ** 2
    assert abs(quarter - expected) < 1e-5, f"the cosine's is {quarter}, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint("a random number below keep_t[:, None] keeps a place")
def test_noise(student):
    """Of 5,000 places about as many stay as should, by either kind of noise."""
    x0, keep = torch.full((3, 5000), 2), torch.tensor([1.0, 0.25, 0.0])
    uniform = student.diffusion.corrupt_uniform(x0, keep, 5, seeded())
    absorbing = student.diffusion.corrupt_absorbing(x0, keep, 8, seeded())
    for x_t, lowest in ((uniform, 1 / 5), (absorbing, 0.0)):
        for row, level in zip(x_t, keep.tolist(), strict=True):
            share, expected = (row == 2).float().mean().item(), level + (1 - level) * lowest
            assert abs(share - expected) < 0.04, f"{share:.2f} stay, not {expected:.2f}"
    assert sorted(uniform[2].unique().tolist()) == [0, 1, 2, 3, 4], "not every symbol is drawn"
    assert sorted(absorbing[1].unique().tolist()) == [2, 8], "not `absorbed` is written"


@pytest.mark.points(1)
@pytest.mark.hint("Bayes' rule for each x0, divided by its own q(x_t | x0), then the mean over x0")
def test_posterior(student):
    """Two symbols: the posterior of a certain x0 and of an uncertain one, by hand."""
    keep_s, keep_t = torch.tensor([0.8]), torch.tensor([0.4])
    x_t = torch.zeros(1, 1, dtype=torch.long)
    # q(x_t = 0 | x_s) is 3/4 and 1/4; q(x_s = 0 | x0) is 9/10 and 1/10
    of_0, of_1 = 0.75 * 0.9 / (0.75 * 0.9 + 0.25 * 0.1), 0.75 * 0.1 / (0.75 * 0.1 + 0.25 * 0.9)
    for share in (1.0, 0.0, 0.3):
        x0_probs = torch.tensor([[[share, 1 - share]]])
        result = student.diffusion.uniform_posterior(x_t, x0_probs, keep_s, keep_t)
        expected = share * of_0 + (1 - share) * of_1
        assert result.shape == (1, 1, 2), f"the shape is {tuple(result.shape)}, not (1, 1, 2)"
        assert abs(result[0, 0, 0] - expected) < 1e-5, f"it is {result.tolist()}, not {expected}"
        assert abs(result.sum() - 1) < 1e-5, "it does not sum to 1"


@pytest.mark.points(1)
@pytest.mark.hint("the KL of the two posteriors; at keep_s = 1 it is -log p(x0 | x_t)")
def test_uniform_term(student):
    """The term of the text itself is -log p(x0); that of a perfect prediction is 0."""
    x0, x_t = torch.tensor([[0, 2]]), torch.tensor([[1, 2]])
    predicted = torch.tensor([[[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]]]).log()
    term, keep_t = student.diffusion.uniform_term, torch.tensor([0.3])
    result = term(x0, x_t, predicted, torch.ones(1), keep_t)
    expected = -torch.tensor([[0.5, 0.8]]).log()
    assert torch.allclose(result, expected, atol=1e-5), f"it is {result.tolist()}"
    certain = (torch.nn.functional.one_hot(x0, 3) + 1e-12).log()
    result = term(x0, x_t, certain, torch.tensor([0.6]), keep_t)
    assert result.abs().max() < 1e-4, f"a perfect prediction costs {result.tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("KL(q || p), where q is the posterior of x0 and p that of the prediction")
def test_uniform_term_by_hand(student):
    """Two symbols: the divergence of an uncertain prediction's posterior from the true one's."""
    x = torch.zeros(1, 1, dtype=torch.long)
    predicted = torch.tensor([[[0.3, 0.7]]]).log()
    levels = torch.tensor([0.8]), torch.tensor([0.4])
    # the posterior of x_s = 0 if x0 is 0, and if it is 1: as in test_posterior
    of_0, of_1 = 0.75 * 0.9 / (0.75 * 0.9 + 0.25 * 0.1), 0.75 * 0.1 / (0.75 * 0.1 + 0.25 * 0.9)
    q, p = of_0, 0.3 * of_0 + 0.7 * of_1
    expected = q * math.log(q / p) + (1 - q) * math.log((1 - q) / (1 - p))
    result = student.diffusion.uniform_term(x, x, predicted, *levels)
    assert result.shape == (1, 1), f"the shape is {tuple(result.shape)}, not (1, 1)"
    assert abs(result.item() - expected) < 1e-5, f"it is {result.item()}, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint("-(keep_s - keep_t) / (1 - keep_t) * log p(x0) at absorbed places")
def test_absorbing_term(student):
    """An absorbed place costs its share of -log p(x0), an untouched one nothing."""
    x0, x_t = torch.tensor([[0, 1]]), torch.tensor([[7, 1]])
    predicted = torch.tensor([[[0.5, 0.5], [0.25, 0.75]]]).log()
    levels = torch.tensor([0.6]), torch.tensor([0.2])
    result = student.diffusion.absorbing_term(x0, x_t, predicted, *levels, 7)
    expected = torch.tensor([[0.5 * math.log(2), 0.0]])
    assert torch.allclose(result, expected, atol=1e-5), f"it is {result.tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("absorbed places come back with probability (keep_s - keep_t) / (1 - keep_t)")
def test_sample_step(student):
    """Half of the absorbed places come back, each as it was predicted; the others stay."""
    x_t = torch.full((1, 4000), 7)
    x_t[:, ::2] = 0
    predicted = torch.tensor([0.001, 0.999]).log().expand(1, 4000, 2)
    levels = torch.tensor([0.6]), torch.tensor([0.2])
    x_s = student.diffusion.sample_step_absorbing(x_t, predicted, *levels, 7, seeded())
    assert not x_s[:, ::2].any(), "an untouched place has changed"
    share = (x_s[:, 1::2] == 1).float().mean().item()
    assert abs(share - 0.5) < 0.05, f"{share:.2f} of the absorbed places come back, not 0.50"
