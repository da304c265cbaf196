"""Posterior collapse: a model with one latent for each text, whose decoder does not need it.

The sentence autoencoder of Bowman et al., "Generating Sentences from a Continuous Space" (2016): a
GRU reads the text into a Gaussian, and another writes it again, character by character, with a draw
of that Gaussian at its side. A GRU that sees all characters so far predicts well without the draw,
while a latent costs KL(q || p) from the first step on: so q becomes the prior, and the latent is
empty. Three cures, each a field of Cure: the KL's weight rises from 0 while training goes on
(Bowman et al.); the latent's KL is not charged in training below a few nats (free bits: Kingma et
al., "Improved Variational Inference with Inverse Autoregressive Flow", 2016); some of the
characters that the decoder reads are wiped out. The bound that is measured charges everything.

Letters in the shapes: W samples, B batch, T places, E numbers of the latent, H hidden_size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from alphabet import MAX_LENGTH, Alphabet, Batch
from gaussian import gaussian_log_prob, importance_weighted, kl_to_standard, reparameterise
from importance import spread
from segments import WordEncoder
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Cure:
    """What keeps the latent in use, in training only; without arguments, nothing.

    warm_up: the share of the training in which the KL's weight rises from 0 to 1. free: nats of the
    whole latent's KL that cost nothing. dropout: the share of characters that the decoder reads as
    wiped out.
    """

    warm_up: float = 0.0
    free: float = 0.0
    dropout: float = 0.0


class SentenceModel(nn.Module):
    """One Gaussian latent of E numbers for a text. See the module's docstring."""

    exact = False

    def __init__(
        self, alphabet: Alphabet, embed_size: int, hidden_size: int, cure: Cure | None = None
    ) -> None:
        super().__init__()
        self.alphabet, self.cure, self.progress = alphabet, cure or Cure(), 0.0
        self.reader = WordEncoder(alphabet.total, embed_size, hidden_size)
        self.mean = nn.Linear(hidden_size, embed_size)
        self.log_precision = nn.Linear(hidden_size, embed_size)
        self.embedding = nn.Embedding(alphabet.total, embed_size)
        self.start = nn.Linear(embed_size, hidden_size)
        self.gru = nn.GRU(2 * embed_size, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, alphabet.size + 1)

    def set_progress(self, share: float) -> None:
        """The share of the training that is done, 0 to 1."""
        self.progress = share

    def posterior(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean and log-precision of q(z | text), (B, E) each."""
        state = self.reader(batch.with_end(self.alphabet), batch.lengths + 1)  # (B, H)
        return self.mean(state), self.log_precision(state)

    def log_likelihood(self, z: Tensor, batch: Batch, dropout: float = 0.0) -> Tensor:
        """log p of each character and of the end given z: (N, T + 1), 0 at pads. z: (N, E).

        N is a multiple of B. Nothing follows MAX_LENGTH characters: the end costs nothing there.
        """
        times = len(z) // len(batch)
        targets = batch.with_end(self.alphabet).repeat(times, 1)  # (N, T + 1)
        read = self._wiped(batch.shifted(self.alphabet), dropout).repeat(times, 1)
        log_probs = self._decode(z, read)  # (N, T + 1, C + 1)
        counted = targets != self.alphabet.pad
        counted[:, MAX_LENGTH:] = False
        symbols = targets.clamp(max=self.alphabet.end).unsqueeze(2)
        return log_probs.gather(2, symbols).squeeze(2).masked_fill(~counted, 0.0)

    def loss(self, batch: Batch) -> Tensor:
        """Minus the ELBO with the cure applied, nats a text."""
        mean, log_precision = self.posterior(batch)
        z = reparameterise(mean, log_precision, torch.randn_like(mean))
        likelihood = self.log_likelihood(z, batch, self.cure.dropout).sum(dim=1).mean()
        kl = kl_to_standard(mean, log_precision).mean().clamp(min=self.cure.free)
        weight = min(1.0, self.progress / self.cure.warm_up) if self.cure.warm_up else 1.0
        return weight * kl - likelihood

    def bound(self, batch: Batch, samples: int = 1) -> Tensor:
        """(B,): the ELBO with its KL in closed form; importance-weighted if samples > 1."""
        likelihood, ratio = self._drawn(batch, samples)  # (W, B, T + 1), (W, B)
        return importance_weighted(likelihood.sum(dim=2) + ratio)

    def characters(self, batch: Batch, samples: int = 1) -> Tensor:
        """(B, T + 1): each character's share of `bound`; the KL is spread over all places."""
        likelihood, ratio = self._drawn(batch, samples)
        log_weights = likelihood.sum(dim=2) + ratio  # (W, B)
        real = batch.with_end(self.alphabet) != self.alphabet.pad
        return spread(likelihood, log_weights, real)

    @torch.no_grad()
    def latents(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The posteriors of the batch's texts: means and log-precisions, (B, E) each."""
        return self.posterior(batch)

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> list[str]:
        """Texts from the model: a latent from N(0, I), then one character after another."""
        device = self.mean.weight.device
        generator = torch.Generator(device).manual_seed(seed)
        size = (count, self.mean.out_features)
        z = self.mean.weight.new_empty(size).normal_(generator=generator)  # (count, E)
        state = torch.tanh(self.start(z)).unsqueeze(0)  # (1, count, H)
        codes = torch.full((count, 1), self.alphabet.begin, device=device)
        written = []
        for _ in range(MAX_LENGTH):
            inputs = torch.cat((self.embedding(codes), z.unsqueeze(1)), dim=2)
            states, state = self.gru(inputs, state)
            codes = self.output(states[:, 0]).softmax(dim=1).multinomial(1, generator=generator)
            written.append(codes)
        return [self.alphabet.decode(row) for row in torch.cat(written, dim=1).tolist()]

    def _decode(self, z: Tensor, read: Tensor) -> Tensor:
        """(N, T, C + 1) log-probabilities. z: (N, E). read: (N, T)."""
        beside = z.unsqueeze(1).expand(-1, read.size(1), -1)  # (N, T, E)
        first = torch.tanh(self.start(z)).unsqueeze(0)  # (1, N, H)
        states, _ = self.gru(torch.cat((self.embedding(read), beside), dim=2), first)
        return F.log_softmax(self.output(states), dim=2)

    def _wiped(self, read: Tensor, share: float) -> Tensor:
        if not share:
            return read
        wiped = (torch.rand(read.shape, device=read.device) < share) & (read != self.alphabet.begin)
        return read.masked_fill(wiped, self.alphabet.absorbed)

    def _drawn(self, batch: Batch, samples: int) -> tuple[Tensor, Tensor]:
        """log p(x | z) at each place (W, B, T + 1), and log p(z) - log q(z | x) (W, B).

        One sample's ratio is replaced by its mean, minus the KL.
        """
        mean, log_precision = self.posterior(batch)
        noise = torch.randn(samples, *mean.shape, device=mean.device)
        z = reparameterise(mean, log_precision, noise)  # (W, B, E)
        likelihood = self.log_likelihood(z.flatten(0, 1), batch).unflatten(0, (samples, -1))
        if samples == 1:
            return likelihood, -kl_to_standard(mean, log_precision).unsqueeze(0)
        nothing = torch.zeros((), device=z.device)
        prior = gaussian_log_prob(z, nothing, nothing)
        return likelihood, prior - gaussian_log_prob(z, mean, log_precision)
