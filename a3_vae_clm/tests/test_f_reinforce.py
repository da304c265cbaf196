"""Part f: REINFORCE with a baseline."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("f")


@pytest.mark.points(1)
@pytest.mark.hint("(sum - own) / (K - 1); zeros if K is 1")
def test_leave_one_out(student):
    """Of the rewards 1, 2 and 6 the baselines are 4, 3.5 and 1.5; a single sample has 0."""
    baseline = student.reinforce.leave_one_out(torch.tensor([[1.0], [2.0], [6.0]])).flatten()
    assert baseline.tolist() == pytest.approx([4, 3.5, 1.5]), f"they are {baseline.tolist()}"
    single = student.reinforce.leave_one_out(torch.tensor([[3.0, 5.0]])).tolist()
    assert single == [[0, 0]], f"of one sample the baselines are {single}"


@pytest.mark.points(1)
@pytest.mark.hint("-(advantage.detach() * log_q).mean()")
def test_surrogate(student):
    """The gradient by log_q is minus each advantage over K * B; the rewards get none."""
    log_q = torch.tensor([[-1.0], [-2.0]], requires_grad=True)
    rewards = torch.tensor([[1.0], [3.0]], requires_grad=True)
    student.reinforce.surrogate(log_q, rewards).backward()
    gradient = log_q.grad.flatten().tolist()  # the advantages are -2 and 2
    assert gradient == pytest.approx([1, -1]), f"the gradient is {gradient}, not [1, -1]"
    assert rewards.grad is None or not rewards.grad.any(), "a gradient reaches the rewards"


@pytest.mark.points(1)
@pytest.mark.hint("the surrogate of log_joint - log_q, and -log_joint.mean()")
def test_latent_bound_loss(student):
    """log_joint has the gradient -1 / (K * B) everywhere: a better log p makes the loss smaller."""
    log_joint = torch.tensor([[-1.0], [-5.0]], requires_grad=True)
    log_q = torch.tensor([[-1.0], [-1.0]], requires_grad=True)
    student.reinforce.latent_bound_loss(log_joint, log_q).backward()
    gradient = log_joint.grad.flatten().tolist()
    assert gradient == pytest.approx([-0.5, -0.5]), f"log_joint has the gradient {gradient}"
    assert log_q.grad[0] < log_q.grad[1], "the better sample does not become likelier"


@pytest.mark.points(1)
@pytest.mark.hint("torch.rand(..., generator=generator) < sigmoid(logits); logsigmoid for log_q")
def test_sample_boundaries(student):
    """Even odds give log_q = log(1/2); sure things are drawn as they must be."""
    logits = torch.tensor([[0.0, 100.0, -100.0]]).expand(200, 3)
    generator = torch.Generator().manual_seed(0)
    boundaries, log_q = student.reinforce.sample_boundaries(logits, generator)
    assert boundaries.dtype is torch.bool, f"boundaries have the dtype {boundaries.dtype}"
    assert boundaries[:, 1].all(), "a logit of 100 gives no boundary"
    assert not boundaries[:, 2].any(), "a logit of -100 gives a boundary"
    assert 60 < boundaries[:, 0].sum() < 140, "a logit of 0 is not an even chance"
    expected = torch.tensor([math.log(1 / 2), 0, 0]).expand(200, 3)
    assert torch.allclose(log_q, expected, atol=1e-5), "log_q is wrong"
