"""Sentences in token ids, and batches of sentences of similar length. Nothing to write here.

    data = encode(examples, TASKS["sts"], tokenizer, max_length=128)
    for indices in Buckets(data.lengths, batch_size=32, seed=0):
        batch = data.batch(indices).to(device)

A batch is padded to its longest sentence, so sentences of similar length waste little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Example, Task
from torch import Tensor

POOL = 32  # batches that are sorted by length together; more pad less, and mix less


@dataclass(frozen=True)
class Batch:
    """inputs: input_ids and attention_mask, (b, T) long, of each sentence in turn.

    labels: (b,), long for classes and float otherwise; None in a test set. tokens: real ones.
    """

    inputs: tuple[Tensor, ...]
    labels: Tensor | None
    tokens: int

    def to(self, device: torch.device) -> Batch:
        labels = None if self.labels is None else self.labels.to(device)
        return Batch(tuple(each.to(device) for each in self.inputs), labels, self.tokens)


@dataclass(frozen=True)
class Encoded:
    """Examples and, in the same order, the ids of their sentences."""

    task: Task
    examples: Sequence[Example]
    ids: tuple[list[list[int]], ...]  # for the first sentence, and for the second

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each example."""
        return [sum(map(len, row)) for row in zip(*self.ids, strict=True)]

    @property
    def labels(self) -> list[float | None]:
        return [example.label for example in self.examples]

    def select(self, indices: Sequence[int]) -> Encoded:
        """The examples at these indices."""
        examples = [self.examples[index] for index in indices]
        return Encoded(self.task, examples, tuple([own[i] for i in indices] for own in self.ids))

    def batch(self, indices: Sequence[int]) -> Batch:
        rows = [[ids[index] for index in indices] for ids in self.ids]
        inputs = tuple(tensor for own in rows for tensor in pad(own))
        labels = [self.examples[index].label for index in indices]
        dtype = torch.long if self.task.kind == "sentiment" else torch.float
        known = None if None in labels else torch.tensor(labels).to(dtype)
        return Batch(inputs, known, sum(len(row) for own in rows for row in own))


def encode(examples: Sequence[Example], task: Task, tokenizer: Any, positions: int) -> Encoded:
    """Examples in ids. positions: those of the model; each sentence of a pair gets one half.

    So the two of them together, as [CLS] a [SEP] b [SEP], have room too.
    """
    columns = zip(*(example.sentences for example in examples), strict=True)
    most = (positions + 1) // 2 if task.is_pair else positions
    encoded = (tokenizer.encode_batch(list(column), max_length=most) for column in columns)
    return Encoded(task, examples, tuple(ids for ids, _ in encoded))


def pad(rows: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """input_ids and attention_mask, (b, T) long, of rows of ids; T is the longest's length."""
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)  # (b, T)
    ids = torch.full(mask.shape, pad_id)
    ids[mask] = torch.tensor([number for row in rows for number in row])
    return ids, mask.long()


class Buckets:
    """Gives the indices of an epoch's batches, in another order each time it is iterated.

    The order depends on the seed and the number of the epoch alone.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed = np.asarray(lengths), batch_size, seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        order = rng.permutation(len(self.lengths))
        batches = []
        for pool in np.split(order, range(POOL * self.batch_size, len(order), self._pool)):
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            batches += np.split(pool, range(self.batch_size, len(pool), self.batch_size))
        for place in rng.permutation(len(batches)):
            yield batches[place].tolist()

    @property
    def _pool(self) -> int:
        return POOL * self.batch_size


def by_length(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Batches of all indices, the longest first: for evaluation, where their order is free."""
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    return [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
