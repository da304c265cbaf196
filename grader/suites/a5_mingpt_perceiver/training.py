"""A short training on the tiny embedded data, and what the model then answers.

The answers to the hidden questions stay outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.suites.a5_mingpt_perceiver.helpers import NO_DROPOUT

BLOCK = 128
MODEL = {"n_layer": 1, "n_head": 4, "n_embd": 64} | NO_DROPOUT
PRETRAIN = {"max_epochs": 161, "batch_size": 32, "learning_rate": 4e-3, "lr_decay": True,
            "warmup_tokens": 20 * 16 * BLOCK, "final_tokens": 450 * 32 * BLOCK}  # fmt: skip
FINETUNE = {"max_epochs": 16, "batch_size": 16, "learning_rate": 3e-3, "lr_decay": True,
            "warmup_tokens": 4096, "final_tokens": 16 * 40 * BLOCK}  # fmt: skip
SAME = {"device": "cpu", "bfloat16": False}  # on every machine
MASK = "\u2047"
LONGEST = 16  # characters of an answer


def learn(
    student: Any, corpus: Any, train_tsv: str, pretrain: bool = True
) -> tuple[Any, list[str]]:
    """A model that was trained on a corpus, and its vocabulary."""
    documents = student.dataset.CharCorruptionDataset(corpus.biographies, BLOCK)
    vocabulary = [*"\u25a1\u2047", *sorted(set(corpus.biographies))]
    made = student.model.GPT(student.model.GPTConfig(len(vocabulary), BLOCK, **MODEL))
    model = expect.thing(made, "GPT")
    questions = student.dataset.NameDataset(documents, train_tsv)
    trainer, settings = student.trainer.Trainer, student.trainer.TrainerConfig
    if pretrain:
        trainer(model, documents, None, settings(**PRETRAIN | SAME)).train()
    trainer(model, questions, None, settings(**FINETUNE | SAME)).train()
    model.eval()
    return model, vocabulary


def accuracy(model: Any, pairs: Sequence[tuple[str, str]], vocabulary: list[str]) -> float:
    """The share of (question, answer) pairs that the model gets right, written on greedily.

    The questions go in together, PADs after each: a causal model does not see them.
    """
    places = {char: place for place, char in enumerate(vocabulary)}
    questions = [[places[char] for char in question + MASK] for question, _ in pairs]
    ends = torch.tensor([len(question) for question in questions])
    idx = torch.zeros(len(pairs), int(ends.max()) + LONGEST, dtype=torch.long)
    for row, question in zip(idx, questions, strict=True):
        row[: len(question)] = torch.tensor(question)
    for step in range(LONGEST):
        idx = _write(model, idx, ends + step, len(vocabulary))
    right = 0
    for row, end, (_, answer) in zip(idx.tolist(), ends.tolist(), pairs, strict=True):
        text = "".join(vocabulary[code] for code in row[end : end + LONGEST])
        right += text.split(MASK)[0] == answer
    return right / len(pairs)


def _write(model: Any, idx: Tensor, ends: Tensor, size: int) -> Tensor:
    """idx, (B, T), with the likeliest character at each row's `ends`, (B,)."""
    rows = torch.arange(len(idx))
    logits = expect.items(model(idx), 2, "what GPT returns")[0]
    logits = expect.tensor(logits, (*idx.shape, size), "float", "GPT's logits")
    idx = idx.clone()
    idx[rows, ends] = logits[rows, ends - 1].argmax(1)
    return idx
