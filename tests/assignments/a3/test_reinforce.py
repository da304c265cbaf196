"""a3's REINFORCE, in the reference solution: no bias by enumeration, and less variance."""

from __future__ import annotations

import itertools

import pytest
import torch

from tests.assignments.a3.segmentations import MODULES, close

reinforce = MODULES["reinforce"]
REWARDS = torch.tensor([3.0, 1.0, 2.5], dtype=torch.float64)  # of three outcomes


def estimates(draws: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For all draws of `draws` outcomes: their chance, and surrogate's gradient by the logits.

    And the right gradient of the mean reward, (3,).
    """
    logits = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64, requires_grad=True)
    log_q = logits.log_softmax(0)
    chances, gradients = [], []
    for drawn in itertools.product(range(3), repeat=draws):
        rows = list(drawn)
        loss = reinforce.surrogate(log_q[rows, None], REWARDS[rows, None])
        gradients.append(torch.autograd.grad(loss, logits, retain_graph=True)[0])
        chances.append(log_q[rows].sum().exp().detach())
    right = torch.autograd.grad((log_q.exp() * REWARDS).sum(), logits)[0]
    return torch.stack(chances), torch.stack(gradients), right


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_the_estimate_has_no_bias(draws):
    chances, gradients, right = estimates(draws)
    close(chances @ gradients, -right)


def test_the_baseline_takes_variance_away():
    variances = []
    for draws in (1, 2):
        chances, gradients, right = estimates(draws)
        variances.append(draws * chances @ ((gradients + right) ** 2).sum(dim=1))
    assert variances[1] < 0.5 * variances[0]


def test_a_baseline_is_the_mean_of_the_others():
    rewards = torch.tensor([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]])
    right = torch.tensor([[4.0, 40.0], [3.5, 35.0], [1.5, 15.0]])
    close(reinforce.leave_one_out(rewards), right)
    close(reinforce.leave_one_out(rewards[:1]), torch.zeros(1, 2))


def test_no_gradient_flows_through_the_advantage():
    log_q = torch.zeros(2, 1, requires_grad=True)
    rewards = torch.tensor([[1.0], [3.0]], requires_grad=True)
    reinforce.surrogate(log_q, rewards).backward()
    assert rewards.grad is None
    close(log_q.grad, torch.tensor([[1.0], [-1.0]]))


def test_boundaries_are_as_frequent_as_they_are_likely():
    logits = torch.tensor([[-400.0, -1.0, 0.0, 2.0, 400.0]]).repeat(4000, 1).requires_grad_()
    boundaries, log_q = reinforce.sample_boundaries(logits, torch.Generator().manual_seed(0))
    right = torch.sigmoid(logits[0])
    assert boundaries.dtype == torch.bool
    assert (boundaries.float().mean(dim=0) - right).abs().max() < 0.03  # 4 deviations
    chances = torch.where(boundaries, torch.sigmoid(logits), torch.sigmoid(-logits))
    close(log_q.exp(), chances, 1e-6)
    log_q.sum().backward()
    assert torch.isfinite(logits.grad).all()
    again, _ = reinforce.sample_boundaries(logits, torch.Generator().manual_seed(0))
    assert torch.equal(boundaries, again)
