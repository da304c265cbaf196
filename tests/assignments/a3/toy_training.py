"""A training of a second: texts of two letters, and a small model with noise in its loss."""

from __future__ import annotations

import copy
import random

import torch
from torch import nn

from grader.assignment import CHECKOUT
from tests.flat import flat_imports

with flat_imports(CHECKOUT / "a3_vae_clm" / "given"):
    import alphabet
    import lengths
    import trainer

ABC = alphabet.Alphabet("abc")
QUICK = trainer.Settings(steps=12, evaluate_every=4, batch_size=4, learning_rate=0.01)


class Bigram(nn.Module):
    """Each character given the one before it, and the length by counts; dropout in training."""

    exact = True

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(ABC.total, ABC.size)
        self.lengths = lengths.LengthPrior()
        self.progress: list[float] = []

    def set_progress(self, share: float) -> None:
        self.progress.append(share)

    def characters(self, batch, samples=1):
        logits = nn.functional.dropout(self.table(batch.shifted(ABC)[:, :-1]), 0.2, self.training)
        codes = batch.codes.clamp(max=ABC.size - 1)
        shares = logits.log_softmax(2).gather(2, codes[..., None])[..., 0]
        shares = nn.functional.pad(shares.masked_fill(~batch.mask, 0), (0, 1))
        return shares.scatter(
            1, batch.lengths[:, None], self.lengths.log_prob(batch.lengths)[:, None]
        )

    def bound(self, batch, samples=1):
        return self.characters(batch).sum(1)

    def loss(self, batch):
        return -self.bound(batch).mean()


def fresh(seed: int = 0) -> Bigram:
    torch.manual_seed(seed)
    return Bigram()


def texts(count: int, seed: int) -> list[list[int]]:
    """Alternating letters: the first decides all the others."""
    draw = random.Random(seed)
    starts = [draw.randrange(2) for _ in range(count)]
    return [[(start + place) % 2 for place in range(draw.randrange(1, 9))] for start in starts]


def make(settings: trainer.Settings = QUICK, model=None) -> trainer.Trainer:
    return trainer.Trainer(model or fresh(), ABC, texts(30, 1), texts(10, 2), settings)


def weights(model) -> dict:
    return copy.deepcopy(model.state_dict())


def equal(a: dict, b: dict) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)
