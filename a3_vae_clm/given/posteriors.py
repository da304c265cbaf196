"""What q(z | x) is, given what the encoder makes of the characters.

A posterior is called with the encoder's output (B, T, E) and the number W of samples, and returns
z (W, B, T, E), through which gradients reach its parameters, and log q(z | x) (W, B, T), in nats.
Its `components` are what it is: J Gaussians of equal weight, one or several, by their means
(B, T, J, E) and the logarithms of their precisions, (B, T, E), or (E,) if all latents share them.
No precision is clipped anywhere: with the right gradient none has to be.
"""

from __future__ import annotations

import math

import torch
from gaussian import gaussian_log_prob, reparameterise
from torch import Tensor, nn

START = 2.0
"""The logarithm of the precision with which training begins: a deviation of 0.37, where embeddings
are drawn with a deviation of 1."""


class Gaussian(nn.Module):
    """What posteriors of a single Gaussian have in common; `gaussian` is a subclass's own."""

    def gaussian(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """The means (B, T, E), and the logarithms of the precisions, (B, T, E) or (E,)."""
        raise NotImplementedError

    def components(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """See the module's docstring: here J is 1."""
        mean, log_precision = self.gaussian(encoded)
        return mean.unsqueeze(-2), log_precision

    def forward(self, encoded: Tensor, samples: int) -> tuple[Tensor, Tensor]:
        return sample_gaussian(*self.gaussian(encoded), samples)


class SharedPrecision(Gaussian):
    """N(encoder(x), 1 / precision), with one precision for each of the E numbers: the notes' q."""

    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.log_precision = nn.Parameter(torch.full((embed_size,), START))

    def gaussian(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """The means (B, T, E) and the logarithms of the precisions, (E,)."""
        return encoded, self.log_precision


class OwnPrecision(Gaussian):
    """N(mean(x), 1 / precision(x)): the encoder's output also says how precise each latent is."""

    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.mean = nn.Linear(embed_size, embed_size)
        self.log_precision = nn.Linear(embed_size, embed_size)
        nn.init.eye_(self.mean.weight)
        nn.init.zeros_(self.mean.bias)
        nn.init.zeros_(self.log_precision.weight)
        nn.init.constant_(self.log_precision.bias, START)

    def gaussian(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """The means and the logarithms of the precisions, (B, T, E) each."""
        return self.mean(encoded), self.log_precision(encoded)


class MixturePosterior(nn.Module):
    """A mixture of Gaussians of equal weight, whose means the encoder's output gives.

    components: how many, J.
    """

    def __init__(self, embed_size: int, components: int) -> None:
        super().__init__()
        self.count = components
        self.offsets = nn.Linear(embed_size, components * embed_size)
        self.log_precision = nn.Parameter(torch.full((embed_size,), START))

    def components(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """The means (B, T, J, E), and the logarithms of the precision that all share, (E,)."""
        offsets = self.offsets(encoded).unflatten(-1, (self.count, -1))  # (B, T, J, E)
        return encoded.unsqueeze(-2) + offsets, self.log_precision

    def forward(self, encoded: Tensor, samples: int) -> tuple[Tensor, Tensor]:
        return sample_mixture(*self.components(encoded), samples)


def sample_mixture(means: Tensor, log_precision: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """z (W, B, T, E) and its log-density (W, B, T) under Gaussians of equal weight.

    means: (B, T, J, E). log_precision: (B, T, E) or (E,). A draw picks a component with a
    probability that no parameter changes, and then a place in it, reparameterised; so the gradient
    is right. The density is that of the whole mixture.
    """
    *places, J, E = means.shape
    if J == 1:
        return sample_gaussian(means.squeeze(-2), log_precision, samples)
    shape = (samples, *places)  # (W, B, T)
    component = torch.randint(J, shape, device=means.device)
    index = component[..., None, None].expand(*shape, 1, E)
    mean = means.expand(samples, *means.shape).gather(-2, index).squeeze(-2)  # (W, B, T, E)
    z = reparameterise(mean, log_precision, torch.randn_like(mean))
    of_each = gaussian_log_prob(z.unsqueeze(-2), means, log_precision.unsqueeze(-2))
    return z, of_each.logsumexp(dim=-1) - math.log(J)  # (W, B, T, J) -> (W, B, T)


def sample_gaussian(mean: Tensor, log_precision: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """z (W, B, T, E) and its log-density (W, B, T) under N(mean, 1 / precision)."""
    noise = torch.randn(samples, *mean.shape, dtype=mean.dtype, device=mean.device)
    z = reparameterise(mean, log_precision, noise)
    return z, gaussian_log_prob(z, mean, log_precision)
