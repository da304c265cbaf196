"""What the page of `run.py compare` shows: figures of each model, and texts that tell them apart.

A text's loss under a model is minus its bound, in nats; per character where texts of different
lengths are compared. The tail, the quantiles near 1, shows disasters that a mean hides.

Letters in the shapes: M models, N texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from family import FAMILY
from measure import bits_per_character, nlpps
from saved import Saved
from torch import Tensor

QUANTILES = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True)
class Figures:
    """A model's line in the table. tail: its quantiles of the loss of a text, then the largest."""

    number: str
    name: str
    kind: str  # "exact" or "a bound"
    parameters: int
    with_length: float  # nats a text
    without_length: float
    bits: float  # a place
    tail: tuple[float, ...]


@dataclass(frozen=True)
class Place:
    """A character, or the end, and what a model lost there, in nats."""

    character: str
    loss: float


@dataclass(frozen=True)
class Shown:
    """A text as each model sees it. why: what it is shown for. rows: (model, loss, its places)."""

    why: str
    rows: tuple[tuple[str, float, tuple[Place, ...]], ...]


def figures(model: Saved, shares: Tensor, everything: Tensor, characters: Tensor) -> Figures:
    """A model's figures, from its shares (N, T) and the masks of evaluate.py."""
    losses = -shares.sum(dim=1)
    tail = [float(losses.quantile(q)) for q in QUANTILES]
    return Figures(
        number=model.number,
        name=FAMILY[model.number].name,
        kind="exact" if model.model.exact else "a bound",
        parameters=model.parameters,
        with_length=float(nlpps(shares, everything)),
        without_length=float(nlpps(shares, characters)),
        bits=float(bits_per_character(shares, everything)),
        tail=(*tail, float(losses.max())),
    )


def choose(losses: Tensor, names: Sequence[str], count: int) -> list[tuple[int, str]]:
    """(row, why) of texts to show. losses: (M, N), nats a place.

    `count` of them from the easiest to the hardest for the mean of the models; then for each model
    the one at which it is best, and the one at which it is worst, beside the others.
    """
    order = losses.mean(dim=0).argsort().tolist()
    steps = min(count, len(order))
    spread = [order[n * (len(order) - 1) // max(1, steps - 1)] for n in range(steps)]
    chosen = dict.fromkeys(spread, "from the easiest to the hardest")
    if len(names) > 1:
        for which, name in enumerate(names):
            others = torch.cat([losses[:which], losses[which + 1 :]]).mean(dim=0)
            beyond = losses[which] - others
            chosen.setdefault(int(beyond.argmin()), f"{name} is strong here")
            chosen.setdefault(int(beyond.argmax()), f"{name} fails here")
    return list(chosen.items())


def shown(
    text: str, why: str, names: Sequence[str], shares: Tensor, end: str = "\N{RETURN SYMBOL}"
) -> Shown:
    """A text under each model. shares: (M, T), those of the text alone."""
    letters = [*text, end]
    rows = []
    for name, own in zip(names, shares.tolist(), strict=True):
        places = tuple(Place(c, -share) for c, share in zip(letters, own, strict=False))
        rows.append((name, sum(place.loss for place in places), places))
    return Shown(why, tuple(sorted(rows, key=lambda row: row[1])))
