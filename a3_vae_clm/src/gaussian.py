"""Diagonal Gaussians, and the evidence lower bound that is built from them. Part (c).

Kingma and Welling, "Auto-Encoding Variational Bayes" (2014), and Burda et al., "Importance Weighted
Autoencoders" (2016). A precision is one over a variance. Every log-probability is in nats.

Letters in the shapes: W samples of the posterior, B batch, T places, E numbers of one latent.
log_precision is (E,), a scalar or (.., E): one for each number, one for all, or one for each place.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def gaussian_log_prob(z: Tensor, mean: Tensor, log_precision: Tensor) -> Tensor:
    """The log-density of z under a Gaussian whose numbers are independent of each other.

    z, mean: (.., E), or shapes that broadcast to it. log_precision: (E,), a scalar or (.., E).
    Returns (..).
    """
    # TODO(c): return (..): log N(z; mean, 1 / precision), summed over the E numbers, with the
    # constant -log(2 pi) / 2 of each.
    raise NotImplementedError("TODO(c): gaussian_log_prob")


def kl_to_standard(mean: Tensor, log_precision: Tensor) -> Tensor:
    """KL(N(mean, 1 / precision) || N(0, I)) in closed form: never negative.

    mean: (.., E). log_precision: (E,), a scalar or (.., E). Returns (..).
    """
    # TODO(c): return (..): the divergence, summed over the E numbers; no samples are drawn.
    raise NotImplementedError("TODO(c): kl_to_standard")


def reparameterise(mean: Tensor, log_precision: Tensor, noise: Tensor) -> Tensor:
    """A sample of N(mean, 1 / precision), through which gradients reach both.

    mean: (.., E). log_precision: (E,), a scalar or (.., E). noise: drawn from N(0, I), (.., E) or
    with more dimensions in front. Returns z, the shape of noise.
    """
    # TODO(c): return z, the shape of noise: the mean plus noise standard deviations.
    raise NotImplementedError("TODO(c): reparameterise")


def elbo(log_likelihood: Tensor, log_prior: Tensor, log_posterior: Tensor, mask: Tensor) -> Tensor:
    """What one sample of the posterior says about log p(x): log p(x | z) + log p(z) - log q(z | x).

    log_likelihood, log_prior, log_posterior: (W, B, T), at each place. mask: (B, T) bool, True at
    real places. Returns (W, B), nats of each sequence; what stands outside the mask, even nan, does
    not count.
    """
    # TODO(c): return (W, B): all three terms at every real place, and none elsewhere.
    raise NotImplementedError("TODO(c): elbo")


def importance_weighted(log_weights: Tensor) -> Tensor:
    """The bound from W samples at once: log of the mean weight.

    log_weights: (W, B), what `elbo` returns. Returns (B,). With W = 1 it is the ELBO; with more it
    comes closer to log p(x), from below on average.
    """
    # TODO(c): return (B,): log((exp(log_weights[0]) + .. + exp(log_weights[W - 1])) / W), computed
    # so that weights of exp(-1000) do not vanish.
    raise NotImplementedError("TODO(c): importance_weighted")
