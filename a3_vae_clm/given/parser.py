"""Segments that nobody points out: a parser learns where to cut, by REINFORCE.

The text's segments are the latent. A parser q draws a cut or none after each character, and the
segment model p says how likely the text is in these segments: log p(segments) - log q(cuts) is the
ELBO, since the segments joined are the text, p(x | z) = 1. The parser has no reparameterised
gradient: K draws for each text, and the mean reward of the others as the baseline.

Letters in the shapes: K draws, B texts, T characters of the longest text, H half the hidden_size.
"""

from __future__ import annotations

import torch
from alphabet import Alphabet, Batch
from gaussian import importance_weighted
from importance import spread
from networks import reverse
from reinforce import latent_bound_loss, sample_boundaries
from segmental import Builder, Module, Segment, SegmentModel
from sizes import Sizes
from torch import Tensor, nn

FIRST_LOGIT = -1.4  # of a parser before its training: one cut in five characters, as in words


class Parser(nn.Module):
    """The logit of a cut after each character, from two GRUs: one reads the text backwards."""

    def __init__(self, alphabet: Alphabet, sizes: Sizes) -> None:
        super().__init__()
        E, H = sizes.embed_size, sizes.half()
        self.embedding = nn.Embedding(alphabet.total, E)
        self.forwards = nn.GRU(E, H, batch_first=True)
        self.backwards = nn.GRU(E, H, batch_first=True)
        self.output = nn.Linear(2 * H, 1)
        nn.init.constant_(self.output.bias, FIRST_LOGIT)

    def forward(self, batch: Batch) -> Tensor:
        """(B, T) logits; those at pads mean nothing."""
        x = self.embedding(batch.codes)  # (B, T, E)
        if not x.size(1):
            return x.new_zeros(len(x), 0)  # a GRU wants a character at least
        backwards = self.backwards(reverse(x, batch.lengths))[0]
        states = torch.cat((self.forwards(x)[0], reverse(backwards, batch.lengths)), dim=2)
        return self.output(states).squeeze(2)  # (B, T)


def cut(codes: list[int], wanted: list[bool], width: int) -> tuple[list[Segment], list[bool]]:
    """A text's segments, and at which places its cuts were free to be otherwise.

    There is a cut at the end of the text and after `width` characters without one, wanted or not.
    """
    segments: list[Segment] = []
    free = [False] * len(wanted)
    start = 0
    for place in range(len(codes)):
        forced = place == len(codes) - 1 or place - start + 1 == width
        free[place] = not forced
        if forced or wanted[place]:
            segments.append(codes[start : place + 1])
            start = place + 1
    return segments, free


class LatentSegments(nn.Module):
    """p and q together. model: a SegmentModel whose segments' ends are written."""

    exact = False

    def __init__(
        self, alphabet: Alphabet, sizes: Sizes, model: SegmentModel, parser: nn.Module
    ) -> None:
        super().__init__()
        self.alphabet, self.width, self.samples = alphabet, sizes.width, sizes.samples
        self.model, self.parser = model, parser

    def draw(self, batch: Batch, samples: int) -> tuple[list[list[Segment]], Tensor]:
        """Draw each text's segments `samples` times: K * B texts, and log q (K * B, T).

        A place whose cut was not free has a log q of 0. What it would have been was drawn too, but
        it changes nothing, so that the segments' probability is that of the free places.
        """
        logits = self.parser(batch).repeat(samples, 1)  # (K * B, T)
        seed = int(torch.randint(2**62, ()))  # from the trainer's generator, on whatever device
        generator = torch.Generator(logits.device).manual_seed(seed)
        wanted, log_q = sample_boundaries(logits, generator)
        texts, free = self.cuts(batch, wanted)
        return texts, log_q.masked_fill(~free, 0.0)

    def cuts(self, batch: Batch, wanted: Tensor) -> tuple[list[list[Segment]], Tensor]:
        """Segments and free places (K * B, T) of the batch's texts, one time after the other."""
        codes, lengths = batch.codes.tolist(), batch.lengths.tolist()
        both = []
        for row, cuts in enumerate(wanted.tolist()):
            of = row % len(codes)
            both.append(cut(codes[of][: lengths[of]], cuts, self.width))
        free = torch.tensor([free for _, free in both], dtype=torch.bool, device=wanted.device)
        return [segments for segments, _ in both], free.view(wanted.shape)

    def terms(self, batch: Batch, samples: int) -> tuple[Tensor, Tensor]:
        """log p(segments) and log q(cuts), (K, B) each, nats."""
        texts, log_q = self.draw(batch, samples)
        shape = (samples, len(batch))
        return self.model.log_likelihood(texts).view(shape), log_q.sum(dim=1).view(shape)

    def loss(self, batch: Batch) -> Tensor:
        """Minus the mean ELBO of the draws. Its gradient is `latent_bound_loss`'s."""
        log_joint, log_q = self.terms(batch, self.samples)
        loss = latent_bound_loss(log_joint, log_q)
        return loss + ((log_q - log_joint).mean() - loss).detach()

    def bound(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """(B,) nats: the ELBO of one draw, or the importance-weighted bound of more."""
        log_joint, log_q = self.terms(batch, samples or self.samples)
        return importance_weighted(log_joint - log_q)

    def characters(self, batch: Batch, samples: int | None = 1) -> Tensor:
        """(B, T + 1): each place's share of `bound`, see importance.py."""
        K, B, T = samples or self.samples, *batch.codes.shape
        texts, log_q = self.draw(batch, K)
        shares = self.model.shares(texts, T + 1).view(K, B, T + 1).clone()
        shares[:, :, :T] -= log_q.view(K, B, T)
        places = torch.arange(T + 1, device=batch.codes.device)
        return spread(shares, shares.sum(dim=2), places <= batch.lengths.unsqueeze(1))

    def sample(self, count: int, seed: int) -> list[str]:
        return self.model.sample(count, seed)

    @torch.no_grad()
    def segmented(self, batch: Batch) -> list[list[str]]:
        """Each text in the segments of one draw."""
        texts, _ = self.draw(batch, 1)
        return [[self.alphabet.decode(segment) for segment in text] for text in texts]


def parsed(model: Builder) -> Module:
    """How to build latent segments for a segment model with end symbols, given how to build it."""

    def build(alphabet: Alphabet, sizes: Sizes) -> LatentSegments:
        parser = Parser(alphabet, sizes)
        return LatentSegments(alphabet, sizes, model(alphabet, sizes), parser)

    return build
