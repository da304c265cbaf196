"""Seeds, sampling, and how often a predicted birthplace is right. Yours to write: part (d)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def set_seed(seed: int) -> None:
    """Seed Python's, numpy's and torch's random sources. Given."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


def top_k_logits(logits: Tensor, k: int) -> Tensor:
    """Keep only the k largest logits of each row. logits: (B, V). Returns a new (B, V)."""
    # TODO(d): return (B, V): logits where they are at least the row's k-th largest, else -inf.
    # The argument itself stays as it is.
    ### BEGIN SOLUTION
    kth = torch.topk(logits, k).values[:, [-1]]  # (B, 1)
    return logits.masked_fill(logits < kth, -torch.inf)
    ### END SOLUTION


@torch.no_grad()
def sample(
    model: nn.Module,
    x: Tensor,
    steps: int,
    temperature: float = 1.0,
    sample: bool = False,
    top_k: int | None = None,
) -> Tensor:
    """Let the model continue x, (b, t) long. Returns (b, t + steps) long, which begins with x.

    The model sees the last `model.get_block_size()` characters, and runs without dropout.
    sample: True to draw each character from the model's distribution, False to take the likeliest.
    """
    # TODO(d): return (b, t + steps) long. Each new character comes from the logits at the last
    # position, divided by temperature, cut to the top_k largest where top_k is given: drawn from
    # their softmax where `sample`, else the largest. It is appended before the next is asked for.
    ### BEGIN SOLUTION
    block_size = model.get_block_size()
    model.eval()
    for _ in range(steps):
        logits, _ = model(x[:, -block_size:])
        logits = logits[:, -1, :] / temperature  # (b, V)
        if top_k is not None:
            logits = top_k_logits(logits, top_k)
        if sample:
            following = torch.multinomial(F.softmax(logits, dim=1), num_samples=1)  # (b, 1)
        else:
            following = logits.argmax(dim=1, keepdim=True)  # (b, 1)
        x = torch.cat((x, following), dim=1)
    return x
    ### END SOLUTION


def evaluate_places(filepath: str | Path, predicted_places: Sequence[str]) -> tuple[float, float]:
    """Count right predictions. Returns (total, correct), as floats.

    filepath: a file of questions and answers, one pair per line, separated by TAB. A file with only
    questions has no answers to compare with: (0.0, 0.0).
    Raises ValueError if there are not as many predictions as questions.
    """
    # TODO(d): return (total, correct): the number of questions, and how many of them have exactly
    # the predicted place for an answer (white space around a line does not count).
    ### BEGIN SOLUTION
    lines = Path(filepath).read_text(encoding="utf-8").strip().split("\n")
    pairs = [line.strip().split("\t") for line in lines]
    if any(len(pair) < 2 for pair in pairs):
        return 0.0, 0.0
    places = [pair[1] for pair in pairs]
    correct = sum(a == b for a, b in zip(places, predicted_places, strict=True))
    return float(len(places)), float(correct)
    ### END SOLUTION
