"""A short training on the tiny embedded text, and the loss on a hidden part of it.

The loss is computed here, from logits; what follows the scored character is scrambled before the
student's model sees it, so that a model that peeks gains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.boundary.local import LocalStudent

BLOCK, C, STEPS, ROWS, RATE = 32, 32, 200, 32, 1e-2
SCORED = 2000  # characters of the hidden part
MARGIN = 0.12  # nats; see tests/test_suite_a2.py::test_short_training_beats_bigrams


@dataclass(frozen=True)
class Tales:
    """Indices of a text's two parts, and what the counted bigrams reach on the second."""

    train: Tensor
    hidden: Tensor
    size: int
    bigram_loss: float
    margin: float = MARGIN


def tales(reference: Any, seed: int) -> Tales:
    """Tiny tales of this seed."""
    embedded = LocalStudent(reference.folder.parent).embedded
    text = embedded.build("tiny", seed)
    places = {char: place for place, char in enumerate(sorted(set(text)))}
    indices = torch.tensor([places[char] for char in text])
    train, hidden = indices[: 4 * len(indices) // 5], indices[4 * len(indices) // 5 :]
    size = len(places)
    counts = torch.bincount(train[:-1] * size + train[1:], minlength=size**2).view(size, size) + 0.1
    log_probs = (counts / counts.sum(1, keepdim=True)).log()
    return Tales(train, hidden, size, -log_probs[hidden[:-1], hidden[1:]].mean().item())


def learn(student: Any, text: Tales, seed: int) -> Any:
    """The student's uniform BoW with rope, trained in the student's process."""
    made = student.bow.BoW(student.bow.BoWConfig(text.size, BLOCK, C, 32, pe_type="rope"))
    model = expect.thing(made, "BoW")
    generator = torch.Generator().manual_seed(seed)
    starts = torch.randint(len(text.train) - BLOCK, (STEPS, ROWS), generator=generator)
    places = starts[..., None] + torch.arange(BLOCK)
    student.probe.optimise_batches(model, text.train[places], text.train[places + 1], RATE)
    return model


def hidden_loss(model: Any, text: Tales, seed: int) -> float:
    """The mean loss on characters of the hidden part, in nats."""
    generator = torch.Generator().manual_seed(seed + 1)
    starts = torch.randint(len(text.hidden) - BLOCK, (SCORED,), generator=generator)
    idx = text.hidden[starts[:, None] + torch.arange(BLOCK)]
    ends = torch.randint(1, BLOCK - 1, (SCORED,), generator=generator)  # the scored position
    rows = torch.arange(SCORED)
    targets = idx[rows, ends + 1]
    noise = torch.randint(text.size, idx.shape, generator=generator)
    seen = torch.where(torch.arange(BLOCK) <= ends[:, None], idx, noise)
    logits = expect.items(model(seen), 2, "what BoW returns")[0]
    logits = expect.tensor(logits, (*idx.shape, text.size), "float", "BoW's logits")
    scored = logits[rows, ends].log_softmax(-1)[rows, targets]
    return expect.number(-scored.mean(), "the loss")
