"""Whether the latents of a model are in use: three measures of posterior collapse.

Works for every model with `latents(batch)`, the means and log-precisions of all the posteriors of a
batch. A posterior is a Gaussian, mean (N, E), or several of equal weight, means (N, J, E); the
log-precisions are (N, E). Active units: Burda et al., "Importance Weighted Autoencoders" (2016).
Mutual information: Hoffman and Johnson, "ELBO surgery" (2016).

Letters in the shapes: N latents, J Gaussians of one, E numbers of one latent.
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
    means, log_precision = (torch.cat(each) for each in zip(*pairs, strict=True))
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(means), generator=generator)[:LARGEST]
    means, log_precision = means.cpu()[rows], log_precision.cpu()[rows]
    noise = torch.randn(log_precision.shape, generator=generator)
    varied = centres(means).var(dim=0, unbiased=False)  # (E,)
    return Usage(
        active=int((varied > ACTIVE).sum()),
        numbers=len(varied),
        information=information(means, log_precision, noise),
        deviation=float(deviations(means, log_precision).mean()),
        spread=float(varied.sqrt().mean()),
        latents=len(means),
    )


def centres(means: Tensor) -> Tensor:
    """The mean of each posterior, (N, E)."""
    return means.mean(dim=1) if means.dim() == 3 else means


def deviations(means: Tensor, log_precision: Tensor) -> Tensor:
    """The standard deviations of each posterior, (N, E), that between its Gaussians included."""
    inside = (-log_precision).exp()
    between = means.var(dim=1, unbiased=False) if means.dim() == 3 else 0
    return (inside + between).sqrt()


def information(means: Tensor, log_precision: Tensor, noise: Tensor) -> float:
    """The mutual information of latents and what they stand for, estimated, in nats.

    The mean of log q(z | x) - log q(z), where q(z) is the mean of all N posteriors; one draw of
    each, of its Gaussians in turn. means: (N, E) or (N, J, E). log_precision, noise: (N, E). It
    lies between 0 and log N, but for the draws' error.
    """
    each = means if means.dim() == 3 else means.unsqueeze(1)  # (N, J, E)
    log_precision = log_precision.unsqueeze(1)  # (N, 1, E)
    rows = torch.arange(len(each))
    drawn = each[rows, rows % each.size(1)].unsqueeze(1)  # (N, 1, E)
    z = reparameterise(drawn, log_precision, noise.unsqueeze(1))  # (N, 1, E)
    own = gaussian_log_prob(z, each, log_precision).logsumexp(dim=1)  # (N,), plus log J as below
    of_all = [gaussian_log_prob(one, each, log_precision).logsumexp(dim=(0, 1)) for one in z]
    return float((own - torch.stack(of_all)).mean() + math.log(len(each)))
