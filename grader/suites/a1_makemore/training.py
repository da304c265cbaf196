"""A short training run on invented names, and the trained model's loss on hidden ones.

Only the training data reaches the worker. The trained tensors come back as plain values and are
loaded into the reference's model, which is tested here on names that no student code has seen.
Training starts from our weights and must end near them. Weights trained elsewhere on such names do
not, because the characters have hidden indices. (Character counts reveal the indices, so these
alone would not stop anyone from reordering the rows of such weights and using them.)
"""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grader import expect, weights
from grader.suites.a1_makemore.layers import (
    RUNNING,
    fill_wavenet,
    matching,
    needless,
    norms,
    statistic,
)

STEPS, BATCH, BLOCK, EMBED, HIDDEN = 800, 32, 8, 12, 48


def hidden_indices(names: list[str], seed: int) -> dict[str, int]:
    """{character: index}: 0 for END, the others in an order drawn with `seed`."""
    chars = sorted(set("".join(names)))
    random.Random(seed).shuffle(chars)
    return {char: index for index, char in enumerate([".", *chars])}


def rows(names: list[str], stoi: dict[str, int]) -> tuple[Tensor, Tensor]:
    """Contexts (N, BLOCK) and the characters that follow (N,), by our own code."""
    x, y = [], []
    for name in names:
        codes = [0] * BLOCK + [stoi[char] for char in name] + [0]
        for place in range(len(name) + 1):
            x.append(codes[place : place + BLOCK])
            y.append(codes[place + BLOCK])
    return torch.tensor(x), torch.tensor(y)


def learn(
    student: Any,
    reference: Any,
    names: list[str],
    stoi: dict[str, int],
    worker_seed: int,
    steps: int = STEPS,
) -> Any:
    """The reference's model with the weights that the student's model learned in its training."""
    sizes = (len(stoi), BLOCK, EMBED, HIDDEN)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # the worker sees these weights, so they use no hidden seed
        ours = reference.makemore.build_model(*sizes)
    start = [p.detach().clone() for p in ours.parameters()]
    model = expect.thing(student.makemore.build_model(*sizes), "build_model's model")
    fill_wavenet(student, model, start)
    x, y = rows(names, stoi)
    train = student.makemore.train
    losses = student.probe.with_generator(train, worker_seed, model, x, y, steps, BATCH)
    expect.items(losses, steps, "train's losses")
    shapes = [tuple(p.shape) for p in start]
    learned = matching(model, shapes)
    inner = [place for place, p in enumerate(start) if p.dim() == 2][:-1]  # the last starts small
    weights.check_origin(*([each[place] for place in inner] for each in (start, learned)))
    reference.probe.fill_parameters(ours, learned)
    biases = needless(model, shapes) or [torch.zeros(HIDDEN)] * len(norms(model, ours))
    for (layer, own), bias in zip(norms(model, ours), biases, strict=True):
        mean, var = (statistic(getattr(layer, name), HIDDEN, name) for name in RUNNING)
        own.running_mean, own.running_var = mean - bias, var  # the mean includes the bias
    return ours


def hidden_loss(reference: Any, model: Any, names: list[str], stoi: dict[str, int]) -> float:
    """The reference model's mean loss on names that were not trained on."""
    x, y = rows(names, stoi)
    reference.makemore.set_training(model, False)
    with torch.no_grad():
        return float(functional.cross_entropy(model(x).double(), y))
