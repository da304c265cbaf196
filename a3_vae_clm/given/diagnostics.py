"""Whether the latents of a model are in use: three measures of posterior collapse.

Works for every model with `latents(batch)`, the means and log-precisions of all the posteriors of a
batch. Active units: Burda et al., "Importance Weighted Autoencoders" (2016). Mutual information:
Hoffman and Johnson, "ELBO surgery" (2016).

Letters in the shapes: N latents, E numbers of one latent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from alphabet import Batch
from gaussian import gaussian_log_prob, reparameterise
from torch import Tensor, nn

ACTIVE = 0.01
"""Burda et al.: a number whose mean varies less than this between texts is not in use. They measure
it for a prior of variance 1."""

LARGEST = 2000
"""Latents that are compared with each other: the mutual information that so many can show is at
most log(2000) = 7.6 nats."""


@dataclass(frozen=True)
class Usage:
    """How much the latents say about the text.

    active: how many of the `numbers` of a latent are in use. information: I(text; latent) under q,
    in nats, of one latent. deviation: the mean standard deviation of q. spread: the standard
    deviation of the means, averaged over the numbers. latents: how many were looked at.
    """

    active: int
    numbers: int
    information: float
    deviation: float
    spread: float
    latents: int


def usage(model: nn.Module, batches: Iterable[Batch], seed: int = 0) -> Usage:
    """Measure the posteriors of at most LARGEST latents, drawn from all of the batches."""
    pairs = [model.latents(batch) for batch in batches]
    mean, log_precision = (torch.cat(each) for each in zip(*pairs, strict=True))  # (N, E) each
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(mean), generator=generator)[:LARGEST]
    mean, log_precision = mean.cpu()[chosen], log_precision.cpu()[chosen]
    noise = torch.randn(mean.shape, generator=generator)
    varied = mean.var(dim=0, unbiased=False)  # (E,)
    return Usage(
        active=int((varied > ACTIVE).sum()),
        numbers=mean.size(1),
        information=information(mean, log_precision, noise),
        deviation=float((-0.5 * log_precision).exp().mean()),
        spread=float(varied.sqrt().mean()),
        latents=len(mean),
    )


def information(mean: Tensor, log_precision: Tensor, noise: Tensor) -> float:
    """The mutual information of latents and what they stand for, estimated, in nats.

    The mean of log q(z | x) - log q(z), where q(z) is the mean of all N posteriors; one draw of
    each. mean, log_precision, noise: (N, E). It lies between 0 and log N, but for the draws' error.
    """
    z = reparameterise(mean, log_precision, noise)  # (N, E)
    own = gaussian_log_prob(z, mean, log_precision)  # (N,)
    rows = [
        gaussian_log_prob(each, mean, log_precision).logsumexp(dim=0) for each in z.unbind()
    ]  # N scalars
    return float((own - torch.stack(rows)).mean() + math.log(len(mean)))
