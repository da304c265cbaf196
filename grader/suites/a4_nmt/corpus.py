"""Random hypotheses with references, and what their BLEU is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from grader.random_inputs import indices


def tokens(generator: torch.Generator, length: int, words: int = 4) -> list[str]:
    """A random sentence of few different words, so that n-grams recur."""
    return [f"w{n}" for n in indices(generator, words, length).tolist()]


def corpus(
    generator: torch.Generator, lengths: Sequence[tuple[int, ...]], words: int = 3
) -> tuple[list[list[str]], list[list[list[str]]]]:
    """Hypotheses and their references; `lengths` has those of the hypothesis and each reference."""
    hypotheses = [tokens(generator, own, words) for own, *_ in lengths]
    references = []
    for hypothesis, (_, *others) in zip(hypotheses, lengths, strict=True):
        shared = hypothesis[:4]  # so that no precision is 0
        references.append([[*shared, *tokens(generator, n, words)][:n] for n in others])
    return hypotheses, references


def parts(
    reference: Any, hypotheses: list[list[str]], references: list[list[list[str]]], most: int = 4
) -> tuple[list[float], int, int]:
    """The precisions, and both lengths, of a corpus."""
    precisions = []
    for n in range(1, most + 1):
        pairs = [
            reference.bleu.clipped_counts(h, r, n)
            for h, r in zip(hypotheses, references, strict=True)
        ]
        matches, total = (sum(column) for column in zip(*pairs, strict=True))
        precisions.append(matches / total)
    lengths = [
        min(map(len, own), key=lambda n: (abs(n - len(h)), n))
        for h, own in zip(hypotheses, references, strict=True)
    ]
    return precisions, sum(map(len, hypotheses)), sum(lengths)


def mean(precisions: list[float]) -> float:
    """The geometric mean, times 100."""
    return 100 * math.prod(precisions) ** (1 / len(precisions))
