"""From texts to what BERT is pretrained on: single texts, and pairs for next-sentence prediction.

    rows = next_sentence_pairs(documents, random.Random(0))     # half true, half random
    examples = encode(tokenizer, rows, max_length=128)

Section 3.1 of Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding" (2019), with one sentence on each side: [CLS] first [SEP] second [SEP].
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

IS_NEXT, NOT_NEXT, UNLABELLED = 0, 1, -100  # the first two as in the published BERT
TRIES = 1000  # draws before we give up finding a sentence that is not the next one


@dataclass(frozen=True)
class Row:
    """A text, or two, and whether the second follows the first."""

    first: str
    second: str | None = None
    label: int = UNLABELLED


@dataclass(frozen=True)
class Example:
    """A row in token ids, special tokens included and nothing padded."""

    ids: list[int]
    types: list[int]  # 0 in the first text, 1 in the second
    label: int


@dataclass(frozen=True)
class Batch:
    """Examples side by side, padded to the longest: (b, T) each but label, which is (b,)."""

    input_ids: Tensor
    attention_mask: Tensor  # 1 at tokens, 0 at [PAD]
    token_type_ids: Tensor
    special: Tensor  # bool: True at [CLS], [SEP] and [PAD]
    label: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def next_sentence_pairs(documents: Sequence[Sequence[str]], rng: random.Random) -> list[Row]:
    """Each sentence but a document's last, with the one after it or with one from elsewhere.

    Half of the pairs are true (one more if their number is odd), and which ones is drawn. The
    others have a sentence of another document, never one that follows the same words anywhere.
    Raises ValueError if there is no such sentence.
    """
    places = [(number, pair) for number, each in enumerate(documents) for pair in pairwise(each)]
    following: dict[str, set[str]] = defaultdict(set)
    for _, (first, second) in places:
        following[first].add(second)
    labels = [IS_NEXT, NOT_NEXT] * ((len(places) + 1) // 2)
    labels = labels[: len(places)]
    rng.shuffle(labels)
    rows = []
    for (number, (first, second)), label in zip(places, labels, strict=True):
        if label == NOT_NEXT:
            second = _other_sentence(documents, number, following[first], rng)
        rows.append(Row(first, second, label))
    return rows


def _other_sentence(
    documents: Sequence[Sequence[str]], own: int, excluded: set[str], rng: random.Random
) -> str:
    """A sentence of any document but number `own`, that is not one of the `excluded`."""
    for _ in range(TRIES):
        other = rng.randrange(len(documents))
        if other != own and documents[other]:
            sentence = rng.choice(documents[other])
            if sentence not in excluded:
                return sentence
    raise ValueError(f"no other document has a sentence that differs from {sorted(excluded)[0]!r}")


def encode(tokenizer: Any, rows: Sequence[Row], max_length: int) -> list[Example]:
    """Rows in ids. Of one that is longer than `max_length` tokens, the ends are cut off."""
    examples: dict[int, Example] = {}
    for paired in (False, True):
        numbers = [n for n, row in enumerate(rows) if (row.second is not None) == paired]
        firsts = [rows[n].first for n in numbers]
        seconds = [rows[n].second for n in numbers] if paired else None
        encoded = tokenizer.encode_batch(firsts, seconds, max_length=max_length)
        for n, ids, types in zip(numbers, *encoded, strict=True):
            examples[n] = Example(ids, types, rows[n].label)
    return [examples[n] for n in range(len(rows))]


def collate(examples: Sequence[Example], tokenizer: Any) -> Batch:
    """Pad examples to the longest of them."""
    padded = tokenizer.pad([each.ids for each in examples], [each.types for each in examples])
    never_masked = torch.tensor([tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id])
    special = torch.isin(padded["input_ids"], never_masked)
    return Batch(**padded, special=special, label=torch.tensor([each.label for each in examples]))
