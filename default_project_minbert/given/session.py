"""One finetuning from the command line: data, model, training and what is written. Given code."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import corpora
import options
import saved
import torch
from batches import Encoded, encode
from config import BertConfig
from evaluation import test_multitask
from finetune import Scores, Settings, Trainer
from tokenizer import BertTokenizer
from torch import nn

from course import devices
from course.runs import run_folder
from course.watch import watched


@dataclass(frozen=True)
class Tasks:
    """The encoded data of some tasks: {task's name: data}; `test` lacks those without a file."""

    train: dict[str, Encoded]
    dev: dict[str, Encoded]
    test: dict[str, Encoded]
    sha256: dict[str, str]


@dataclass(frozen=True)
class Session:
    """A finished training, with the model as it was best on dev. scores: on dev, of that model."""

    trainer: Trainer
    tasks: Tasks
    scores: Scores
    folder: Path

    @property
    def model(self) -> nn.Module:
        return self.trainer.model

    @property
    def dev(self) -> dict[str, Encoded]:
        return self.tasks.dev

    @property
    def device(self) -> torch.device:
        return self.trainer.device

    @property
    def bfloat16(self) -> bool:
        return self.trainer.bfloat16

    def write_predictions(self) -> None:
        """Write the answers to dev and to test into <run folder>/predictions."""
        folder = self.folder / "predictions"
        for split, data in (("dev", self.tasks.dev), ("test", self.tasks.test)):
            test_multitask(self.model, data, folder, split, self.device, self.bfloat16)
        print(f"predictions in {folder}, the model in {self.folder / 'model'}")


def finetune(
    args: argparse.Namespace,
    name: str,
    tasks: Sequence[str],
    build: Callable[[Any], nn.Module],
    own: Mapping[str, Any],
) -> Session:
    """Train to the end, from the run folder's checkpoint if there is one, and save the model.

    own: what the model's configuration has beside BERT's. Raises UserError for bad flags or data.
    """
    options.fill_in(args)
    found = {task: corpora.find(task, args) for task in tasks}
    tokenizer, config = options.start(args, corpora.sentences(found.values()))
    config = config.replace(**own, tasks=list(tasks))
    data = prepare(found, tokenizer, config)
    settings = plan(args, data.train)
    devices.seed_everything(args.seed)
    trainer = Trainer(build(config), data.train, data.dev, settings)
    folder = run_folder(args.out, options.ASSIGNMENT, name)
    watch(args, trainer, folder, name, data.sha256)
    scores = trainer.take_best()
    saved.save(folder / "model", trainer.model, config, tokenizer)
    return Session(trainer, data, scores, folder)


def prepare(
    found: Mapping[str, corpora.Corpus], tokenizer: BertTokenizer, config: BertConfig
) -> Tasks:
    """The corpora in token ids."""

    def encoded(split: str) -> dict[str, Encoded]:
        return {
            name: encode(examples, corpus.task, tokenizer, config.max_position_embeddings)
            for name, corpus in found.items()
            if (examples := getattr(corpus, split)) is not None
        }

    sums = {name: corpus.sha256 for name, corpus in found.items()}
    return Tasks(encoded("train"), encoded("dev"), encoded("test"), sums)


def plan(args: argparse.Namespace, train: Mapping[str, Encoded]) -> Settings:
    """--epochs in steps, or --steps, with scores on dev after each epoch.

    An epoch is all tasks' batches. An update with PCGrad takes one of each task.
    """
    batches = sum(-(-len(data) // args.batch_size) for data in train.values())
    if getattr(args, "pcgrad", False):
        batches = -(-batches // len(train))
    return options.settings(args, args.steps or args.epochs * batches, batches)


def watch(
    args: argparse.Namespace, trainer: Trainer, folder: Path, name: str, sums: Mapping[str, str]
) -> None:
    """Train with progress, metrics and checkpoints."""
    identity = options.identity(args) | {"total_steps": trainer.total_steps, "texts": dict(sums)}
    watching = {"title": name, "seconds": args.checkpoint_seconds}
    with watched(trainer, folder, options.ASSIGNMENT, name, identity, **watching) as run:
        trainer.on_score = lambda step, scores: run.log(
            step, **{f"dev_{task}": value for task, value in scores.items()}
        )
        trainer.train()
    print(f"step {trainer.step}: loss {trainer.loss:.6f}")
