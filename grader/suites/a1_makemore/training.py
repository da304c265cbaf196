"""A short training on invented names, and the loss of what was learned on hidden ones.

Only what is trained on reaches the worker. The trained tensors come back as plain values and are
put into the reference's model, which is asked here about names that no student's code has seen. The
training begins with weights of ours, and must end near them. Weights trained elsewhere on the same
invention do not: the characters have hidden indices. (Which these are can be told by their counts,
so that they alone kept nobody from putting such weights in, their rows in the right order.)
"""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grader import expect, weights
from grader.suites.a1_makemore.helpers import RUNNING, fill, matching, needless, norms, statistic

STEPS, BATCH, BLOCK, EMBED, HIDDEN = 800, 32, 8, 12, 48


def hidden_indices(names: list[str], seed: int) -> dict[str, int]:
    """{character: index}: 0 for END, the others in an order drawn with `seed`."""
    chars = sorted(set("".join(names)))
    random.Random(seed).shuffle(chars)
    return {char: index for index, char in enumerate([".", *chars])}


def rows(names: list[str], stoi: dict[str, int]) -> tuple[Tensor, Tensor]:
    """Contexts (N, BLOCK) and what follows, (N,), by our own code."""
    x, y = [], []
    for name in names:
        codes = [0] * BLOCK + [stoi[char] for char in name] + [0]
        for place in range(len(name) + 1):
            x.append(codes[place : place + BLOCK])
            y.append(codes[place + BLOCK])
    return torch.tensor(x), torch.tensor(y)


def learn(
    student: Any, reference: Any, names: list[str], stoi: dict[str, int], worker_seed: int,
    steps: int = STEPS,
) -> Any:  # fmt: skip
    """The reference's model with what the student's has learned in the student's training."""
    sizes = (len(stoi), BLOCK, EMBED, HIDDEN)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # the worker sees these weights: no hidden seed draws them
        ours = reference.makemore.build_model(*sizes)
    start = [p.detach().clone() for p in ours.parameters()]
    model = expect.thing(student.makemore.build_model(*sizes), "build_model's model")
    fill(student, model, start)
    x, y = rows(names, stoi)
    train = student.makemore.train
    losses = student.probe.with_generator(train, worker_seed, model, x, y, steps, BATCH)
    expect.items(losses, steps, "train's losses")
    shapes = [tuple(p.shape) for p in start]
    learned = matching(model, shapes)
    inner = [place for place, p in enumerate(start) if p.dim() == 2][:-1]  # the last begins small
    weights.check_origin(*([each[place] for place in inner] for each in (start, learned)))
    reference.probe.fill_parameters(ours, learned)
    biases = needless(model, shapes) or [torch.zeros(HIDDEN)] * len(norms(model, ours))
    for (layer, own), bias in zip(norms(model, ours), biases, strict=True):
        mean, var = (statistic(getattr(layer, name), HIDDEN, name) for name in RUNNING)
        own.running_mean, own.running_var = mean - bias, var  # the mean has the bias in it
    return ours


def hidden_loss(reference: Any, model: Any, names: list[str], stoi: dict[str, int]) -> float:
    """The mean loss on names that were not trained on, of the reference's model."""
    x, y = rows(names, stoi)
    reference.makemore.set_training(model, False)
    with torch.no_grad():
        return float(functional.cross_entropy(model(x).double(), y))
