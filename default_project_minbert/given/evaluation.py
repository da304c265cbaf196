"""How good the answers are, and the files of answers. Given code: there is nothing to write here.

    scores = model_eval_sst(dev, model, device)                  # accuracy, macro F1, confusion
    scores = model_eval_multitask({"sst": dev, "quora": ..., "sts": ...}, model, device)
    test_multitask(model, {"sst": test, ...}, folder, "test", device)

Accuracy for sentiment and paraphrase, Pearson's correlation for similarity. A prediction file has
one line per sentence or pair: its id, a comma, and the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batches import Encoded, by_length
from losses import classes, predict, threshold_of
from torch import nn

from course.errors import UserError
from course.files import make_folder, write_aside

BATCH_SIZE = 64
# As the course names the files of predictions.
FILE_NAMES = {"sst": "sst", "cfimdb": "cfimdb", "quora": "para", "sts": "sts"}


@dataclass(frozen=True)
class SentimentScores:
    """accuracy and macro_f1: shares of 1. confusion: rows are the labels, columns the answers."""

    accuracy: float
    macro_f1: float
    confusion: list[list[int]]
    answers: list[float]


def answers(
    model: nn.Module, data: Encoded, device: torch.device, bfloat16: bool = False
) -> list[float]:
    """The model's answer to each example, in the data's order, without dropout."""
    threshold = threshold_of(model)
    own = read(model, data, device, bfloat16, lambda x: classes(data.task, x, threshold))
    return own.tolist()


@torch.no_grad()
def read(
    model: nn.Module,
    data: Encoded,
    device: torch.device,
    bfloat16: bool = False,
    of: Callable[[torch.Tensor], torch.Tensor] = lambda x: x,
) -> np.ndarray:
    """(n,): what `of` makes of `losses.predict`, in the data's order, without dropout."""
    model.eval()
    found = np.zeros(len(data))
    for indices in by_length(data.lengths, BATCH_SIZE):
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            predicted = predict(model, data.task, data.batch(indices).to(device))
        found[indices] = of(predicted).cpu().numpy()
    return found


def model_eval_sst(
    data: Encoded, model: nn.Module, device: torch.device, bfloat16: bool = False
) -> SentimentScores:
    """Score a sentiment classifier, or MultitaskBERT's sentiment, on labelled data."""
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    found = answers(model, data, device, bfloat16)
    labels = list(range(data.task.num_labels))
    f1 = f1_score(data.labels, found, labels=labels, average="macro", zero_division=0.0)
    confusion = confusion_matrix(data.labels, found, labels=labels).tolist()
    return SentimentScores(accuracy_score(data.labels, found), float(f1), confusion, found)


def model_eval_multitask(
    data: Mapping[str, Encoded], model: nn.Module, device: torch.device, bfloat16: bool = False
) -> dict[str, float]:
    """{task's name: accuracy or Pearson's correlation, ..., "mean": their mean}."""
    scores = {name: score(own, answers(model, own, device, bfloat16)) for name, own in data.items()}
    return scores | {"mean": sum(scores.values()) / len(scores)}


def score(data: Encoded, found: Sequence[float]) -> float:
    """The accuracy, or Pearson's correlation, of answers in the data's order."""
    from sklearn.metrics import accuracy_score

    if data.task.kind == "similarity":
        return pearson(found, data.labels)
    return float(accuracy_score(data.labels, found))


def pearson(one: Sequence[Any], other: Sequence[Any]) -> float:
    """Pearson's correlation, from -1 to 1; 0 if either is constant, where it is not defined."""
    pair = np.array([one, other], dtype=float)
    if not pair.std(axis=1).all():
        return 0.0
    return float(np.corrcoef(pair)[0, 1])


def test_multitask(
    model: nn.Module,
    data: Mapping[str, Encoded],
    folder: Path,
    split: str,
    device: torch.device,
    bfloat16: bool = False,
) -> list[Path]:
    """Write the answers to each task's data into <folder>/<task>-<split>-output.csv."""
    return [
        write_answers(folder, split, own, answers(model, own, device, bfloat16))
        for own in data.values()
    ]


def write_answers(folder: Path, split: str, data: Encoded, found: Sequence[float]) -> Path:
    """Write one file of answers. Raises UserError if that is not possible."""
    path = folder / f"{FILE_NAMES[data.task.name]}-{split}-output.csv"
    number = float if data.task.kind == "similarity" else int
    pairs = zip(data.examples, found, strict=True)
    lines = [f"{example.id} , {number(answer)} \n" for example, answer in pairs]
    try:
        make_folder(folder)
        with write_aside(path) as file:
            file.write("".join([f"id \t {data.task.predicted} \n", *lines]).encode())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    return path
