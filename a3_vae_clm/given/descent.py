"""Encoding by gradient descent: the best q for a text, in place of an encoder's.

An encoder has to do for all texts what could be done better for each by itself. How much better
shows what the encoder costs: the amortisation gap of Cremer et al., "Inference Suboptimality in
Variational Autoencoders" (2018). The bound stays valid, since any q gives one. A q is Gaussians of
equal weight, as many as the encoder's has: means (B, T, J, E) and log-precisions (B, T, E).

Letters in the shapes: W samples, B batch, T places, J components, E numbers of one latent.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from alphabet import Batch
from gaussian import elbo
from posteriors import sample_mixture
from torch import Tensor
from variational import VariationalModel

RATE = 0.02  # Adam's at the first step; it falls on a line to 0, since the draws are noisy
DRAWS = 16  # of q in each step
MEASURED = 16  # of q for the bound that is reported


@dataclass(frozen=True)
class Descent:
    """The mean ELBO of texts, the length included, in nats.

    encoder: with the encoder's q, as it is. improved: after descent from there. alone: after
    descent from N(0, I), without the encoder; that has one component.
    """

    encoder: float
    improved: float
    alone: float


def descend(model: VariationalModel, batch: Batch, steps: int, rate: float = RATE) -> Descent:
    """Take so many steps of Adam on the means and log-precisions of every latent of a batch."""
    with torch.no_grad():
        encoded = model.encode(batch)  # (B, T, E)
        means, log_precision = model.posterior.components(encoded)
    own = (means, log_precision.expand_as(encoded))
    nothing = (torch.zeros_like(encoded).unsqueeze(-2), torch.zeros_like(encoded))
    return Descent(
        measured(model, batch, own),
        measured(model, batch, best(model, batch, own, steps, rate)),
        measured(model, batch, best(model, batch, nothing, steps, rate)),
    )


def bounds(model: VariationalModel, batch: Batch, q: tuple[Tensor, Tensor], draws: int) -> Tensor:
    """The ELBO of each text for draws of q: (W, B), without the length."""
    z, log_posterior = sample_mixture(*q, draws)  # (W, B, T, E), (W, B, T)
    log_prior = model.prior.log_prob(z, batch.mask)
    return elbo(model.log_likelihood(z, batch), log_prior, log_posterior, batch.mask)


def best(
    model: VariationalModel, batch: Batch, start: tuple[Tensor, Tensor], steps: int, rate: float
) -> tuple[Tensor, Tensor]:
    """The means (B, T, J, E) and log-precisions (B, T, E) after `steps` steps from `start`."""
    means, log_precision = (each.detach().clone().requires_grad_() for each in start)
    optimizer = torch.optim.Adam((means, log_precision), rate)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        with torch.backends.cudnn.flags(enabled=False):  # its GRU has no gradients in eval mode
            loss = -bounds(model, batch, (means, log_precision), DRAWS).mean(dim=0).sum()
            means.grad, log_precision.grad = torch.autograd.grad(loss, (means, log_precision))
        optimizer.step()
    return means.detach(), log_precision.detach()


@torch.no_grad()
def measured(model: VariationalModel, batch: Batch, q: tuple[Tensor, Tensor]) -> float:
    """The mean ELBO of the batch's texts, with their lengths."""
    of_length = model.lengths.log_prob(batch.lengths).mean()
    return float(bounds(model, batch, q, MEASURED).mean() + of_length)
