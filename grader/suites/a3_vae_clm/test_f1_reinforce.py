"""Part f: REINFORCE and its baseline, against the enumeration of every outcome."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.models import log_probabilities
from grader.suites.a3_vae_clm.outcomes import Bernoullis, columns, moments, others
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("f")
SIZES = ((3, 4), (2, 1), (5, 2), (4, 4), (2, 5))  # (K, B)


@pytest.mark.about("leave_one_out")
@pytest.mark.points(2)
@pytest.mark.hint("(sum over the K samples - the sample's own) / (K - 1)")
def test_leave_one_out(student: Any, generator: torch.Generator) -> None:
    """A sample's baseline is the mean reward of the same text's other samples."""
    call = student.reinforce.leave_one_out
    for k, b in SIZES:
        rewards = 3 + normal(generator, k, b)
        right = others(rewards)
        total = rewards.sum(0, keepdim=True)
        wrong = {
            "the sample's own reward is part of the mean": (total / k).expand_as(rewards),
            "the others' sum is divided by K, not by K - 1": (total - rewards) / k,
            "it is the sum of the others' rewards, not their mean": total - rewards,
            "the advantage is returned, not the baseline": rewards - right,
            "the other texts' rewards are averaged, not the other samples'": (
                others(rewards.t()).t() if b > 1 else right
            ),
            "it is the mean of all rewards of the batch": rewards.mean().expand_as(rewards),
            "it is the same for all samples of a text, without the first one": (
                rewards[1:].mean(0).expand_as(rewards)
            ),
        }
        expect_right(call(rewards), right, wrong, "what leave_one_out returns")


@pytest.mark.about("leave_one_out")
@pytest.mark.points(1)
@pytest.mark.hint("K - 1 is 0: return zeros of the same shape")
def test_leave_one_out_of_one_sample(student: Any, generator: torch.Generator) -> None:
    """A single sample has no others: its baseline is 0. The rewards stay as they are."""
    call = student.reinforce.leave_one_out
    for b in (1, 5):
        rewards = normal(generator, 1, b)
        found = expect.tensor(call(rewards), (1, b), "float", "the baseline of a single sample")
        assert not found.isnan().any(), "the baseline of a single sample is nan"
        assert not found.any(), "the baseline of a single sample is not 0"
    rewards = normal(generator, 3, 2)
    after = student.probe.arguments_after(call, [rewards.clone()])
    expect.close(expect.items(after, 1)[0], rewards, "the rewards after leave_one_out")
    assert expect.tensor(call(rewards), (3, 2)).all(), "the baseline of several samples is 0"


def gradients(student: Any, function: Any, arguments: list[Tensor]) -> list[Tensor]:
    """The gradients of a loss by both of its arguments, zeros for None."""
    loss = function(*arguments)
    expect.tensor(loss, (), "float", "the loss")
    expect.number(loss, "the loss")
    found = expect.items(student.probe.argument_gradients(function, arguments, [0, 1]), 2)
    pairs = zip(found, arguments, strict=True)
    return [
        torch.zeros_like(x) if g is None else expect.tensor(g, x.shape, "float", "a gradient")
        for g, x in pairs
    ]


@pytest.mark.about("surrogate")
@pytest.mark.points(2)
@pytest.mark.hint("-((rewards - baseline).detach() * log_q).mean()")
def test_surrogate(student: Any, generator: torch.Generator) -> None:
    """The gradient by log_q is minus the advantage over K * B, and none flows to the rewards."""
    for k, b in (*SIZES, (1, 1), (1, 3)):
        log_q, rewards = log_probabilities(generator, k, b), 2 + normal(generator, k, b)
        baseline = others(rewards) if k > 1 else torch.zeros_like(rewards)
        right = -(rewards - baseline) / (k * b)
        own = rewards.mean(0, keepdim=True).expand_as(rewards) if k > 1 else baseline
        wrong = {
            "it has the wrong sign: a loss falls where the reward rises": -right,
            "there is no baseline": -rewards / (k * b),
            "the baseline is the mean of all samples, the own one included": (
                -(rewards - own) / (k * b)
            ),
            "the baseline is added, not taken off": -(rewards + baseline) / (k * b),
            "it is the sum over K and B, not the mean": right * k * b,
            "it is the sum over the samples, not the mean": right * k,
            "it is the sum over the texts, not the mean": right * b,
            "the baseline alone is the advantage": -baseline / (k * b),
            "log_q is exponentiated": right * log_q.exp(),
        }
        function = student.reinforce.surrogate
        found, free = gradients(student, function, [log_q, rewards])
        expect_right(found, right, wrong, "the gradient by log_q")
        assert not free.any(), "a gradient flows through the advantage: detach it"


@pytest.mark.about("surrogate")
@pytest.mark.points(1)
@pytest.mark.hint("a sample's baseline must not depend on that sample")
def test_surrogate_is_unbiased(student: Any, generator: torch.Generator) -> None:
    """Over all outcomes the mean gradient is exact, and varies less than without a baseline."""
    choice, rewards = Bernoullis(generator), 8 + normal(generator, 4).double()
    right = -choice.exact(rewards)
    for samples in (1, 2, 3):
        drawn = columns(samples)
        arguments = [choice.log_q[drawn].float(), rewards[drawn].float()]
        found, _ = gradients(student, student.reinforce.surrogate, arguments)
        mean, spread = moments(*choice.estimates(found, drawn))
        expect.close(mean, right, f"the mean gradient of {samples} samples", atol=1e-4, rtol=1e-3)
        plain = moments(*choice.estimates(-arguments[1] / drawn.numel(), drawn))[1]
        assert samples == 1 or spread < plain, "the gradient varies as if there were no baseline"


@pytest.mark.about("latent_bound_loss")
@pytest.mark.points(2)
@pytest.mark.hint("-log_joint.mean() + surrogate(log_q, (log_joint - log_q).detach())")
def test_latent_bound_loss(student: Any, generator: torch.Generator) -> None:
    """log_joint gets -1 / (K * B); log_q gets the surrogate's gradient of log_joint - log_q."""
    for k, b in (*SIZES, (1, 1), (1, 3)):
        log_joint = 5 * log_probabilities(generator, k, b)
        log_q = log_probabilities(generator, k, b)
        rewards = log_joint - log_q
        size = k * b
        function = student.reinforce.latent_bound_loss
        by_joint, by_q = gradients(student, function, [log_joint, log_q])
        right = torch.full((k, b), -1 / size)
        wrong = {
            "none: log p is trained by this term, too": torch.zeros(k, b),
            "it has the wrong sign": -right,
            "it is that of the sum, not of the mean": right * size,
            "it is that of the sum over samples, not of the mean": right * k,
            "it is weighted by log_q's reward": right * advantage(rewards),
        }
        expect_right(by_joint, right, wrong, "the gradient by log_joint")
        right = -advantage(rewards) / size
        if not expect.is_close(by_q, right + 1 / size):  # -log q as it stands: the mean is 0
            expect_right(by_q, right, wrong_by_q(log_joint, rewards), "the gradient by log_q")


def wrong_by_q(log_joint: Tensor, rewards: Tensor) -> dict[str, Tensor]:
    """What mistakes give for the gradient by log_q."""
    size = rewards.numel()
    return {
        "the reward lacks -log_q": -advantage(log_joint) / size,
        "it has the wrong sign: the loss is minus the bound": advantage(rewards) / size,
        "there is no baseline": -rewards / size,
        "none: the encoder is not trained": torch.zeros_like(rewards),
        "it is that of -log_q alone: there is no REINFORCE": torch.full_like(rewards, 1 / size),
        "log_q is added to the reward, not taken off": -advantage(2 * log_joint - rewards) / size,
        "it is that of the sum, not of the mean": -advantage(rewards),
    }


def advantage(rewards: Tensor) -> Tensor:
    """The rewards minus their baselines."""
    return rewards - others(rewards) if len(rewards) > 1 else rewards


@pytest.mark.about("latent_bound_loss")
@pytest.mark.points(1)
@pytest.mark.hint("-log_joint for p's parameters, the surrogate for q's: neither does for both")
def test_latent_bound_loss_is_unbiased(student: Any, generator: torch.Generator) -> None:
    """Over all outcomes the mean gradients are those of minus the ELBO, for p and for q."""
    choice, log_joint = Bernoullis(generator), log_probabilities(generator, 4).double() - 8
    right = -choice.exact(log_joint - choice.log_q)
    for samples in (1, 2, 3):
        drawn = columns(samples)
        arguments = [log_joint[drawn].float(), choice.log_q[drawn].float()]
        found = gradients(student, student.reinforce.latent_bound_loss, arguments)
        estimates, probabilities = choice.estimates(found[1], drawn)
        mean, spread = moments(estimates, probabilities)
        text = f"gradient of {samples} samples"
        expect.close(mean, right, f"the mean {text} by q's logits", atol=1e-4, rtol=1e-3)
        hits = torch.nn.functional.one_hot(drawn, 4).double()  # (K, N, 4): by each log p(x, z)
        each = (found[0].double()[..., None] * hits).sum(0) * drawn.size(1)
        mean = (probabilities[:, None] * each).sum(0)
        expect.close(mean, -choice.q, f"the mean {text} by log p", atol=1e-4, rtol=1e-3)
        plain = -(arguments[0] - arguments[1]) / drawn.numel()
        noisy = moments(*choice.estimates(plain, drawn))[1]
        assert samples == 1 or spread < noisy, "the gradient varies as if there were no baseline"
