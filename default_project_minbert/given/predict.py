"""Write a trained model's answers to files of sentences, or print those to sentences you give.

python run.py predict --model runs/default_project_minbert/multitask/model
python run.py predict --model FOLDER "the plot is not good" "the acting was very funny"
python run.py predict --model FOLDER --pair "did he win ?" "was he the winner ?"
python run.py predict --model FOLDER --int8
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import corpora
import fast
import integers
import saved
import torch
from batches import Encoded, encode
from config import BertConfig
from datasets import TASKS, Example, Task
from evaluation import answers, score, write_answers
from sentiment import SENTIMENT
from tokenizer import BertTokenizer
from torch import nn

from course import cli, devices
from course.errors import UserError

ALL = tuple(TASKS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py predict`, without those that all commands share."""
    parser.add_argument("sentences", nargs="*", metavar="SENTENCE", help="sentences to grade")
    parser.add_argument("--pair", nargs=2, metavar="SENTENCE", help="two sentences to compare")
    cli.add_flag(parser, "model", None, "the model folder of a finished run", Path)
    words = "read with products of 8-bit integers, faster on CPUs with VNNI"
    parser.add_argument("--int8", action="store_true", help=words)
    cli.add_threads_flag(parser)
    corpora.add_path_flags(parser, ALL)


def run(args: argparse.Namespace) -> None:
    """Answer the sentences on the command line, or else write files for dev and test."""
    if args.model is None:
        raise UserError("predict needs --model: the model folder of a finished run")
    model, config, tokenizer = saved.load(args.model)
    device = devices.pick_device(args.device)
    if args.int8 and device.type != "cpu":
        raise UserError(f"--int8 is for a CPU, not for {device.type}: add --device cpu")
    model.to(device)
    fast.accelerate(model)
    if args.int8:
        integers.convert(model)

    session = Loaded(model, config, tokenizer, device)
    if args.sentences or args.pair:
        for task, rows in asked(args, config.tasks).items():
            session.show(task, rows)
        return
    folder = args.out or args.model.parent / "predictions"
    for task in config.tasks:
        session.write(folder, corpora.find(task, args))


@dataclass(frozen=True)
class Loaded:
    """A trained model, ready to answer."""

    model: nn.Module
    config: BertConfig
    tokenizer: BertTokenizer
    device: torch.device

    def encoded(self, task: Task, examples: list[Example]) -> Encoded:
        return encode(examples, task, self.tokenizer, self.config.max_position_embeddings)

    def show(self, name: str, rows: list[tuple[str, ...]]) -> None:
        """Print the answer to each sentence, or pair."""
        task = TASKS[name]
        data = self.encoded(task, [Example(str(n), row, None) for n, row in enumerate(rows)])
        for row, answer in zip(rows, answers(self.model, data, self.device), strict=True):
            print(f"{task.label} {answer:.3g}: {' | '.join(row)}")

    def write(self, folder: Path, corpus: corpora.Corpus) -> None:
        """Write the answers to dev and, if it is there, to test."""
        for split, examples in (("dev", corpus.dev), ("test", corpus.test)):
            if examples is None:
                continue
            data = self.encoded(corpus.task, examples)
            found = answers(self.model, data, self.device)
            path = write_answers(folder, split, data, found)
            known = f", dev score {score(data, found):.3f}" if split == "dev" else ""
            print(f"{len(found)} predictions in {path}{known}")


def asked(args: argparse.Namespace, tasks: list[str]) -> dict[str, list[tuple[str, ...]]]:
    """{task: the sentences, or pairs, on the command line}. Raises UserError for an empty one."""
    given = [*args.sentences, *(args.pair or [])]
    if not all(sentence.strip() for sentence in given):
        raise UserError("a sentence is empty: each needs at least one word")
    rows: dict[str, list[tuple[str, ...]]] = {}
    for task in tasks:
        if task in SENTIMENT and args.sentences:
            rows[task] = [(sentence,) for sentence in args.sentences]
        if task not in SENTIMENT and args.pair:
            rows[task] = [tuple(args.pair)]
    if not rows:
        raise UserError("--pair needs a model of pairs: this one knows sentiment only")
    return rows
