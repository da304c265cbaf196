"""What a model of latents expects before it has seen the text: one latent for each character.

A prior has two methods, and every density is in nats:
    log_prob(z (W, B, T, E), mask (B, T) bool) -> (W, B, T), what stands at pads does not count;
    sample(mask (B, T) bool, generator) -> (B, T, E).

Letters in the shapes: W samples, B batch, T places, E numbers of one latent, K components.
"""

from __future__ import annotations

import math

import torch
from mixture import MixturePrior, bigram_log_prob
from torch import Tensor, nn
from torch.nn import functional as F


def densities(z: Tensor, means: Tensor, log_precisions: Tensor) -> Tensor:
    """log N(z; means[k], 1 / precisions) by one matrix product. z: (.., E). Returns (.., K).

    The same as MixturePrior.component_log_probs, which writes out every difference z - mean: with
    30 components that takes ten times as long. Squares are expanded here, so that a precision of
    10,000 costs float32 three of its digits; measured bounds take the written-out differences.
    """
    scale = (0.5 * log_precisions).exp()  # (E,)
    scaled, centres = z * scale, means * scale  # (.., E), (K, E)
    cross = F.linear(scaled, centres, -0.5 * (centres**2).sum(dim=1))  # (.., K)
    constant = 0.5 * (log_precisions - math.log(2 * math.pi)).sum()
    return cross + (constant - 0.5 * (scaled**2).sum(dim=-1, keepdim=True))


def component_log_probs(mixture: MixturePrior, z: Tensor) -> Tensor:
    """(.., K): the fast densities while gradients are needed, else the mixture's own."""
    if torch.is_grad_enabled():
        return densities(z, mixture.means, mixture.log_precisions)
    return mixture.component_log_probs(z)


class Independent(nn.Module):
    """Every latent is drawn by itself from the same mixture; one component makes it a Gaussian."""

    def __init__(self, mixture: MixturePrior) -> None:
        super().__init__()
        self.mixture = mixture

    def log_prob(self, z: Tensor, mask: Tensor) -> Tensor:
        weights = F.log_softmax(self.mixture.logits, dim=0)  # (K,)
        return (weights + component_log_probs(self.mixture, z)).logsumexp(dim=-1)

    def sample(self, mask: Tensor, generator: torch.Generator) -> Tensor:
        return self.mixture.sample(tuple(mask.shape), generator)


class Bigram(nn.Module):
    """One component's mean is a linear function of the latent before; the others stay."""

    def __init__(self, mixture: MixturePrior) -> None:
        super().__init__()
        self.mixture = mixture
        embed_size = mixture.means.size(1)
        self.linear = nn.Linear(embed_size, embed_size)

    def log_prob(self, z: Tensor, mask: Tensor) -> Tensor:
        return bigram_log_prob(self.mixture, self.linear, z)

    @torch.no_grad()
    def sample(self, mask: Tensor, generator: torch.Generator) -> Tensor:
        means = self.mixture.means.repeat(len(mask), 1, 1)  # (B, K, E)
        weights = self.mixture.logits.softmax(dim=0).expand(len(mask), -1)  # (B, K)
        latents: list[Tensor] = []
        for _ in range(mask.size(1)):
            if latents:
                means[:, 0] = self.linear(latents[-1])
            latents.append(draw(means, weights, self.mixture.log_precisions, generator))
        return (
            torch.stack(latents, dim=1) if latents else means.new_zeros(*mask.shape, means.size(2))
        )


class Chain(nn.Module):
    """A mixture whose weights, and where its components lie, depend on the latents before.

    reader: states of the latents before each place, (N, T, E) -> (N, T, hidden_size): a Window for
    a chain of a few places' memory, a GRU's Memory for all of them.
    """

    def __init__(self, mixture: MixturePrior, reader: nn.Module, hidden_size: int) -> None:
        super().__init__()
        self.mixture, self.reader = mixture, reader
        mixtures, embed_size = mixture.means.shape
        self.choose = nn.Linear(hidden_size, mixtures)
        self.shift = nn.Linear(hidden_size, embed_size)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    def log_prob(self, z: Tensor, mask: Tensor) -> Tensor:
        flat = z.flatten(0, 1)  # (N, T, E)
        states = self.reader(flat)  # (N, T, H)
        weights = F.log_softmax(self.choose(states), dim=-1)  # (N, T, K)
        shifted = flat - self.shift(states)  # as if every mean had moved the other way
        densities = component_log_probs(self.mixture, shifted)  # (N, T, K)
        return (weights + densities).logsumexp(dim=-1).view(z.shape[:-1])

    @torch.no_grad()
    def sample(self, mask: Tensor, generator: torch.Generator) -> Tensor:
        means = self.mixture.means
        z = means.new_zeros(*mask.shape, means.size(1))  # (B, T, E)
        for t in range(mask.size(1)):
            state = self.reader(z[:, : t + 1])[:, t]  # (B, H), of the latents before t
            weights = self.choose(state).softmax(dim=-1)  # (B, K)
            here = means + self.shift(state).unsqueeze(1)  # (B, K, E)
            z[:, t] = draw(here, weights, self.mixture.log_precisions, generator)
        return z


class Nested(nn.Module):
    """A variational autoencoder as the prior: each latent z has a latent u of its own below it.

    The weights and the shift of the mixture at each place are read off `decoder` of u. log_prob is
    one sample's bound, log p(z | u) + log p(u) - log q(u | z): u is charged where z is.
    prior: of u. encoder, decoder: convolutions, which see z and u. posterior: q(u | encoder(z)).
    """

    def __init__(
        self,
        mixture: MixturePrior,
        prior: nn.Module,
        encoder: nn.Module,
        decoder: nn.Module,
        posterior: nn.Module,
    ) -> None:
        super().__init__()
        self.mixture, self.prior = mixture, prior
        self.encoder, self.decoder, self.posterior = encoder, decoder, posterior
        mixtures, embed_size = mixture.means.shape
        self.choose = nn.Linear(embed_size, mixtures)
        self.shift = nn.Linear(embed_size, embed_size)

    def log_prob(self, z: Tensor, mask: Tensor) -> Tensor:
        flat, mask = z.flatten(0, 1), mask.repeat(len(z), 1)  # (N, T, E), (N, T)
        u, log_posterior = self.posterior(self.encoder(flat, mask), 1)  # (1, N, T, E), (1, N, T)
        given_u = self.log_given(u.squeeze(0), flat, mask)  # (N, T)
        bound = given_u + self.prior.log_prob(u, mask).squeeze(0) - log_posterior.squeeze(0)
        return bound.view(z.shape[:-1])

    def log_given(self, u: Tensor, z: Tensor, mask: Tensor) -> Tensor:
        """log p(z | u) at each place, (N, T)."""
        states = self.decoder(u, mask)  # (N, T, E)
        weights = F.log_softmax(self.choose(states), dim=-1)  # (N, T, K)
        return (weights + component_log_probs(self.mixture, z - self.shift(states))).logsumexp(-1)

    @torch.no_grad()
    def sample(self, mask: Tensor, generator: torch.Generator) -> Tensor:
        states = self.decoder(self.prior.sample(mask, generator), mask).flatten(0, 1)  # (N, E)
        means = self.mixture.means + self.shift(states).unsqueeze(1)  # (N, K, E)
        weights = self.choose(states).softmax(dim=-1)
        z = draw(means, weights, self.mixture.log_precisions, generator)
        return z.view(*mask.shape, -1)


class Window(nn.Module):
    """States of the last `order` latents before each place; zeros stand before the first."""

    def __init__(self, embed_size: int, hidden_size: int, order: int) -> None:
        super().__init__()
        self.order = order
        self.convolution = nn.Conv1d(embed_size, hidden_size, order)
        self.hidden = nn.Linear(hidden_size, hidden_size)

    def forward(self, z: Tensor) -> Tensor:
        before = F.pad(z.transpose(1, 2), (self.order, -1))  # (N, E, order + T - 1)
        states = torch.relu(self.convolution(before)).transpose(1, 2)  # (N, T, H)
        return torch.relu(self.hidden(states))


class Memory(nn.Module):
    """States of a GRU that has read all the latents before each place."""

    def __init__(self, latent_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(latent_size, hidden_size, batch_first=True)

    def forward(self, z: Tensor) -> Tensor:
        return self.gru(F.pad(z[:, :-1], (0, 0, 1, 0)))[0]  # (N, T, H)


def draw(
    means: Tensor, weights: Tensor, log_precisions: Tensor, generator: torch.Generator
) -> Tensor:
    """(B, E): a draw from each row's mixture. means: (B, K, E). weights: (B, K)."""
    chosen = torch.multinomial(weights, 1, generator=generator).squeeze(1)  # (B,)
    index = chosen[:, None, None].expand(-1, 1, means.size(2))
    centres = means.gather(1, index).squeeze(1)  # (B, E)
    noise = torch.empty_like(centres).normal_(generator=generator)
    return centres + noise * (-0.5 * log_precisions).exp()
