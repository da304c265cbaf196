"""How much of an importance-weighted bound each place of a text has. Nothing to write here."""

from __future__ import annotations

from gaussian import importance_weighted
from torch import Tensor


def spread(terms: Tensor, log_weights: Tensor, real: Tensor) -> Tensor:
    """Each place's share of the bound of W samples, (B, T), nats, 0 where `real` is False.

    terms: (W, B, T), 0 where `real` is False. log_weights: (W, B), of whole texts. real: (B, T).

    The log of a mean of weights is the mean of their logs under the normalised weights, plus their
    entropy, less log W: each place has the weighted mean of its terms, and an equal part of the
    rest. What the weights have beyond the terms is in the rest.
    """
    shares = (log_weights.softmax(dim=0).unsqueeze(2) * terms).sum(dim=0)  # (B, T)
    rest = importance_weighted(log_weights) - shares.sum(dim=1)  # (B,)
    even = real / real.sum(dim=1, keepdim=True).clamp(min=1)  # (B, T)
    return shares + rest.unsqueeze(1) * even
