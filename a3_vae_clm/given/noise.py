"""The two kinds of noise of discrete diffusion, each with its levels, its terms and its sampler.

What a student writes in `diffusion.py` is put together here, so that a diffusion model need not
know which noise it has. Random numbers are drawn on the CPU, whatever the model's device.

Letters in the shapes: B batch, T places, C symbols of the alphabet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import diffusion
import torch
from alphabet import Alphabet
from torch import Tensor, nn


def constant_schedule(steps: int, probability: float) -> Tensor:
    """The notes' levels, (steps + 1,): each step replaces a character with one probability.

    Twenty steps of 0.05 leave 36 % untouched, so a model with this schedule pays for its prior.
    """
    return (1 - probability) ** torch.arange(steps + 1)


class Noise(nn.Module, ABC):
    """Levels 0 to `steps`. keep: (steps + 1,), the probability of an untouched character."""

    keep: Tensor

    def __init__(self, keep: Tensor) -> None:
        super().__init__()
        self.register_buffer("keep", keep)

    @property
    def steps(self) -> int:
        """The number of steps from the text to the last level."""
        return len(self.keep) - 1

    @abstractmethod
    def corrupt(self, x0: Tensor, keep_t: Tensor, generator: torch.Generator) -> Tensor:
        """x_t, (B, T), of x0 (B, T) and keep_t (B,)."""

    @abstractmethod
    def term(
        self, x0: Tensor, x_t: Tensor, log_probs: Tensor, keep_s: Tensor, keep_t: Tensor
    ) -> Tensor:
        """What a step adds to the negative bound, (B, T), nats."""

    @abstractmethod
    def start_term(self, x0: Tensor) -> Tensor:
        """KL(q(x_steps | x0) || p(x_steps)), (B, T), nats."""

    @abstractmethod
    def start(self, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Draws from the prior p(x_steps), (B, T)."""

    @abstractmethod
    def step(
        self,
        x_t: Tensor,
        log_probs: Tensor,
        keep_s: Tensor,
        keep_t: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """A draw of x_s, (B, T), given x_t and the network's log p(x0 | x_t)."""


class UniformNoise(Noise):
    """A character is replaced by a uniform draw. The prior is the same for every place.

    If the last level leaves something of the text, the prior is learned and its term is charged;
    otherwise it is uniform and costs nothing.
    """

    def __init__(self, alphabet: Alphabet, keep: Tensor) -> None:
        super().__init__(keep)
        self.size = alphabet.size
        self.reaches_prior = bool(keep[-1] == 0)
        start = torch.zeros(self.size)
        self.start_logits = start if self.reaches_prior else nn.Parameter(start)

    def corrupt(self, x0: Tensor, keep_t: Tensor, generator: torch.Generator) -> Tensor:
        noisy = diffusion.corrupt_uniform(x0.cpu(), keep_t.cpu(), self.size, generator)
        return noisy.to(x0.device)

    def term(
        self, x0: Tensor, x_t: Tensor, log_probs: Tensor, keep_s: Tensor, keep_t: Tensor
    ) -> Tensor:
        return diffusion.uniform_term(x0, x_t, log_probs, keep_s, keep_t)

    def start_term(self, x0: Tensor) -> Tensor:
        if self.reaches_prior:
            return torch.zeros(x0.shape, device=x0.device)
        keep, others = self.keep[-1], (1 - self.keep[-1]) / self.size
        log_prior = self.start_logits.log_softmax(-1)  # (C,)
        cross = keep * log_prior[x0] + others * log_prior.sum()  # (B, T)
        own = keep + others
        negative_entropy = own * own.log() + (self.size - 1) * others * others.log()
        return negative_entropy - cross

    def start(self, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        probabilities = self.start_logits.detach().cpu().softmax(-1)
        count = shape[0] * shape[1]
        return torch.multinomial(probabilities, count, replacement=True, generator=generator).view(
            shape
        )

    def step(
        self,
        x_t: Tensor,
        log_probs: Tensor,
        keep_s: Tensor,
        keep_t: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        posterior = diffusion.uniform_posterior(x_t, log_probs.exp(), keep_s, keep_t)
        flat = posterior.flatten(0, 1).cpu()  # (B * T, C)
        return torch.multinomial(flat, 1, generator=generator).view(x_t.shape).to(x_t.device)


class AbsorbingNoise(Noise):
    """A character is wiped out and stays so. At the last level nothing is left."""

    def __init__(self, alphabet: Alphabet, keep: Tensor) -> None:
        super().__init__(keep)
        self.absorbed = alphabet.absorbed

    def corrupt(self, x0: Tensor, keep_t: Tensor, generator: torch.Generator) -> Tensor:
        noisy = diffusion.corrupt_absorbing(x0.cpu(), keep_t.cpu(), self.absorbed, generator)
        return noisy.to(x0.device)

    def term(
        self, x0: Tensor, x_t: Tensor, log_probs: Tensor, keep_s: Tensor, keep_t: Tensor
    ) -> Tensor:
        return diffusion.absorbing_term(x0, x_t, log_probs, keep_s, keep_t, self.absorbed)

    def start_term(self, x0: Tensor) -> Tensor:
        return torch.zeros(x0.shape, device=x0.device)

    def start(self, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        return torch.full(shape, self.absorbed)

    def step(
        self,
        x_t: Tensor,
        log_probs: Tensor,
        keep_s: Tensor,
        keep_t: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        known = (x_t.cpu(), log_probs.cpu(), keep_s.cpu(), keep_t.cpu())
        return diffusion.sample_step_absorbing(*known, self.absorbed, generator).to(x_t.device)
