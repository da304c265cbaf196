"""A training of about a second on invented people, and what the trained weights know.

A probe trains a model in the worker on biographies and on questions about some of the people; its
weights are then loaded into the reference's model, which answers the questions about the others
here. So the answers stay outside the worker, and only weights can be right: finding the answers by
searching the text does not help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from grader import expect
from grader.boundary.errors import SandboxError
from grader.suites.a5_mingpt_perceiver import people, variants
from grader.suites.a5_mingpt_perceiver.models import NO_DROPOUT, take_back
from grader.weights import load_parameters

BLOCK = 32
PRETRAIN = {"batch_size": 2 * people.EACH, "lr": 2e-2}
FINETUNE = {"epochs": 30, "batch_size": people.EACH, "lr": 1e-2}
MASK = "\u2047"


@dataclass(frozen=True, eq=False)
class Lesson:
    """A small model, how long it is pretrained, and the required share of right answers.

    embeddings: their initial standard deviation. forward: how to use the weights of a trained
    model, idx (B, T) -> logits (B, T, V), given the (x, y) that it was finetuned on.
    """

    sizes: dict[str, Any]
    epochs: int
    embeddings: float
    some: float  # clearly above London's share, 0.09
    enough: float
    forward: Callable[[nn.Module, Tensor, Tensor], Callable[[Tensor], Tensor]]


# The reference answers 0.88 to 1.0 of the hidden questions over the seeds 100 to 115, its
# perceiver and those in alternatives/ 0.75 to 1.0 over 100 to 107; unpretrained at most 0.04.
# (tests/grader/suites/test_a5.py, with --slow, repeats some of these seeds in
# test_short_training_needs_pretraining and test_every_perceiver_learns.)
_SIZES = {"n_head": 4} | NO_DROPOUT
VANILLA = Lesson(
    _SIZES | {"n_embd": 48, "n_layer": 1},
    epochs=60,
    embeddings=0.02,
    some=0.2,
    enough=0.4,
    forward=lambda model, x, y: lambda idx: model(idx)[0],
)
PERCEIVER = Lesson(
    _SIZES | {"n_embd": 64, "n_layer": 3, "perceiver": True, "bottleneck_dim": 8},
    epochs=70,
    embeddings=0.5,
    some=0.2,
    enough=0.4,
    forward=variants.trained,
)


# What each student's trainings showed, or the exception that ended one: {lesson: ...}.
_examined: WeakKeyDictionary[Any, dict[Lesson, Any]] = WeakKeyDictionary()


def check_beats_london(right: float, floor: float, lesson: Lesson) -> None:
    """Whether the model answers clearly more than the one answer that is most often right."""
    assert right >= max(lesson.some, 1.5 * floor), (
        "answering London every time is nearly as good, or better"
    )


def check_knows(right: float, lesson: Lesson) -> None:
    """Whether the model knows where new people were born."""
    assert right >= lesson.enough, "too few of the hidden questions are answered right"


def examine(student: Any, reference: Any, seed: int, lesson: Lesson) -> tuple[float, float]:
    """(share of hidden questions that are answered right, London's share), from one training run.

    A student is trained once: the lesson's next test gets the same, or the same exception.
    """
    examined = _examined.setdefault(student, {})
    if lesson not in examined:
        try:
            examined[lesson] = _examine(student, reference, seed, lesson)
        except SandboxError:
            raise  # the worker was lost, not by the student: a later test may try again
        except Exception as failure:
            examined[lesson] = failure
    if isinstance(examined[lesson], Exception):
        raise examined[lesson]
    shares: tuple[float, float] = examined[lesson]
    return shares


def _examine(student: Any, reference: Any, seed: int, lesson: Lesson) -> tuple[float, float]:
    known = people.invent(reference.embedded.LETTERS, seed)
    data = reference.dataset.CharCorruptionDataset(known.text, BLOCK)  # for its vocabulary
    biographies = stacked([a_biography(data, *each) for each in known.biographies])
    # NameDataset is given: other datasets drop letters that distinguish people.
    questions = stacked(reference.dataset.NameDataset(data, reference.embedded.lines(known.train)))
    model = learn(student, reference, data.vocab_size, biographies, questions, lesson)
    return accuracy(lesson.forward(model, *questions), known.test, data), london(known.test)


def a_biography(data: Any, beginning: str, city: str) -> tuple[Tensor, Tensor]:
    """(x, y) of a biography whose masked span is the birthplace, with which it ends.

    So each step teaches what the questions ask, and nothing here depends on the student's span
    corruption, which part e tests.
    """
    string = (beginning + MASK + MASK + city).ljust(BLOCK, data.PAD_CHAR)
    indices = torch.tensor([data.stoi[char] for char in string])
    return indices[:-1], indices[1:]


def learn(
    student: Any,
    reference: Any,
    vocab_size: int,
    biographies: tuple[Tensor, Tensor],
    questions: tuple[Tensor, Tensor],
    lesson: Lesson,
) -> nn.Module:
    """The reference's model with the weights that the student's model learned.

    biographies, questions: x and y, (N, T) each, to pretrain and to finetune on.
    """
    ours = begin(reference, vocab_size, lesson)
    config = student.model.GPTConfig(vocab_size, BLOCK, **lesson.sizes)
    theirs = expect.thing(student.model.GPT(config), "GPT")
    load_parameters(student, theirs, ours)
    train, pairs = student.probe.train, student.probe.pairs
    train(theirs, pairs(*biographies), lesson.epochs, **PRETRAIN)
    train(theirs, pairs(*questions), **FINETUNE)
    return take_back(student, ours, theirs).eval()


def stacked(items: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """All x and all y, (N, T) each, of N items."""
    x, y = zip(*items, strict=True)
    return torch.stack(x), torch.stack(y)


def begin(reference: Any, vocab_size: int, lesson: Lesson) -> Any:
    """The model that every training run starts from. The worker sees it, so it uses no hidden seed.

    Larger numbers than GPT's let every variant of the perceiver learn within seconds: without
    residuals the whole text goes through the cross-attention, and if ln1's output is added to the
    cross-attention's, it drowns it out.
    """
    config = reference.model.GPTConfig(vocab_size, BLOCK, **lesson.sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = reference.model.GPT(config)
        model.tok_emb.weight.data.normal_(0, lesson.embeddings)
    if config.perceiver:
        for block in (model.down_block, model.up_block):
            block.ln1.weight.data.fill_(0.3)
            for matrix in (each for each in block.attn.parameters() if each.dim() == 2):
                matrix.data.mul_(3.0)
    return model


def london(pairs: Sequence[tuple[str, str]]) -> float:
    """The share of pairs that the answer London gets right."""
    return sum(answer == "London" for _, answer in pairs) / len(pairs)


@torch.no_grad()
def accuracy(
    forward: Callable[[Tensor], Tensor], pairs: Sequence[tuple[str, str]], known: Any
) -> float:
    """The share of (question, answer) pairs that a model gets right, decoding greedily.

    forward: (B, T) long -> logits (B, T, V); known: a dataset, for its vocabulary. The questions
    are one batch, padded at the end: a causal model does not see the PADs.
    """
    questions = [[known.stoi[char] for char in question + MASK] for question, _ in pairs]
    longest = max(len(answer) for _, answer in pairs) + 1
    ends, rows = torch.tensor([len(question) for question in questions]), torch.arange(len(pairs))
    idx = torch.zeros(len(pairs), int(ends.max()) + longest, dtype=torch.long)
    for row, question in zip(idx, questions, strict=True):
        row[: len(question)] = torch.tensor(question)
    for step in range(longest):
        idx[rows, ends + step] = forward(idx)[rows, ends + step - 1].argmax(1)
    right = 0
    for row, end, (_, answer) in zip(idx.tolist(), ends.tolist(), pairs, strict=True):
        text = "".join(known.itos[code] for code in row[end : end + longest])
        right += text.split(MASK)[0] == answer
    return right / len(pairs)
