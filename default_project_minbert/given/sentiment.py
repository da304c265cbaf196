"""Finetune a sentiment classifier: five grades of SST, or good and bad of CFIMDB.

python run.py sentiment --option pretrain       # BERT as it is, one new layer
python run.py sentiment --option finetune --data minbert --weights minilm --task cfimdb
"""

from __future__ import annotations

import argparse

import corpora
import saved
from batches import Encoded
from datasets import TASKS
from evaluation import SentimentScores, model_eval_sst
from options import add_training_flags
from session import Session, finetune

from course import cli

SENTIMENT = tuple(name for name, task in TASKS.items() if task.kind == "sentiment")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py sentiment`, without those that all commands share."""
    words = "sst (default): grades 0 to 4; cfimdb: 0 or 1"
    parser.add_argument("--task", choices=SENTIMENT, default=SENTIMENT[0], help=words)
    add_training_flags(parser)
    cli.add_flag(parser, "name", None, "name of the run (default: sentiment_TASK_OPTION)", str)
    corpora.add_path_flags(parser, SENTIMENT)


def run(args: argparse.Namespace) -> None:
    """Finetune, print the scores on dev, and write the predictions and the model."""
    name = args.name or f"sentiment_{args.task}_{args.option}"
    own = {"num_labels": TASKS[args.task].num_labels, "option": args.option}
    session = finetune(args, name, [args.task], saved.build, own)
    report(session, session.dev[args.task])
    session.write_predictions()


def report(session: Session, dev: Encoded) -> None:
    scores = model_eval_sst(dev, session.model, session.device, session.bfloat16)
    print(f"dev accuracy {scores.accuracy:.3f}, macro F1 {scores.macro_f1:.3f}")
    print(table(scores))


def table(scores: SentimentScores) -> str:
    """The confusion matrix: a row per label, a column per answer."""
    classes = range(len(scores.confusion))
    lines = ["label    " + "".join(f"{f'said {each}':>8}" for each in classes)]
    lines += [
        f"{label:<9}" + "".join(f"{count:8}" for count in row)
        for label, row in zip(classes, scores.confusion, strict=True)
    ]
    return "\n".join(lines)
