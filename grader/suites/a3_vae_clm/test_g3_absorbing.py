"""Part g: absorbing noise: its term of the bound, and a step of its sampler."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import (
    KEEP_S,
    KEEP_T,
    ROWS,
    C,
    T,
    expect_share,
    log_probs,
    texts,
)
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("g")
ABSORBING, STEP = "absorbing_term", "sample_step_absorbing"
ABSORBED = C + 3


@pytest.mark.about(ABSORBING)
@pytest.mark.points(2)
@pytest.mark.hint("(keep_s - keep_t) / (1 - keep_t) * -log p(x0) where x_t is absorbed, else 0")
def test_absorbing_term(student: Any, generator: torch.Generator) -> None:
    """absorbing_term is the weighted -log p(x0) at absorbed places, and 0 at the others."""
    call, what = student.diffusion.absorbing_term, f"what {ABSORBING} returns"
    for places in (T, 1, ROWS):
        x0 = texts(generator, ROWS, places)
        lost = torch.rand(ROWS, places, generator=generator) < 0.6
        x_t, predicted = torch.where(lost, ABSORBED, x0), log_probs(generator, ROWS, places, C)
        of_x0 = -predicted.gather(-1, x0[..., None])[..., 0]
        s, t = KEEP_S[:, None], KEEP_T[:, None]
        weight = (s - t) / (1 - t)
        right = weight * of_x0 * lost
        wrong = {
            "it is not weighted": of_x0 * lost,
            "untouched places count, too": weight * of_x0,
            "it is the untouched places that count": weight * of_x0 * ~lost,
            "it has the wrong sign": -right,
            "the weight is keep_s - keep_t: divide by 1 - keep_t": (s - t) * of_x0 * lost,
            "the weight is divided by 1 - keep_s, not by 1 - keep_t": (
                (s - t) / (1 - s).clamp_min(1e-9) * of_x0 * lost
            ),
            "the weight is keep_s": s * of_x0 * lost,
            "the weight is (1 - keep_s) / (1 - keep_t), that of staying absorbed": (
                (1 - s) / (1 - t) * of_x0 * lost
            ),
            "it is the probability of x0, not its logarithm": -weight * (-of_x0).exp() * lost,
        }
        expect_right(call(x0, x_t, predicted, KEEP_S, KEEP_T, ABSORBED), right, wrong, what)
        cotangent = normal(generator, ROWS, places)
        inputs = [x0, x_t, predicted, KEEP_S, KEEP_T, ABSORBED]
        gradient = student.probe.gradient_of(call, inputs, cotangent, 2)
        assert gradient is not None, "no gradient reaches the prediction"
        expected = F.one_hot(x0, C) * (-weight * lost * cotangent)[..., None]
        expect.close(gradient, expected, "the gradient of the prediction")


PREDICTED = torch.tensor([[0.6, 0.3, 0.1], [0.05, 0.15, 0.8]]).log()  # of even and odd places
PLACES = 4000


def stepped(student: Any, x_t: Tensor, predicted: Tensor, seed: int) -> Tensor:
    """What sample_step_absorbing returns for the rows' levels, (B, T) long."""
    random = student.probe.generator(seed)
    x_s = student.diffusion.sample_step_absorbing(x_t, predicted, KEEP_S, KEEP_T, ABSORBED, random)
    return expect.tensor(x_s, x_t.shape, torch.long, f"what {STEP} returns")


@pytest.mark.about(STEP)
@pytest.mark.points(2)
@pytest.mark.hint("with probability (keep_s - keep_t) / (1 - keep_t) an absorbed place is drawn")
def test_sample_step(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """A step reveals the right share of absorbed places, drawn from the prediction of each."""
    x_t = texts(generator, ROWS, PLACES, 3)
    lost = torch.rand(ROWS, PLACES, generator=generator) < 0.7
    x_t[lost] = ABSORBED
    predicted = PREDICTED.repeat(PLACES // 2, 1).expand(ROWS, -1, -1)
    arguments = [x_t.clone(), predicted, KEEP_S, KEEP_T, ABSORBED]
    arguments.append(student.probe.generator(worker_seed))
    after = student.probe.arguments_after(student.diffusion.sample_step_absorbing, arguments)
    after = expect.tensor(expect.items(after, 6)[0], x_t.shape, torch.long, "x_t afterwards")
    assert torch.equal(after, x_t), f"{STEP} changes x_t in place"
    x_s = stepped(student, x_t, predicted, worker_seed)
    assert torch.equal(x_s[~lost], x_t[~lost]), "a place that is not absorbed should stay as it is"
    shown = lost & (x_s != ABSORBED)
    assert bool(((x_s < 3) | (x_s == ABSORBED)).all()), f"{STEP} draws what was not predicted"
    assert torch.equal(shown[0], lost[0]), "at keep_s = 1 no place should stay absorbed"
    for row in range(ROWS):
        keep_s, keep_t = KEEP_S[row].item(), KEEP_T[row].item()
        share = (keep_s - keep_t) / (1 - keep_t)
        what = f"of the absorbed places with keep_s = {keep_s:g}, keep_t = {keep_t:g} the wrong"
        expect_share(shown[row][lost[row]], share, f"{what} share comes back")
    for parity in (0, 1):
        drawn = x_s[:, parity::2][shown[:, parity::2]]
        for symbol, share in enumerate(PREDICTED[parity].exp().tolist()):
            what = f"places with p = {share:.2f} for a symbol get it in the wrong share"
            expect_share(drawn == symbol, share, what)
    both = shown[1, :-1:2] & shown[1, 1::2]
    expect_share(
        both[lost[1, :-1:2] & lost[1, 1::2]], (0.5 / 0.6) ** 2, "places come back together"
    )
    x_s = stepped(student, torch.full_like(x_t, ABSORBED), predicted, worker_seed)
    same = (x_s[0, ::2][:-1] == x_s[0, ::2][1:]).float()
    expect_share(same, 0.46, "places of one prediction are drawn together")
    assert torch.equal(
        stepped(student, torch.full_like(x_t, ABSORBED), predicted, worker_seed), x_s
    ), f"{STEP} does not draw from the generator alone"
    other = stepped(student, torch.full_like(x_t, ABSORBED), predicted, worker_seed + 1)
    assert not torch.equal(other, x_s), f"{STEP} does not draw from the generator"
