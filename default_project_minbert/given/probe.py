"""What the tasks' scores are without training BERT: the rows below every other.

python run.py probe                                   # a fresh BERT knows nothing
python run.py probe --data minbert --weights minilm

no training     the cosine of two sentences' vectors; a paraphrase above the best threshold of train
linear probe    scikit-learn's logistic or ridge regression on BERT's vectors, frozen
bag of words    the same on counts of words, without BERT

The weights of minilm have seen Quora's duplicates, inference and captions, so "no training" is not
without knowledge of these tasks: their STS and Quora are high before we begin.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import corpora
import fast
import numpy as np
import options
import torch
from backbone import POOLINGS, build_bert, pool
from batches import Encoded, by_length, pad
from datasets import TASKS
from evaluation import BATCH_SIZE, score
from session import prepare
from torch import nn

from course import cli, devices

NOT_TRAINED, LINEAR, BAG = "no training", "linear probe", "bag of words"
ROWS = (NOT_TRAINED, LINEAR, BAG)
Features = np.ndarray[Any, Any]
Score = float | None  # None: the task has no such row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py probe`, without those that all commands share."""
    cli.add_flag(parser, "weights", None, "minilm, a folder, or a name on the hub", str)
    words = "a sentence's vector: the pooler's output, or the mean of the last states (default)"
    parser.add_argument("--pooling", choices=POOLINGS, default="mean", help=words)
    cli.add_threads_flag(parser)
    corpora.add_path_flags(parser, TASKS)


def run(args: argparse.Namespace) -> None:
    """Print a table: a row for each way, a column for each task."""
    rows = probe(args, tuple(TASKS), args.pooling)
    print(f"{'on dev':<14}" + "".join(f"{name:>9}" for name in TASKS))
    for name, scores in rows.items():
        cells = ["-" if scores[task] is None else f"{scores[task]:.3f}" for task in TASKS]
        print(f"{name:<14}" + "".join(f"{cell:>9}" for cell in cells))


def probe(
    args: argparse.Namespace, tasks: tuple[str, ...], pooling: str
) -> dict[str, dict[str, Score]]:
    """{row: {task: score on dev}}."""
    options.fill_in(args)
    found = {task: corpora.find(task, args) for task in tasks}
    tokenizer, config = options.start(args, corpora.sentences(found.values()))
    data = prepare(found, tokenizer, config)
    devices.seed_everything(args.seed)
    device = devices.pick_device(args.device)
    bert = build_bert(config).to(device).eval()
    fast.accelerate(bert)
    rows: dict[str, dict[str, Score]] = {name: {} for name in ROWS}
    for task in tasks:
        train, dev = data.train[task], data.dev[task]
        of_bert = partial(vectors, bert, pooling=pooling, device=device)
        known, asked = of_bert(train), of_bert(dev)
        rows[NOT_TRAINED][task] = untrained(train, dev, known, asked)
        rows[LINEAR][task] = linear(train, dev, known, asked)
        rows[BAG][task] = linear(train, dev, *bags(train, dev))
    return rows


@torch.no_grad()
def vectors(bert: nn.Module, data: Encoded, pooling: str, device: torch.device) -> list[Features]:
    """The vectors of the first sentences, (n, H), and of the second, in the data's order."""
    found = []
    for ids in data.ids:
        rows = np.zeros((len(ids), bert.config.hidden_size), dtype=np.float32)
        for indices in by_length([len(row) for row in ids], BATCH_SIZE):
            batch, mask = (x.to(device) for x in pad([ids[index] for index in indices]))
            rows[indices] = pool(bert(batch, mask), mask, pooling).float().cpu().numpy()
        found.append(rows)
    return found


def bags(train: Encoded, dev: Encoded) -> tuple[list[Any], list[Any]]:
    """The counts of each sentence's words, as sparse matrices."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(token_pattern=r"\S+", min_df=2)
    columns = list(zip(*(example.sentences for example in train.examples), strict=True))
    counter.fit([sentence for column in columns for sentence in column])
    asked = list(zip(*(example.sentences for example in dev.examples), strict=True))
    return [counter.transform(c) for c in columns], [counter.transform(c) for c in asked]


def untrained(train: Encoded, dev: Encoded, known: list[Any], asked: list[Any]) -> Score:
    """The cosine of a pair's vectors: itself for similarity, and for paraphrase with a threshold.

    None for sentiment, which has no answer without training.
    """
    if not train.task.is_pair:
        return None
    if train.task.kind == "similarity":
        return score(dev, cosine(*asked))
    threshold = best_threshold(cosine(*known), np.array(train.labels))
    return score(dev, (cosine(*asked) > threshold).astype(float))


def linear(train: Encoded, dev: Encoded, known: list[Any], asked: list[Any]) -> float:
    """The score of a linear model on one sentence's vector, or on |u - v| and u * v of a pair's."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    similarity = train.task.kind == "similarity"
    model = make_pipeline(
        MaxAbsScaler(), Ridge(1.0) if similarity else LogisticRegression(max_iter=2000)
    )
    model.fit(_features(known), train.labels)
    return score(dev, model.predict(_features(asked)))


def _features(columns: list[Any]) -> Any:
    if len(columns) == 1:
        return columns[0]
    u, v = columns
    if isinstance(u, np.ndarray):
        return np.hstack((abs(u - v), u * v))
    from scipy.sparse import hstack

    return hstack((abs(u - v), u.multiply(v))).tocsr()


def cosine(u: Features, v: Features) -> Features:
    """The cosines of the rows of two (n, H), as (n,)."""
    sizes = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    return (u * v).sum(axis=1) / np.maximum(sizes, 1e-12)


def best_threshold(values: Features, labels: Features) -> float:
    """Above it the label is 1: the threshold that is right most often."""
    order = np.argsort(values)
    ordered, positive = values[order], labels[order] == 1
    # Right answers if the first k values are below the threshold.
    right = np.concatenate(([0], np.cumsum(~positive))) + positive.sum()
    right = right - np.concatenate(([0], np.cumsum(positive)))
    place = int(right.argmax())
    edges = np.concatenate(([ordered[0] - 1], ordered, [ordered[-1] + 1]))
    return float((edges[place] + edges[place + 1]) / 2)
