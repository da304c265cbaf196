"""A short training on hidden invented names, and the loss of the model that comes of it.

Of the names that are judged on only contexts reach the worker, never what follows: the model's
logits come back, and the loss is computed here.
"""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor

from grader import expect

STEPS, BATCH, BLOCK, EMBED, HIDDEN = 800, 32, 8, 12, 48


def rows(names: list[str], stoi: dict[str, int]) -> tuple[Tensor, Tensor]:
    """Contexts (N, BLOCK) and what follows, (N,), by our own code."""
    x, y = [], []
    for name in names:
        codes = [0] * BLOCK + [stoi[char] for char in name] + [0]
        for place in range(len(name) + 1):
            x.append(codes[place : place + BLOCK])
            y.append(codes[place + BLOCK])
    return torch.tensor(x), torch.tensor(y)


def learn(student: Any, names: list[str], stoi: dict[str, int], seed: int, steps: int = STEPS):
    """The student's model after the student's training."""
    model = expect.thing(student.makemore.build_model(len(stoi), BLOCK, EMBED, HIDDEN), "model")
    x, y = rows(names, stoi)
    train = student.makemore.train
    losses = student.probe.with_generator(train, seed, model, x, y, steps, BATCH)
    expect.items(losses, steps, "train's losses")
    return model


def hidden_loss(
    student: Any, model: Any, names: list[str], stoi: dict[str, int], seed: int
) -> float:
    """The mean loss of the model's logits on names that it has not seen, computed here.

    Of each name one place is asked for, at random: the context of its next place would tell what
    the right answer is.
    """
    rng = random.Random(seed)
    student.makemore.set_training(model, False)
    x, y = rows(names, stoi)
    ends = [place for place, code in enumerate(y.tolist()) if code == 0]
    firsts = [0, *(end + 1 for end in ends[:-1])]
    chosen = torch.tensor([rng.randint(*pair) for pair in zip(firsts, ends, strict=True)])
    logits = model(x[chosen])
    logits = expect.tensor(logits, (len(chosen), len(stoi)), "float", "the model's output").double()
    right = logits[torch.arange(len(chosen)), y[chosen]]
    return float((logits.logsumexp(1) - right).mean())
