"""The flags of `run.py train`, their values for each data set, and the rules for them. Given."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from nmt_model import ATTENTIONS
from subwords import KINDS
from trainer import SCHEDULES, SELECT, Settings

from course import cli

ASSIGNMENT = "a4_nmt"
ROOT = Path(__file__).resolve().parents[1]
MAX_STEPS = 70  # of a decoder, which may never write </s>
BEAM_SIZE = 5

# What is not given on the command line. The embedded sentences are short and regular: a small model
# learns them within minutes.
SHARED: dict[str, Any] = {
    "src_pieces": "bpe",
    "tgt_pieces": "bpe",
    "vocab_size": 8000,
    "embed_size": 256,
    "hidden_size": 512,
    "dropout": 0.3,
    "batch_size": 64,
    "lr": 1e-3,
    "max_epochs": 20,
    "label_smoothing": 0.1,
    "schedule": "patience",
}
OWN: dict[str, dict[str, Any]] = {
    "embedded": {
        "src_pieces": "character",
        "tgt_pieces": "word",
        "embed_size": 64,
        "hidden_size": 128,
        "dropout": 0.1,
        "batch_size": 32,
        "lr": 2e-3,
        "max_epochs": 10,
        "label_smoothing": 0.0,
        "schedule": "linear",
    },
    "tatoeba_zh_en": {"src_pieces": "character", "vocab_size": 6000},
    "multi30k": {},
}

NOT_BELOW_0 = (cli.Rule(lambda x: x >= 0, "it must be 0 or above 0"),)
RULES = {
    **dict.fromkeys(("embed_size", "hidden_size"), cli.positive(8192)),
    **dict.fromkeys(("batch_size", "beam_size"), cli.positive(4096)),
    **dict.fromkeys(("vocab_size", "max_epochs", "patience"), cli.positive(10**6)),
    **dict.fromkeys(("max_steps", "evaluate_every"), cli.positive(10**8)),
    **dict.fromkeys(("lr", "init_scale"), cli.positive(1)),
    **dict.fromkeys(("dropout", "label_smoothing", "word_dropout"), cli.SHARE),
    **dict.fromkeys(("warmup", "max_falls"), (*NOT_BELOW_0, cli.at_most(10**6))),
    "max_decoding_time_step": cli.positive(10**4),
    "length_penalty": (*NOT_BELOW_0, cli.at_most(10)),
    "lr_decay": (cli.ABOVE_0, *cli.SHARE),
    "clip_grad": cli.positive(10**6),
    "threads": cli.THREADS,
    "checkpoint_seconds": cli.CHECKPOINT,
}


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `run.py train`. A default of None is the data set's, from `OWN`."""
    model = parser.add_argument_group("the model")
    add = partial(cli.add_flag, model)
    add("embed_size", None, _own("embed_size", "of an embedding"), int)
    add("hidden_size", None, _own("hidden_size", "of a state of the LSTMs"), int)
    add("dropout", None, _own("dropout", "of the combined output"), float)
    words = "how the decoder compares itself with the source (default: multiplicative)"
    model.add_argument("--attention", choices=ATTENTIONS, default="multiplicative", help=words)
    add("init_scale", 0.1, "weights begin between -X and X")
    for side, words in (("src", "source"), ("tgt", "target")):
        spellings = sorted({f"--{side}_pieces", f"--{side}-pieces"})
        words = _own(f"{side}_pieces", f"what the {words} is cut into")
        model.add_argument(*spellings, dest=f"{side}_pieces", choices=KINDS, help=words)
    add("vocab_size", None, _own("vocab_size", "pieces at most, in each language"), int)
    _add_optimization_flags(parser)


def _add_optimization_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the training")
    add = partial(cli.add_flag, group)
    add("batch_size", None, _own("batch_size", "pairs a step"), int)
    add("lr", None, _own("lr", "learning rate, of Adam"), float)
    words = _own("schedule", "how the learning rate falls: when dev is no better, or on a line")
    group.add_argument("--schedule", choices=SCHEDULES, help=words)
    add("warmup", 0, "first steps, in which the learning rate rises")
    add("max_epochs", None, _own("max_epochs", "times that all pairs are read, at most"), int)
    add("max_steps", None, "updates at most, in place of --max_epochs", int)
    add("evaluate_every", None, "updates between scores on dev (default: an epoch)", int)
    add("patience", 1, "scores that may be no better before the learning rate falls")
    add("max_falls", 4, "of the learning rate; at the next one the training ends")
    add("lr_decay", 0.5, "the learning rate's factor when it falls")
    add("clip_grad", 5.0, "the largest norm of a gradient")
    words = _own("label_smoothing", "share of a target that goes to all pieces")
    add("label_smoothing", None, words, float)
    add("word_dropout", 0.0, "share of the source's pieces that are hidden in training")
    words = "the score on dev by which the best model is kept (default: perplexity)"
    group.add_argument("--select", choices=SELECT, default="perplexity", help=words)
    cli.add_threads_flag(group)
    cli.add_checkpoint_flag(group)


def add_search_flags(parser: argparse.ArgumentParser, beam_size: int = BEAM_SIZE) -> None:
    """The flags of the search for a translation."""
    add = partial(cli.add_flag, parser)
    add("beam_size", beam_size, "hypotheses kept; 1: the likeliest piece at each step")
    add("max_decoding_time_step", MAX_STEPS, "pieces of a translation, at most")
    words = "alpha of Wu et al. (2016): how much longer translations are preferred"
    add("length_penalty", 0.0, words)
    words = "search by your greedy and beam_search, a sentence at a time, without a length penalty"
    parser.add_argument("--plain", action="store_true", help=words)


def fill_in(args: argparse.Namespace) -> None:
    """Check the flags, and give those that were left out the data set's values."""
    own = SHARED if args.train else SHARED | OWN[args.data]
    for name, value in own.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    cli.check(args, RULES)


def settings(args: argparse.Namespace, pairs: int) -> Settings:
    """The trainer's settings from the flags, for a training on so many pairs."""
    per_epoch = -(-pairs // args.batch_size)
    return Settings(
        steps=args.max_steps or args.max_epochs * per_epoch,
        evaluate_every=args.evaluate_every or per_epoch,
        batch_size=args.batch_size,
        learning_rate=args.lr,
        schedule=args.schedule,
        warmup=args.warmup,
        patience=args.patience,
        decay=args.lr_decay,
        falls=args.max_falls,
        clip=args.clip_grad,
        label_smoothing=args.label_smoothing,
        word_dropout=args.word_dropout,
        select=args.select,
        seed=args.seed,
        device=args.device,
    )


# What tells one training from another, so that it resumes only from its own checkpoint. The data
# themselves are identified by their digest.
IDENTITY = (*SHARED, "attention", "init_scale", "max_steps", "evaluate_every", "warmup")
IDENTITY += ("patience", "max_falls", "lr_decay", "clip_grad", "word_dropout", "select")
IDENTITY += ("beam_size", "max_decoding_time_step", "length_penalty", "plain")
IDENTITY += ("seed", "solution", "code")


def identity(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in IDENTITY}


def _own(name: str, words: str) -> str:
    """A flag's help with its defaults: the shared one, and those of data sets."""
    others = [f"{data} {own[name]}" for data, own in OWN.items() if name in own]
    return f"{words} (default: {'; '.join([str(SHARED[name]), *others])})"
