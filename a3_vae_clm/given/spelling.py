"""What unknown words cost a model of words, and what a vocabulary that knows the test would save.

    report(measure(model, sequences))  # two lines

`run.py evaluate` prints them for DLM100-words. Its list of words comes from the training texts, so
a word that is only in the test is spelled. With a list that is made from the test too, no word is
unknown. How much that saves is computed for the same model: where it spells now, it chooses one of
the test's unknown words, all of them equally likely. No model has learned anything by this saving.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from batches import EVALUATED, in_order
from wordwise import WordModel


@dataclass(frozen=True)
class Spelling:
    """The unknown words of some texts. words: of all; unknown: of these; distinct: how many of the
    unknown ones differ. nats: what their spelling costs, the mean of a text."""

    texts: int
    words: int
    unknown: int
    distinct: int
    nats: float

    @property
    def name(self) -> float:
        """Nats of choosing one of the distinct ones."""
        return math.log(max(1, self.distinct))

    @property
    def leak(self) -> float:
        """Nats a text that are saved if each unknown word is chosen and none is spelled."""
        return self.nats - self.unknown / self.texts * self.name


@torch.no_grad()
def measure(
    model: WordModel,
    sequences: Sequence[list[int]],
    batch_size: int = EVALUATED,
    device: torch.device | None = None,
) -> Spelling:
    """Count and score the unknown words of sequences of codes, at least one."""
    model = model.to(device or "cpu").eval()
    words = [word for sequence in sequences for word in model.split(sequence)]
    unknown = [word for word in words if word not in model.index]
    nats = -sum(
        model.spelling(batch.to(device or "cpu")).double().sum().item()
        for _, batch in in_order(sequences, model.alphabet, batch_size)
    )
    texts = len(sequences)
    return Spelling(texts, len(words), len(unknown), len(set(unknown)), nats / texts)


def report(spelling: Spelling) -> list[str]:
    """Two lines: what spelling costs, and what the leak is."""
    if not spelling.unknown:
        return [
            f"all {spelling.words:,} words are in the list made from train: spelling costs nothing",
            "a list made from these texts too would save nothing: there is no leak",
        ]
    return [
        f"{spelling.nats:.3f} of these nats go to spelling: {spelling.unknown:,} of "
        f"{spelling.words:,} words, {spelling.distinct:,} different ones, are not in the list made "
        "from train",
        f"a list made from these texts too would name each of them for log {spelling.distinct:,} = "
        f"{spelling.name:.3f} nats and save {spelling.leak:.3f}, its leak",
    ]
