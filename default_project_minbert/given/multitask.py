"""Finetune one BERT on three tasks: sentiment (SST), paraphrase (Quora) and similarity (STS).

python run.py multitask --order annealed --pooling mean
python run.py multitask --data minbert --weights minilm --pair_head cross --epochs 3

An epoch is as many steps as the three tasks have batches together.
"""

from __future__ import annotations

import argparse

import corpora
import saved
from options import add_multitask_flags, add_training_flags, of_model
from session import finetune

from course import cli

THREE = ("sst", "quora", "sts")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py multitask`, without those that all commands share."""
    add_training_flags(parser)
    add_multitask_flags(parser)
    cli.add_flag(parser, "name", "multitask", "name of the run")
    corpora.add_path_flags(parser, THREE)


def run(args: argparse.Namespace) -> None:
    """Finetune, print the scores on dev, and write the predictions and the model."""
    session = finetune(args, args.name, THREE, saved.build, of_model(args))
    for step, scores in session.trainer.scores:
        print(f"step {step:6}: {words(scores)}")
    print(f"dev, best at step {session.trainer.best['step']}: {words(session.scores)}")
    session.write_predictions()


def words(scores: dict[str, float]) -> str:
    """Scores in one line: accuracies of sst and quora, Pearson's correlation of sts."""
    return ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
