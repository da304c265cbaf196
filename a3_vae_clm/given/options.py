"""The flags of `run.py train`, their values for each model, and the rules for them. Given."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from member import Member
from sizes import NAMES, Sizes
from sizes import RULES as SIZE_RULES
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
NOT_BELOW_0 = (cli.Rule(lambda x: x >= 0, "it must be 0 or above 0"),)
RULES = {
    **SIZE_RULES,
    **dict.fromkeys(("batch_size", "count"), cli.positive(10**5)),
    **dict.fromkeys(("epochs", "lines", "snapshots", "descent"), cli.positive(10**6)),
    **dict.fromkeys(("max_steps", "evaluate_every"), cli.positive(10**8)),
    "lr": cli.positive(1),
    "clip_grad": cli.positive(10**6),
    "warmup": (*NOT_BELOW_0, cli.at_most(10**6)),
    "average": cli.SHARE,
    "orders": cli.positive(99),
    **dict.fromkeys(("threads", "processes"), cli.THREADS),
    "by": cli.positive(1000),
    "checkpoint_seconds": cli.CHECKPOINT,
}


def add_text_flags(
    parser: argparse.ArgumentParser, split: str = "test", lines: int | None = None
) -> None:
    """The flags that name the texts to score or to show. split, lines: their defaults."""
    cli.add_flag(parser, "split", split, "of --data: dev or test")
    words = "texts of your own, one a line, in place of --data"
    cli.add_flag(parser, "test", None, words, Path)
    cli.add_flag(parser, "lines", lines, "the first N texts only", int)


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a training. A default of None is the model's own value, or that of TRAINING."""
    text = partial(cli.add_flag, parser.add_argument_group("the texts"))
    text("train", None, "texts of your own, one a line, in place of --data", Path)
    text("dev", None, "texts to score while training (default: the last tenth of --train)", Path)
    text("lines", None, "train on the first N texts only", int)
    model = partial(cli.add_flag, parser.add_argument_group("the model (default: its own)"))
    for name, words in SIZES.items():
        model(name, None, words, int)
    training = parser.add_argument_group("the training")
    add = partial(cli.add_flag, training)
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
    add("snapshots", None, "keep the weights N times during the training, for `latents`", int)
    cli.add_threads_flag(training)
    cli.add_checkpoint_flag(training)


def fill_in(args: argparse.Namespace, member: Member) -> None:
    """Give the flags that were left out the model's values, and check all of them."""
    own = asdict(member.sizes) | TRAINING | member.training
    for name, value in own.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    cli.check(args, RULES)


def sizes(args: argparse.Namespace) -> Sizes:
    return Sizes(**{name: getattr(args, name) for name in NAMES})


def settings(args: argparse.Namespace, texts: int) -> Settings:
    """The trainer's settings from the flags, for a training on so many texts."""
    per_epoch = -(-texts // args.batch_size)
    steps = args.max_steps or max(1, round(args.epochs * per_epoch))
    own = Settings(
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
    return replace(own, warmup=min(args.warmup, steps // 10))


# What tells one training from another, so that it resumes only from its own checkpoint. The data
# themselves are identified by their digest.
IDENTITY = (*SIZES, *TRAINING, "max_steps", "evaluate_every", "snapshots")
IDENTITY += ("seed", "solution", "code")


def identity(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in IDENTITY}


def _own(name: str, words: str) -> str:
    """A flag's help, with the default that most models have."""
    return f"{words} (default: the model's own, or {TRAINING[name]})"
