"""The flags of `run.py train`, their values for each model, and the rules for them. Given."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from member import Member
from sizes import Sizes
from trainer import Settings

from course import cli

ASSIGNMENT = "a3_vae_clm"
ROOT = Path(__file__).resolve().parents[1]

# What neither the command line nor the model's entry in the family says.
TRAINING: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 64,
    "lr": 2e-3,
    "warmup": 200,
    "clip_grad": 1.0,
    "average": 0.0,
}
SIZES = {
    "embed_size": "E, of a character's vector, or of a latent",
    "hidden_size": "H, of a state",
    "mixtures": "K, softmaxes, components of a prior, or words",
    "depth": "D, layers",
    "kernel": "places that a convolution sees, odd",
    "width": "characters of the longest segment",
    "steps": "levels of noise",
    "samples": "W, draws of the latents in training",
}
ODD = cli.Rule(lambda value: value % 2 == 1, "it must be odd")
NOT_BELOW_0 = (cli.Rule(lambda x: x >= 0, "it must be 0 or above 0"),)
RULES = {
    **dict.fromkeys(SIZES, cli.positive(8192)),
    "kernel": (*cli.positive(99), ODD),
    **dict.fromkeys(("batch_size", "count"), cli.positive(10**5)),
    **dict.fromkeys(("epochs", "lines", "snapshots", "descent"), cli.positive(10**6)),
    **dict.fromkeys(("max_steps", "evaluate_every"), cli.positive(10**8)),
    "lr": cli.positive(1),
    "clip_grad": cli.positive(10**6),
    "warmup": (*NOT_BELOW_0, cli.at_most(10**6)),
    "average": cli.SHARE,
    "orders": cli.positive(99),
    **dict.fromkeys(("threads", "processes"), cli.positive(1024)),
    "by": cli.positive(1000),
    "checkpoint_seconds": cli.CHECKPOINT,
}


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a training. A default of None is the model's own value, or that of TRAINING."""
    model = partial(cli.add_flag, parser.add_argument_group("the model (default: its own)"))
    for name, words in SIZES.items():
        model(name, None, words, int)
    add = partial(cli.add_flag, parser.add_argument_group("the training"))
    add("epochs", None, _own("epochs", "times that all texts are read"), float)
    add("max_steps", None, "updates, in place of --epochs", int)
    add("batch_size", None, _own("batch_size", "texts a step"), int)
    add("lr", None, _own("lr", "highest learning rate, of Adam"), float)
    add(
        "warmup",
        None,
        _own("warmup", "first steps, in which the learning rate rises; a tenth at most"),
        int,
    )
    add("clip_grad", None, _own("clip_grad", "largest norm of a gradient, a character"), float)
    words = "decay of the average of the weights that is scored and kept; 0: none"
    add("average", None, _own("average", words), float)
    add("evaluate_every", None, "updates between scores on dev (default: an epoch)", int)
    add("lines", None, "train on the first N texts only", int)
    add("snapshots", None, "keep the weights N times during the training, for `latents`", int)
    add("threads", None, "threads (default: all processors)", int)
    cli.add_checkpoint_flag(parser)


def fill_in(args: argparse.Namespace, member: Member) -> None:
    """Give the flags that were left out the model's values, and check all of them."""
    own = asdict(member.sizes) | TRAINING | member.training
    for name, value in own.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    cli.check(args, RULES)


def sizes(args: argparse.Namespace) -> Sizes:
    return Sizes(**{each.name: getattr(args, each.name) for each in fields(Sizes)})


def settings(args: argparse.Namespace, texts: int) -> Settings:
    """The trainer's settings from the flags, for a training on so many texts."""
    per_epoch = -(-texts // args.batch_size)
    steps = args.max_steps or max(1, round(args.epochs * per_epoch))
    found = Settings(
        steps=steps,
        evaluate_every=args.evaluate_every or per_epoch,
        batch_size=args.batch_size,
        learning_rate=args.lr,
        clip=args.clip_grad,
        average=args.average,
        seed=args.seed,
        device=args.device,
    )
    # A short training has no time for a long rise.
    return replace(found, warmup=min(args.warmup, steps // 10))


# What tells one training from another, so that it resumes only from its own checkpoint. The data
# themselves are identified by their digest.
IDENTITY = (*SIZES, *TRAINING, "max_steps", "evaluate_every", "snapshots")
IDENTITY += ("seed", "solution", "code")


def identity(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in IDENTITY}


def _own(name: str, words: str) -> str:
    """A flag's help, with the default that most models have."""
    return f"{words} (default: the model's own, or {TRAINING[name]})"
