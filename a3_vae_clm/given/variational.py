"""Models with a latent for each character: DLM112, 114, 115 and 117 to 128 of the notes.

    VariationalModel(alphabet, 32, prior=Independent(MixturePrior(30, 32)),
                     encoder=ConvolutionStack(...), decoder=ConvolutionStack(...))

A character's latent is a Gaussian around what the encoder makes of the characters; the decoder
makes of the latents a vector at each place, whose dot products with the characters' embeddings are
their scores. The bound charges log q(z | x) - log p(z) at every place whose latent reaches the
decoder: those are the real ones, since encoder and decoder read zeros elsewhere. Kingma and
Welling, "Auto-Encoding Variational Bayes" (2014).

Letters in the shapes: W samples, B batch, T places, E embed_size, C symbols.
"""

from __future__ import annotations

import torch
from alphabet import Alphabet, Batch
from convolution import tied_logits
from gaussian import elbo, importance_weighted
from importance import spread
from lengths import LengthPrior
from torch import Tensor, nn
from torch.nn import functional as F

Terms = tuple[Tensor, Tensor, Tensor]  # log-likelihood, log-prior, log-posterior: (W, B, T) each


class Nothing(nn.Module):
    """An encoder or decoder that leaves each place as it is: DLM112 to 115."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return x


class VariationalModel(nn.Module):
    """A variational autoencoder over characters. See the module's docstring.

    prior: a module of priors.py. encoder, decoder: (N, T, E), mask (N, T) -> (N, T, E).
    posterior: what q is, a module of posteriors.py. samples: of q, for each step of training.
    """

    exact = False

    def __init__(
        self,
        alphabet: Alphabet,
        embed_size: int,
        prior: nn.Module,
        encoder: nn.Module,
        decoder: nn.Module,
        posterior: nn.Module,
        samples: int = 1,
    ) -> None:
        super().__init__()
        self.alphabet, self.samples = alphabet, samples
        self.embedding = nn.Embedding(alphabet.total, embed_size)
        self.prior, self.encoder, self.decoder = prior, encoder, decoder
        self.posterior = posterior
        self.lengths = LengthPrior()

    def encode(self, batch: Batch) -> Tensor:
        """What the encoder makes of the characters, (B, T, E)."""
        return self.encoder(self.embedding(batch.codes), batch.mask)

    def decode(self, z: Tensor, mask: Tensor) -> Tensor:
        """Log-probabilities of the symbols at each place, (N, T, C). z: (N, T, E). mask: (N, T)."""
        symbols = self.embedding.weight[: self.alphabet.size]  # (C, E)
        return F.log_softmax(tied_logits(self.decoder(z, mask), symbols), dim=-1)

    def log_likelihood(self, z: Tensor, batch: Batch) -> Tensor:
        """log p(x_t | z) at each place, (W, B, T); z: (W, B, T, E). Pads have arbitrary values."""
        mask = batch.mask.repeat(len(z), 1)  # (W * B, T)
        log_probs = self.decode(z.flatten(0, 1), mask)  # (W * B, T, C)
        codes = batch.codes.clamp(max=self.alphabet.size - 1).repeat(len(z), 1)
        return log_probs.gather(2, codes.unsqueeze(2)).view(z.shape[:-1])

    def terms(self, batch: Batch, samples: int) -> Terms:
        """The bound's three terms at each place, for `samples` draws of the posterior."""
        z, log_posterior = self.posterior(self.encode(batch), samples)  # (W, B, T, E), (W, B, T)
        return self.log_likelihood(z, batch), self.prior.log_prob(z, batch.mask), log_posterior

    def loss(self, batch: Batch) -> Tensor:
        """Minus the ELBO, the mean of `self.samples` draws and of the batch, in nats."""
        bounds = elbo(*self.terms(batch, self.samples), batch.mask)  # (W, B)
        return -bounds.mean() - self.lengths.log_prob(batch.lengths).mean()

    def bound(self, batch: Batch, samples: int = 1) -> Tensor:
        """(B,): a lower bound of log p(x, length), importance-weighted if samples > 1."""
        bounds = elbo(*self.terms(batch, samples), batch.mask)
        return importance_weighted(bounds) + self.lengths.log_prob(batch.lengths)

    def characters(self, batch: Batch, samples: int = 1) -> Tensor:
        """(B, T + 1): each character's share of `bound`; the length's stands after the last."""
        likelihood, prior, posterior = self.terms(batch, samples)
        at_places = (likelihood + prior - posterior).masked_fill(~batch.mask, 0.0)  # (W, B, T)
        shares = spread(at_places, at_places.sum(dim=2), batch.mask)  # (B, T)
        return shared_out(shares, self.lengths.log_prob(batch.lengths), batch)

    @torch.no_grad()
    def latents(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The posteriors of the N latents of a batch, J Gaussians each: their means (N, J, E) and
        log-precisions (N, E).

        In the order of `batch.codes[batch.mask]`.
        """
        encoded = self.encode(batch)  # (B, T, E)
        means, log_precision = self.posterior.components(encoded)
        return means[batch.mask], log_precision.expand_as(encoded)[batch.mask]

    @torch.no_grad()
    def sample(self, count: int, seed: int) -> list[str]:
        """Texts from the model: a length, latents, then characters that do not see each other."""
        device = self.embedding.weight.device
        generator = torch.Generator(device).manual_seed(seed)
        lengths = self.lengths.sample(count, generator)  # (count,)
        places = torch.arange(int(lengths.max()), device=device)
        mask = places < lengths.unsqueeze(1)  # (count, T)
        log_probs = self.decode(self.prior.sample(mask, generator), mask)  # (count, T, C)
        codes = torch.multinomial(log_probs.exp().flatten(0, 1), 1, generator=generator)
        rows = codes.view(mask.shape).tolist()
        return [
            self.alphabet.decode(row[:length])
            for row, length in zip(rows, lengths.tolist(), strict=True)
        ]


def shared_out(shares: Tensor, of_length: Tensor, batch: Batch) -> Tensor:
    """(B, T + 1): shares (B, T) at the characters, of_length (B,) after the last, else 0."""
    padded = F.pad(shares.masked_fill(~batch.mask, 0.0), (0, 1))
    return padded.scatter(1, batch.lengths.unsqueeze(1), of_length.unsqueeze(1))
