"""Small translation models without dropout, and padded batches for them.

Letters in the shapes: b batch, S source length, T target length, e embedding size, h hidden size,
V words in the target vocabulary. The sizes differ from one another, so that a mix-up shows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from grader import expect, weights
from grader.random_inputs import indices, normal

E, H = 6, 5
SOURCE, TARGET = 9, 7  # words of each vocabulary, beside <pad>, <s>, </s> and <unk>
SPECIAL, PAD, START, END = 4, 0, 1, 2
LENGTHS = [6, 4, 3, 1]  # of the source sentences in a padded batch, longest first
ATTENTIONS = ("multiplicative", "dot_product", "additive")
TABLES = ("source", "target")


def vocabulary(code: Any, source: int = SOURCE, target: int = TARGET) -> Any:
    """A vocabulary of `code`, the student's worker or the reference, with made-up words."""
    entries = [code.vocab.VocabEntry(words("s", source)), code.vocab.VocabEntry(words("t", target))]
    return code.vocab.Vocab(*entries)


def words(letter: str, count: int) -> list[str]:
    """The special pieces and `count` made-up ones."""
    return ["<pad>", "<s>", "</s>", "<unk>", *(f"{letter}{number}" for number in range(count))]


def make(code: Any, target: int = TARGET, **options: Any) -> Any:
    """A small NMT of `code`, without dropout unless it is asked for."""
    options = {"dropout_rate": 0.0} | options
    return code.nmt_model.NMT(E, H, vocabulary(code, target=target), **options)


def blank_pads(ours: Any) -> None:
    """Makes <pad> a row of zeros again, in both tables."""
    for name in TABLES:
        getattr(ours.model_embeddings, name).weight.data[PAD] = 0


def load(student: Any, theirs: Any, ours: Any) -> None:
    """Copies our weights into the student's model; <pad> stays a row of zeros.

    Parameters that the student added are set to 0: a bias of their own costs points in the test of
    the layers, and not again wherever a value is compared.
    """
    blank_pads(ours)
    extra = weights.fill(student, theirs, weights.parameters(ours))
    student.probe.zero(theirs, extra)


def twins(
    student: Any, reference: Any, generator: torch.Generator, **options: Any
) -> tuple[Any, Any]:
    """The student's model and ours with the same random weights, in evaluation mode."""
    return weights.twins(student, reference, lambda code: make(code, **options), generator, load)


def parameter_shapes(student: Any, module: Any) -> dict[str, list[int]]:
    """{name: shape} of a module's parameters, as the student's worker reports them."""
    report = student.probe.parameter_shapes(module)
    assert isinstance(report, dict), "the module has no parameters"
    named = {name: shape for name, shape in report.items() if isinstance(name, str)}
    lists = {name: expect.plain(shape, "a shape") for name, shape in named.items()}
    return {name: [size for size in x if isinstance(size, int)] for name, x in lists.items()}


def source(generator: torch.Generator, lengths: list[int]) -> Tensor:
    """Random source ids, (S, b) long, with <pad> after each sentence's end."""
    return _padded(generator, lengths, SOURCE)


def _padded(generator: torch.Generator, lengths: list[int], count: int) -> Tensor:
    longest = max(lengths)
    ids = indices(generator, SPECIAL + count, longest, len(lengths), first=SPECIAL)
    return torch.where(torch.arange(longest)[:, None] < torch.tensor(lengths), ids, PAD)


def target(generator: torch.Generator, lengths: list[int]) -> Tensor:
    """Random target ids, (T, b) long: <s>, words, </s>, then <pad>; `lengths` counts the first
    three."""
    ids = _padded(generator, lengths, TARGET)
    ids[0] = START
    ids[torch.tensor(lengths) - 1, torch.arange(len(lengths))] = END
    return ids


def encoded(generator: torch.Generator, lengths: list[int]) -> Tensor:
    """Random states of an encoder, (b, S, 2h), with zeros after each sentence's end."""
    states = normal(generator, len(lengths), max(lengths), 2 * H)
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return states * real[..., None]


def state(generator: torch.Generator, b: int) -> tuple[Tensor, Tensor]:
    """Random hidden and cell states of a decoder, (b, h) each."""
    return normal(generator, b, H), normal(generator, b, H)
