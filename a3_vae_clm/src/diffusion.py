"""Discrete diffusion: noise on characters, the bound's terms and a step of the sampler. Part (g).

Follows Austin et al., "Structured Denoising Diffusion Models in Discrete State-Spaces" (2021). A
level t runs from 0 (the text) to `steps` (nothing of it is left); keep[t] is the probability that
a character is still its own at level t. The noise of Austin et al.'s D3PM is either *uniform* (a
character is replaced by a uniform draw) or *absorbing* (it is replaced by one fixed symbol, and
stays so). The network predicts x0 from x_t; what that says about x_s, s < t, is Bayes' rule.

Letters in the shapes: B batch, T places, C symbols that stand for a character. Every x0 is below C
at every place; padding is the caller's business.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def cosine_schedule(steps: int) -> Tensor:
    """The levels' keep probabilities for uniform noise, (steps + 1,): keep[0] = 1, keep[steps] = 0.

    Source: Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models" (2021), without
    their offset.
    """
    # TODO(g): return (steps + 1,): cos(pi t / (2 steps))^2, the last exactly 0.
    raise NotImplementedError("TODO(g): cosine_schedule")


def linear_schedule(steps: int) -> Tensor:
    """The levels' keep probabilities for absorbing noise, (steps + 1,): from 1 to 0 on a line."""
    # TODO(g): return (steps + 1,): 1 - t / steps.
    raise NotImplementedError("TODO(g): linear_schedule")


def corrupt_uniform(x0: Tensor, keep_t: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """x_t under uniform noise.

    x0: (B, T) long. keep_t: (B,), each sequence's keep probability. size: C, the symbols to draw
    from. Every place is corrupted by itself. Returns (B, T) long.
    """
    # TODO(g): return (B, T): x0 with probability keep_t, otherwise one of the `size` symbols, each
    # as probable as the others (x0's own is one of them).
    raise NotImplementedError("TODO(g): corrupt_uniform")


def corrupt_absorbing(
    x0: Tensor, keep_t: Tensor, absorbed: int, generator: torch.Generator
) -> Tensor:
    """x_t under absorbing noise.

    x0: (B, T) long. keep_t: (B,). absorbed: the symbol that takes the place of a lost character.
    Returns (B, T) long.
    """
    # TODO(g): return (B, T): x0 with probability keep_t, otherwise `absorbed`.
    raise NotImplementedError("TODO(g): corrupt_absorbing")


def uniform_posterior(x_t: Tensor, x0_probs: Tensor, keep_s: Tensor, keep_t: Tensor) -> Tensor:
    """How probable each symbol is at level s, given x_t and what is believed of x0: uniform noise.

    For one x0, q(x_s | x_t, x0) = q(x_t | x_s) q(x_s | x0) / q(x_t | x0), where
    q(x_s | x0) = keep_s [x_s = x0] + (1 - keep_s) / C, q(x_t | x0) likewise with keep_t, and
    q(x_t | x_s) likewise with keep_t / keep_s. The divisor depends on x0: divide, then average.

    x_t: (B, T) long. x0_probs: (B, T, C), summing to 1 over C. keep_s, keep_t: (B,), with
    keep_s > keep_t. Returns (B, T, C), summing to 1 over C.
    """
    # TODO(g): return (B, T, C): the mean of q(x_s | x_t, x0) over x0, weighted with x0_probs.
    raise NotImplementedError("TODO(g): uniform_posterior")


def uniform_term(
    x0: Tensor, x_t: Tensor, predicted_log_probs: Tensor, keep_s: Tensor, keep_t: Tensor
) -> Tensor:
    """What each place adds to the negative bound between the levels s and t: uniform noise.

    x0, x_t: (B, T) long. predicted_log_probs: (B, T, C), the network's log p(x0 | x_t). keep_s,
    keep_t: (B,). Returns (B, T), nats. Where keep_s = 1, level s is the text itself and
    the term is -log p(x0 | x_t), finite however improbable x0 is.
    """
    # TODO(g): return (B, T): KL(q(x_s | x_t, x0) || p(x_s | x_t)), each by uniform_posterior.
    raise NotImplementedError("TODO(g): uniform_term")


def absorbing_term(
    x0: Tensor,
    x_t: Tensor,
    predicted_log_probs: Tensor,
    keep_s: Tensor,
    keep_t: Tensor,
    absorbed: int,
) -> Tensor:
    """What each place adds to the negative bound between the levels s and t: absorbing noise.

    A place that is untouched at level t is certain at level s. One that is absorbed comes back
    between the two with probability (keep_s - keep_t) / (1 - keep_t), and what comes back is x0. So
    the KL has a closed form.

    x0, x_t: (B, T) long. predicted_log_probs: (B, T, C), the network's log p(x0 | x_t). keep_s,
    keep_t: (B,), with keep_s > keep_t. Returns (B, T), nats.
    """
    # TODO(g): return (B, T): -(keep_s - keep_t) / (1 - keep_t) log p(x0 | x_t) at the absorbed
    # places, 0 at the others.
    raise NotImplementedError("TODO(g): absorbing_term")


def sample_step_absorbing(
    x_t: Tensor,
    predicted_log_probs: Tensor,
    keep_s: Tensor,
    keep_t: Tensor,
    absorbed: int,
    generator: torch.Generator,
) -> Tensor:
    """One step of the sampler, from level t down to level s: absorbing noise.

    x_t: (B, T) long. predicted_log_probs: (B, T, C), the network's log p(x0 | x_t). keep_s, keep_t:
    (B,), with keep_s > keep_t. Returns x_s, (B, T) long: untouched places stay as they are.
    """
    # TODO(g): return (B, T): an absorbed place is drawn from the prediction with probability
    # (keep_s - keep_t) / (1 - keep_t), and stays absorbed otherwise.
    raise NotImplementedError("TODO(g): sample_step_absorbing")
