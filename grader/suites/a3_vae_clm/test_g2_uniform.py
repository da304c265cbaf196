"""Part g: the posterior of uniform noise, and its terms of the bound."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import KEEP_S, KEEP_T, ROWS, C, T, log_probs, texts
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("g")
POSTERIOR, TERM = "uniform_posterior", "uniform_term"


def kernel(keep: Tensor, size: int) -> Tensor:
    """The probabilities from each symbol (row) to each symbol, (B, C, C)."""
    keep = keep[:, None, None]
    return keep * torch.eye(size) + (1 - keep) / size


def posterior(
    x_t: Tensor, x0_probs: Tensor, keep_s: Tensor, keep_t: Tensor, **changes: Any
) -> Tensor:
    """The posterior by Bayes' rule for each x0, then averaged; `changes` are known mistakes."""
    size = x0_probs.size(-1)
    step = changes.get("step", keep_t / keep_s)
    here = F.one_hot(x_t, size).float()  # (B, T, C)
    likelihood = torch.einsum("bij,btj->bti", kernel(step, size), here)[:, :, None]  # over x_s
    before = kernel(keep_s, size)[:, None]  # (B, 1, C of x0, C of x_s)
    if changes.get("average_first"):
        joint = likelihood[:, :, 0] * torch.einsum("bti,bij->btj", x0_probs, kernel(keep_s, size))
        return joint / joint.sum(-1, keepdim=True)
    joint = likelihood * before  # (B, T, C, C)
    if not changes.get("unnormalised"):
        joint = joint / joint.sum(-1, keepdim=True)
    return torch.einsum("bti,btij->btj", x0_probs, joint)


@pytest.mark.about(POSTERIOR)
@pytest.mark.points(2)
@pytest.mark.hint("divide by q(x_t | x0) for each x0 by itself, and only then average over x0")
def test_posterior(student: Any, generator: torch.Generator) -> None:
    """uniform_posterior is Bayes' rule for every x0, averaged over what is believed of x0."""
    for size, places, sharpness in ((C, T, 1.0), (2, 3, 1.0), (C, 1, 5.0), (ROWS, ROWS, 2.0)):
        x_t = texts(generator, ROWS, places, size)
        probs = log_probs(generator, ROWS, places, size, sharpness=sharpness).exp()
        for x0_probs in (probs, F.one_hot(x_t, size).float(), F.one_hot(x_t.flip(1), size).float()):
            right = posterior(x_t, x0_probs, KEEP_S, KEEP_T)
            marginal = torch.einsum("bti,bij->btj", x0_probs, kernel(KEEP_S, size))
            wrong = {
                "average over x0 after the division by q(x_t | x0), which depends on x0": (
                    posterior(x_t, x0_probs, KEEP_S, KEEP_T, average_first=True)
                ),
                "it is not divided by q(x_t | x0)": (
                    posterior(x_t, x0_probs, KEEP_S, KEEP_T, unnormalised=True)
                ),
                "from s to t the keep probability is keep_t / keep_s, not keep_t": (
                    posterior(x_t, x0_probs, KEEP_S, KEEP_T, step=KEEP_T)
                ),
                "it is q(x_s | x0): x_t is not used": marginal,
                "it is what is believed of x0": x0_probs,
                "it is the logarithm": right.log(),
            }
            result = student.diffusion.uniform_posterior(x_t, x0_probs, KEEP_S, KEEP_T)
            expect_right(result, right, wrong, f"what {POSTERIOR} returns")


@pytest.mark.about(POSTERIOR)
@pytest.mark.points(1)
@pytest.mark.hint("at keep_s = 1 it is what is believed of x0; check that it sums to 1")
def test_posterior_at_the_ends(student: Any, generator: torch.Generator) -> None:
    """It sums to 1; at keep_s = 1 it is x0_probs, at keep_t = 0 x_t says nothing; gradients fit."""
    call, what = student.diffusion.uniform_posterior, f"what {POSTERIOR} returns"
    x_t, x0_probs = texts(generator, 2, T), log_probs(generator, 2, T, C, sharpness=3.0).exp()
    for keep_s, keep_t in ((1.0, 0.0), (1.0, 0.5), (0.999, 0.998), (0.5, 0.0), (1e-4, 1e-5)):
        levels = torch.full((2,), keep_s), torch.full((2,), keep_t)
        result = expect.tensor(call(x_t, x0_probs, *levels), (2, T, C), "float", what)
        at = f"{what} at keep_s = {keep_s:g}, keep_t = {keep_t:g}"
        expect.close(result.sum(-1), torch.ones(2, T), f"the sum of {at}")
        if keep_s == 1:
            expect.close(result, x0_probs, at)
        if keep_t == 0:
            expect.close(result, keep_s * x0_probs + (1 - keep_s) / C, at)
    cotangent, leaf = normal(generator, ROWS, T, C), log_probs(generator, ROWS, T, C).exp()
    x_t, leaf = texts(generator, ROWS, T), leaf.requires_grad_()
    total = (posterior(x_t, leaf, KEEP_S, KEEP_T) * cotangent).sum()
    gradient = student.probe.gradient_of(call, [x_t, leaf.detach(), KEEP_S, KEEP_T], cotangent, 1)
    assert gradient is not None, "no gradient reaches x0_probs"
    right = torch.autograd.grad(total, leaf)[0]
    expect.close(gradient, right, "the gradient of x0_probs", atol=1e-3, rtol=1e-3)


def divergence(q: Tensor, p: Tensor) -> Tensor:
    """KL(q || p) over the last dimension; where q is 0 nothing is added."""
    return torch.where(q > 0, q * (q.clamp_min(1e-30).log() - p.clamp_min(1e-30).log()), 0.0).sum(
        -1
    )


def term(x0: Tensor, x_t: Tensor, predicted: Tensor, keep_s: Tensor, keep_t: Tensor) -> Tensor:
    """KL(q(x_s | x_t, x0) || p(x_s | x_t)), (B, T)."""
    truth = F.one_hot(x0, predicted.size(-1)).float()
    q = posterior(x_t, truth, keep_s, keep_t)
    return divergence(q, posterior(x_t, predicted.exp(), keep_s, keep_t))


@pytest.mark.about(TERM)
@pytest.mark.points(2)
@pytest.mark.hint("q is uniform_posterior of one_hot(x0); the KL is the sum of q * (log q - log p)")
def test_uniform_term(student: Any, generator: torch.Generator) -> None:
    """uniform_term is the divergence of the prediction's posterior from the true one's."""
    for size, places in ((C, T), (2, 3), (C, 1), (ROWS, ROWS)):
        x0, x_t = texts(generator, ROWS, places, size), texts(generator, ROWS, places, size)
        predicted = log_probs(generator, ROWS, places, size, sharpness=2.0)
        levels = KEEP_S, KEEP_T
        truth = F.one_hot(x0, size).float()
        q = posterior(x_t, truth, *levels)
        p = posterior(x_t, predicted.exp(), *levels)
        first = posterior(x_t, predicted.exp(), *levels, average_first=True)
        right = divergence(q, p)
        of_x0 = -predicted.gather(-1, x0[..., None])[..., 0]
        entropy = divergence(q, torch.ones_like(q))  # negative entropy of q
        wrong = {
            "it is the divergence of q from p, the other way round": divergence(p, q),
            "it is the cross-entropy: q's own entropy is missing": right - entropy,
            "it is -log p(x0 | x_t), which is right at keep_s = 1 only": of_x0,
            "the posterior is averaged before it is divided": divergence(q, first),
            "it has the wrong sign": -right,
            "it is averaged over the symbols, not summed": right / size,
            "it is in bits, not in nats": right / torch.tensor(2.0).log(),
            "p is the prediction itself, not what it says of x_s": divergence(q, predicted.exp()),
        }
        result = student.diffusion.uniform_term(x0, x_t, predicted, *levels)
        expect_right(result, right, wrong, f"what {TERM} returns", atol=1e-4)
        same = student.diffusion.uniform_term(x0, x_t, (truth + 1e-12).log(), *levels)
        expect.close(same, torch.zeros(ROWS, places), "the term of a right prediction", atol=1e-4)
    x0, x_t = texts(generator, 3, T), texts(generator, 3, T)
    predicted = log_probs(generator, 3, T, C, sharpness=8.0)
    levels = torch.tensor([0.9999, 0.995, 0.992]), torch.tensor([0.5, 0.99, 0.6])
    result = student.diffusion.uniform_term(x0, x_t, predicted, *levels)
    wrong = {
        "at a keep_s just below 1 it is -log p(x0 | x_t), which is right at keep_s = 1 only": (
            -predicted.gather(-1, x0[..., None])[..., 0]
        )
    }
    right = term(x0, x_t, predicted, *levels)
    expect_right(result, right, wrong, f"what {TERM} returns for keep_s close to 1", atol=1e-3)


@pytest.mark.about(TERM)
@pytest.mark.points(1)
@pytest.mark.hint("0 * log 0 is nan, and so is its gradient: take -log p(x0) where keep_s is 1")
def test_uniform_term_of_the_text(student: Any, generator: torch.Generator) -> None:
    """At keep_s = 1 the term is -log p(x0 | x_t), however improbable; its gradients are finite."""
    call = student.diffusion.uniform_term
    x0, x_t = texts(generator, 2, T), texts(generator, 2, T)
    for sharpness in (1.0, 10.0, 100.0):
        predicted = log_probs(generator, 2, T, C, sharpness=sharpness)
        right = -predicted.gather(-1, x0[..., None])[..., 0]
        for keep_t in (0.0, 0.5, 0.99):
            result = call(x0, x_t, predicted, torch.ones(2), torch.full((2,), keep_t))
            expect.close(result, right, f"the term at keep_s = 1, keep_t = {keep_t:g}", atol=1e-4)
            levels = torch.tensor([1.0, 0.995]), torch.full((2,), keep_t)
            result = call(x0, x_t, predicted, *levels)
            result = expect.tensor(result, right.shape, "float", f"what {TERM} returns")
            what = "the term at keep_s = 1, beside a sequence of another level"
            expect.close(result[0], right[0], what, atol=1e-4)
    x0, x_t = texts(generator, ROWS, T), texts(generator, ROWS, T)
    logits, cotangent = normal(generator, ROWS, T, C), normal(generator, ROWS, T)
    leaf = logits.log_softmax(-1).requires_grad_()
    total = (term(x0, x_t, leaf, KEEP_S, KEEP_T) * cotangent).sum()
    right = torch.autograd.grad(total, leaf)[0]
    arguments = [x0, x_t, leaf.detach(), KEEP_S, KEEP_T]
    gradient = student.probe.gradient_of(call, arguments, cotangent, 2)
    assert gradient is not None, "no gradient reaches the prediction"
    gradient = expect.tensor(gradient, right.shape, "float", "the gradient of the prediction")
    assert bool(gradient.isfinite().all()), "the gradient of the prediction is not finite"
    # a network's logits get both gradients through log_softmax, whatever stands on the way
    logits = logits.requires_grad_()
    ours, theirs = (
        torch.autograd.grad((logits.log_softmax(-1) * each).sum(), logits)[0]
        for each in (right, gradient)
    )
    expect.close(theirs, ours, "the gradient of the logits", atol=1e-3, rtol=1e-3)


SYMBOLS, STEPS = 3, 4


def levels_of(steps: int) -> list[tuple[Tensor, Tensor]]:
    """(keep_s, keep_t) of each step from `steps` down to 0, (SYMBOLS,) each."""
    keep = torch.cos(torch.pi * torch.arange(steps + 1) / (2 * steps)) ** 2
    keep[steps] = 0.0
    return [(keep[t - 1].expand(SYMBOLS), keep[t].expand(SYMBOLS)) for t in range(steps, 0, -1)]


def total_of_terms(student: Any, predict: Any) -> Tensor:
    """The negative bound of a text of one character, for each character, (SYMBOLS,).

    predict(t): log p(x0 | x_t) for each x_t, (SYMBOLS, SYMBOLS).
    """
    x0 = torch.arange(SYMBOLS)[:, None].expand(SYMBOLS, SYMBOLS)  # every pair of x0 and x_t
    x_t, total = x0.t(), torch.zeros(SYMBOLS)
    for t, (keep_s, keep_t) in zip(range(STEPS, 0, -1), levels_of(STEPS), strict=True):
        predicted = predict(t).expand(SYMBOLS, SYMBOLS, SYMBOLS)
        each = student.diffusion.uniform_term(x0, x_t, predicted, keep_s, keep_t)
        each = expect.tensor(each, x0.shape, "float", f"what {TERM} returns")
        total += (kernel(keep_t, SYMBOLS)[0] * each).sum(-1)
    return total


@pytest.mark.about(TERM)
@pytest.mark.points(1)
@pytest.mark.hint(
    "sum over all levels what the term should be: with a perfect prediction -log p(x)"
)
def test_bound_of_one_character(student: Any, generator: torch.Generator) -> None:
    """For one character the terms' sum is known: -log p with a perfect network, else never less."""
    log_p = log_probs(generator, SYMBOLS)
    keeps = [keep_t for _, keep_t in levels_of(STEPS)][::-1]  # of t = 1 .. STEPS

    def perfect(t: int) -> Tensor:
        joint = log_p.exp()[:, None] * kernel(keeps[t - 1], SYMBOLS)[0]  # (x0, x_t)
        return (joint / joint.sum(0)).t().log()

    bound = total_of_terms(student, perfect)
    expect.close(bound, -log_p, "the bound of a perfect network", atol=1e-4)
    table = log_probs(generator, STEPS + 1, SYMBOLS, SYMBOLS, sharpness=2.0)
    state = torch.full((SYMBOLS,), 1 / SYMBOLS)  # p(x_t), from the noise down to the text
    for t, (keep_s, keep_t) in zip(range(STEPS, 0, -1), levels_of(STEPS), strict=True):
        x_t = torch.arange(SYMBOLS)[:, None]
        state = state @ posterior(x_t, table[t].exp()[:, None], keep_s, keep_t)[:, 0]
    bound = total_of_terms(student, lambda t: table[t])
    assert bool((bound >= -state.log() - 1e-4).all()), "the terms' sum is below -log p(x): no bound"
