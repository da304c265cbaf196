"""How well a model predicts text: nats per sequence and bits per character. Part (a).

NLPPS, the negative log-probability per sequence, is a sum over a sequence's characters and a mean
over sequences; bits per character, the measure of papers on text, is a mean over all characters of
the corpus. For a model with latent variables the log-probabilities are the terms of a lower bound,
and both figures are upper bounds.

Letters in the shapes: B sequences, T places of the longest.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def nlpps(log_probs: Tensor, mask: Tensor) -> Tensor:
    """Minus the log-probability of a sequence, in nats, on average over the sequences: a scalar.

    log_probs: (B, T), natural logarithms. mask: (B, T) bool, True at real places. A value outside
    the mask does not count, whatever it is, and its gradient is zero.
    """
    # TODO(a): return a scalar: -(1/B) sum_b sum_t log_probs[b, t] over the real places. A nan or an
    # infinity outside the mask must not show.
    raise NotImplementedError("TODO(a): nlpps")


def bits_per_character(log_probs: Tensor, mask: Tensor) -> Tensor:
    """Minus the log-probability of a character, in bits, on average over all characters: a scalar.

    log_probs: (B, T), natural logarithms. mask: (B, T) bool, True at real places, at least one of
    them. Every character counts the same, so a long sequence counts more than a short one.
    """
    # TODO(a): return a scalar: minus the mean of log_probs over all real places, in bits. A nan or
    # an infinity outside the mask must not show.
    raise NotImplementedError("TODO(a): bits_per_character")
