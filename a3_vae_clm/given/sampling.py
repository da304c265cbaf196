"""Write texts with a trained model.

python run.py sample --model runs/a3_vae_clm/DLM100/model --count 10 --seed 1
"""

from __future__ import annotations

import argparse

import torch
from evaluate import add_model_flag, load

from course import cli
from course.devices import pick_device
from course.errors import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py sample`, without those that all commands share."""
    add_model_flag(parser)
    cli.add_flag(parser, "count", 10, "texts to write")
    cli.add_threads_flag(parser)


@torch.no_grad()
def run(args: argparse.Namespace) -> None:
    """Print the texts, one a line."""
    model = load(args).model.to(pick_device(args.device))
    for text in model.sample(args.count, args.seed):
        print(printable(text))
