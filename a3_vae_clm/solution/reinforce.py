"""Gradients through choices that cannot be reparameterised. Part (f).

REINFORCE, Williams, "Simple statistical gradient-following algorithms for connectionist
reinforcement learning" (1992), with the mean reward of the other samples as the baseline: Kool, van
Hoof and Welling, "Buy 4 REINFORCE Samples, Get a Baseline for Free!" (2019).

Letters in the shapes: K samples of the latent for each text, B texts, T places.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def leave_one_out(rewards: Tensor) -> Tensor:
    """The baseline of each sample: what the other samples of the same text earned on average.

    rewards: (K, B). Returns (K, B); zeros for a single sample, which has no others.
    """
    # TODO(f): return (K, B): at [k, b] the mean of rewards[j, b] over all j but k; zeros if K = 1.
    ### BEGIN SOLUTION
    samples = len(rewards)
    if samples == 1:
        return torch.zeros_like(rewards)
    return (rewards.sum(dim=0) - rewards) / (samples - 1)
    ### END SOLUTION


def surrogate(log_q: Tensor, rewards: Tensor) -> Tensor:
    """A loss whose gradient is minus the REINFORCE estimate of the gradient of E_q[reward].

    log_q: (K, B), the log-probability of each sample. rewards: (K, B). Returns a scalar.
    """
    # TODO(f): return minus the mean over K and B of advantage * log_q. The advantage is the reward
    # minus its `leave_one_out` baseline; no gradient flows through it, whatever the rewards carry.
    ### BEGIN SOLUTION
    advantage = (rewards - leave_one_out(rewards)).detach()  # (K, B)
    return -(advantage * log_q).mean()
    ### END SOLUTION


def latent_bound_loss(log_joint: Tensor, log_q: Tensor) -> Tensor:
    """A loss whose gradient is an unbiased estimate of that of minus the ELBO.

    log_joint: (K, B), log p(x, z) of each text with each sample. log_q: (K, B), log q(z | x).
    The ELBO is E_q[log p(x, z) - log q(z | x)], in nats. Returns a scalar: its gradient counts, its
    value is not the ELBO.
    """
    # TODO(f): return minus the mean of log_joint, for p's parameters, plus the `surrogate` with the
    # rewards log_joint - log_q, for q's; the rewards carry no gradient.
    ### BEGIN SOLUTION
    rewards = (log_joint - log_q).detach()  # (K, B)
    return surrogate(log_q, rewards) - log_joint.mean()
    ### END SOLUTION


def sample_boundaries(logits: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw at each place whether a segment ends there, independently of the other places.

    logits: (B, T) of the probability that one does. generator: the source of the draws.
    Returns boundaries (B, T), bool, and log_q (B, T), the log-probability of what was drawn, nats,
    through which the gradient flows to the logits.
    """
    # TODO(f): return (boundaries, log_q). P(boundary) = sigmoid(logit); log_q stays finite where a
    # logit is so large that the probability is 0 or 1 in floating point.
    ### BEGIN SOLUTION
    draws = torch.rand(logits.shape, generator=generator, device=logits.device)
    boundaries = draws < torch.sigmoid(logits)  # (B, T)
    log_q = F.logsigmoid(torch.where(boundaries, logits, -logits))
    return boundaries, log_q
    ### END SOLUTION
