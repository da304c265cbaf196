"""Diffusion over characters: DLM116 (absorbing noise) and DLM140 to 147 (uniform noise).

The bound is the whole one of Austin et al., "Structured Denoising Diffusion Models in Discrete
State-Spaces" (2021): the prior's term and a term for every step, of which one drawn level gives an
unbiased estimate. The length is drawn first, by `LengthPrior`, and charged.

Letters in the shapes: B batch, T places, C symbols of the alphabet.
"""

from __future__ import annotations

from typing import Literal

import diffusion
import torch
from alphabet import Alphabet, Batch
from lengths import LengthPrior
from networks import Denoiser, Experts, Output
from noise import AbsorbingNoise, Noise, UniformNoise
from sizes import Sizes
from torch import Tensor, nn

Weighting = Literal["bound", "low", "high"]

LEVELS_DRAWN = 8
"""Levels of each text in an evaluation: one alone is far off, though right on average."""


def spread_levels(count: int, steps: int, generator: torch.Generator) -> Tensor:
    """(count,) levels, 1 to steps, as evenly spread as can be; each of them alone is uniform."""
    offsets = torch.arange(count) / count + torch.rand((), generator=generator)
    return 1 + (offsets % 1 * steps).long().clamp_max(steps - 1)


def stratum_levels(
    sample: int, samples: int, steps: int, count: int, generator: torch.Generator
) -> Tensor:
    """(count,) levels, 1 to steps, each drawn from one of `samples` strata of the levels.

    The mean over the strata is unbiased, and with `steps` strata it is the sum over all levels.
    """
    offsets = (torch.rand(count, generator=generator) + sample) / samples
    return 1 + (offsets * steps).long().clamp_max(steps - 1)


def level_weights(weighting: Weighting, keep: Tensor) -> Tensor:
    """(steps + 1,) factors of the levels in the loss, of mean 1 over the levels 1 to steps.

    "bound" weights all alike: the loss is the bound. "low" gives the levels with little noise more
    (the factor falls with keep), "high" those with much. The bound that is reported has no factors.
    """
    factors = {"bound": torch.ones_like(keep), "low": keep, "high": 1 - keep}[weighting] + 0.1
    return factors / factors[1:].mean()


class Diffusion(nn.Module):
    """A denoiser and a kind of noise.

    network: maps x_t (B, T), mask (B, T) and keep_t (B,) to log p(x0 | x_t), (B, T, C).
    """

    exact = False
    weights: Tensor

    def __init__(
        self,
        alphabet: Alphabet,
        network: nn.Module,
        noise: Noise,
        weighting: Weighting = "bound",
    ) -> None:
        super().__init__()
        self.alphabet = alphabet
        self.network = network
        self.noise = noise
        self.lengths = LengthPrior()
        self.register_buffer("weights", level_weights(weighting, noise.keep))

    def terms(self, batch: Batch, levels: Tensor) -> Tensor:
        """The negative bound's terms of one step each, (B, T), nats, 0 at padding.

        levels: (B,), 1 to steps, each sequence's. The noise is drawn from torch's own generator.
        """
        mask = batch.mask  # (B, T)
        levels = levels.to(mask.device)
        x0 = batch.codes.masked_fill(~mask, 0)  # (B, T)
        keep_s, keep_t = self.noise.keep[levels - 1], self.noise.keep[levels]  # (B,)
        x_t = self.noise.corrupt(x0, keep_t, torch.default_generator)
        log_probs = self.network(x_t, mask, keep_t)  # (B, T, C)
        return self.noise.term(x0, x_t, log_probs, keep_s, keep_t).masked_fill(~mask, 0)

    def start_term(self, batch: Batch) -> Tensor:
        """The prior's term, (B, T), nats, 0 at padding."""
        x0 = batch.codes.masked_fill(~batch.mask, 0)
        return self.noise.start_term(x0).masked_fill(~batch.mask, 0)

    def loss(self, batch: Batch) -> Tensor:
        """Minus the bound, estimated at one level a sequence; a scalar, nats a sequence."""
        levels = spread_levels(len(batch), self.noise.steps, torch.default_generator)
        steps = self.terms(batch, levels).sum(1) * self.noise.steps  # (B,)
        weighted = steps * self.weights[levels.to(steps.device)]
        start = self.start_term(batch).sum(1)  # (B,)
        return (weighted + start - self.lengths.log_prob(batch.lengths)).mean()

    def characters(self, batch: Batch, samples: int | None = LEVELS_DRAWN) -> Tensor:
        """The bound's share of every character, then of the length: (B, T + 1), nats.

        samples: levels drawn for each sequence; None for all of them, each with noise of its own.
        """
        steps = self.noise.steps
        samples = steps if samples is None else samples
        total = -self.start_term(batch)  # (B, T)
        for sample in range(samples):
            levels = stratum_levels(sample, samples, steps, len(batch), torch.default_generator)
            total = total - self.terms(batch, levels) * (steps / samples)
        shares = torch.cat([total, total.new_zeros(len(batch), 1)], dim=1)  # (B, T + 1)
        length = self.lengths.log_prob(batch.lengths)[:, None].to(shares.dtype)
        return shares.scatter(1, batch.lengths[:, None], length)

    def bound(self, batch: Batch, samples: int | None = LEVELS_DRAWN) -> Tensor:
        """An unbiased estimate of a lower bound of log p(x, length), (B,), nats."""
        return self.characters(batch, samples).sum(1)

    @torch.no_grad()
    def by_level(self, batch: Batch) -> Tensor:
        """The negative bound's terms of all steps, summed over the places: (steps, B), nats."""
        every = range(1, self.noise.steps + 1)
        levels = [torch.full((len(batch),), level) for level in every]
        return torch.stack([self.terms(batch, level).sum(1) for level in levels])

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> list[str]:
        """`count` texts, from the last level down to the first."""
        generator = torch.Generator().manual_seed(seed)
        device = self.noise.keep.device
        lengths = self.lengths.sample(count, generator)
        mask = torch.arange(max(1, int(lengths.max()))) < lengths[:, None]  # (count, T)
        x = self.noise.start((count, mask.size(1)), generator).to(device)
        for level in range(self.noise.steps, 0, -1):
            keep_s, keep_t = (self.noise.keep[each].expand(count) for each in (level - 1, level))
            log_probs = self.network(x, mask.to(device), keep_t)  # (count, T, C)
            x = self.noise.step(x, log_probs, keep_s, keep_t, generator)
        rows = zip(x.tolist(), lengths.tolist(), strict=True)
        return [self.alphabet.decode(row[:length]) for row, length in rows]


def absorbing(alphabet: Alphabet, sizes: Sizes, body: nn.Module) -> Diffusion:
    """Masked diffusion: characters vanish at a constant rate, and the network fills them in."""
    noise = AbsorbingNoise(alphabet, diffusion.linear_schedule(sizes.steps))
    return Diffusion(alphabet, Denoiser(alphabet, sizes.embed_size, body, timed=False), noise)


def uniform(
    alphabet: Alphabet,
    sizes: Sizes,
    body: nn.Module,
    output: Output = "keep",
    weighting: Weighting = "bound",
    keep: Tensor | None = None,
) -> Diffusion:
    """Diffusion with uniform noise; keep: the levels, by default the cosine's."""
    network = Denoiser(alphabet, sizes.embed_size, body, output)
    keep = diffusion.cosine_schedule(sizes.steps) if keep is None else keep
    return Diffusion(alphabet, network, UniformNoise(alphabet, keep), weighting)


def experts(alphabet: Alphabet, sizes: Sizes, bodies: list[nn.Module]) -> Diffusion:
    """Diffusion with uniform noise, and a network for each range of levels, softly selected."""
    networks: list[nn.Module] = [
        Denoiser(alphabet, sizes.embed_size, body, "keep") for body in bodies
    ]
    noise = UniformNoise(alphabet, diffusion.cosine_schedule(sizes.steps))
    return Diffusion(alphabet, Experts(networks), noise)
