"""A short training on the tiny embedded data, and what the trained weights know.

A model is trained in the worker, by a probe, on biographies and on questions about some of the
people; its weights are then loaded into the reference's model, which answers the questions about
the others here. So the answers stay outside, and nothing but weights can be right: whoever finds
the answers in the text by a search has no use for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grader import expect
from grader.boundary.local import LocalStudent
from grader.suites.a5_mingpt_perceiver.helpers import NO_DROPOUT, fill, take_back

BLOCK = 128
VANILLA = {"n_layer": 1, "n_head": 4, "n_embd": 64} | NO_DROPOUT
PERCEIVER = VANILLA | {"n_layer": 3, "perceiver": True, "bottleneck_dim": 32}
PRETRAIN = {"batch_size": 32, "lr": 2e-2}
FINETUNE = {"epochs": 16, "batch_size": 16, "lr": 3e-3}
MASK = "\u2047"


def examine(
    memory: dict[str, Any], student: Any, reference: Any, seed: int, sizes: dict[str, Any],
    epochs: int, forwards: Callable[[nn.Module], list[Callable[[Tensor], Tensor]]],
) -> tuple[float, float]:  # fmt: skip
    """(the share of hidden questions that are answered right, London's share), by one training.

    memory: keeps them for the next test of the same module, if the training came to its end;
    forwards: the ways in which the trained weights may be used, of which the best counts.
    """
    if not memory:
        embedded = LocalStudent(reference.folder.parent).embedded
        corpus = embedded.build("tiny", seed)
        model = learn(student, reference, corpus, sizes, epochs)
        shares = [accuracy(forward, corpus.test, corpus.biographies) for forward in forwards(model)]
        memory["shares"] = max(shares), london(corpus.test)
    return memory["shares"]


def learn(
    student: Any, reference: Any, corpus: Any, sizes: dict[str, Any], epochs: int
) -> nn.Module:
    """The reference's model with the weights that the student's code learned from a corpus.

    epochs: of pretraining, before the finetuning; 0 for none.
    """
    known = reference.dataset.CharCorruptionDataset(corpus.biographies, BLOCK)
    ours = begin(reference.model.GPT(reference.model.GPTConfig(known.vocab_size, BLOCK, **sizes)))
    made = student.model.GPT(student.model.GPTConfig(known.vocab_size, BLOCK, **sizes))
    theirs = expect.thing(made, "GPT")
    fill(student, theirs, ours)
    if epochs:
        documents = student.dataset.CharCorruptionDataset(corpus.biographies, BLOCK)
        student.probe.train(theirs, documents, epochs, **PRETRAIN)
    # Questions are made here: NameDataset is given, and others drop letters that tell people apart.
    questions = reference.dataset.NameDataset(known, tsv(corpus.train))
    x, y = (torch.stack(rows) for rows in zip(*questions, strict=True))
    student.probe.train(theirs, student.probe.pairs(x, y), **FINETUNE)
    return take_back(ours, theirs).eval()


def begin(model: nn.Module) -> nn.Module:
    """The weights from which every training begins; nothing about them is hidden.

    Larger embeddings than GPT's: a perceiver without residuals begins to learn sooner.
    """
    generator = torch.Generator().manual_seed(0)
    model.tok_emb.weight.data.normal_(0, 0.5, generator=generator)
    model.pos_emb.data.normal_(0, 0.1, generator=generator)
    return model


def tsv(pairs: Sequence[tuple[str, str]]) -> str:
    """(question, answer) pairs as NameDataset reads them."""
    return "".join(f"{question}\t{answer}\n" for question, answer in pairs)


def london(pairs: Sequence[tuple[str, str]]) -> float:
    """The share of pairs that are right for whoever always answers London."""
    return sum(answer == "London" for _, answer in pairs) / len(pairs)


@torch.no_grad()
def accuracy(
    forward: Callable[[Tensor], Tensor], pairs: Sequence[tuple[str, str]], text: str
) -> float:
    """The share of (question, answer) pairs that a model gets right, written on greedily.

    forward: (B, T) long -> logits (B, T, V); text: gives the vocabulary. The questions go in
    together, PADs after each: a causal model does not see them.
    """
    vocabulary = [*"\u25a1\u2047", *sorted(set(text))]
    places = {char: place for place, char in enumerate(vocabulary)}
    questions = [[places[char] for char in question + MASK] for question, _ in pairs]
    longest = max(len(answer) for _, answer in pairs) + 1
    ends, rows = torch.tensor([len(question) for question in questions]), torch.arange(len(pairs))
    idx = torch.zeros(len(pairs), int(ends.max()) + longest, dtype=torch.long)
    for row, question in zip(idx, questions, strict=True):
        row[: len(question)] = torch.tensor(question)
    for step in range(longest):
        idx[rows, ends + step] = forward(idx)[rows, ends + step - 1].argmax(1)
    right = 0
    for row, end, (_, answer) in zip(idx.tolist(), ends.tolist(), pairs, strict=True):
        text = "".join(vocabulary[code] for code in row[end : end + longest])
        right += text.split(MASK)[0] == answer
    return right / len(pairs)
