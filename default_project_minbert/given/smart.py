"""SMART's smoothness: the answer should not change if the words' vectors change a little.

Jiang et al., "SMART: Robust and Efficient Fine-Tuning for Pre-trained Natural Language Models
through Principled Regularized Optimization" (2020), equation 2: added to the loss is how far the
prediction moves under the worst small change of the word embeddings, which one step of gradient
ascent finds. Given code: there is nothing to write here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from batches import Batch
from datasets import Task
from losses import predict
from torch import Tensor, nn
from torch.nn import functional as F

START = 1e-5  # standard deviation of the first, random change
RADIUS = 1e-3  # the largest component of a token's change, as the paper's step


def smoothness(model: nn.Module, task: Task, batch: Batch) -> Tensor:
    """How far the worst small change moves the predictions: their mean divergence, a scalar.

    Computed without dropout, which would move them further than the change does.
    """
    training = model.training
    model.eval()
    clean = predict(model, task, batch)
    changes: list[Tensor] = []
    with _changed(model.bert.word_embedding, changes):
        moved = predict(model, task, batch)
    slopes = torch.autograd.grad(divergence(task, moved, clean.detach()), changes)
    worst = [RADIUS * g / g.abs().amax(dim=-1, keepdim=True).clamp(min=1e-12) for g in slopes]
    with _changed(model.bert.word_embedding, worst):
        moved = predict(model, task, batch)
    model.train(training)
    return divergence(task, moved, clean)


def divergence(task: Task, one: Tensor, other: Tensor) -> Tensor:
    """The symmetric Kullback-Leibler divergence of two predictions, or their squared difference."""
    if task.kind == "similarity":
        return F.mse_loss(one, other)
    if task.kind == "paraphrase":  # two classes, whose logits are 0 and the prediction
        one, other = (torch.stack((torch.zeros_like(x), x), dim=-1) for x in (one, other))
    p, q = F.log_softmax(one, dim=-1), F.log_softmax(other, dim=-1)  # (b, classes) each
    return ((p.exp() - q.exp()) * (p - q)).sum(dim=-1).mean()


@contextmanager
def _changed(embedding: nn.Module, changes: list[Tensor]) -> Iterator[None]:
    """Add to each output of `embedding`, in turn, one of `changes`; a new random one if none is."""
    calls = iter(range(10**6))

    def add(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        call = next(calls)
        if call == len(changes):
            changes.append((START * torch.randn_like(output)).detach().requires_grad_())
        return output + changes[call]

    handle = embedding.register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()
