"""The flags that the finetuning commands share, and what they mean. Nothing to write here."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from backbone import POOLINGS
from config import BertConfig
from finetune import Settings
from heads import OWN, PAIR_HEADS
from mixing import ORDERS
from tokenizer import BertTokenizer, learn_vocab
from weights import CONFIG_FILE, find, read_config
from weights import load as load_weights

from course import cli
from course.errors import UserError

ASSIGNMENT = "default_project_minbert"
ROOT = Path(__file__).resolve().parents[1]
SEED = 11711
OPTIONS = ("pretrain", "finetune")
SMALL = 256  # a BERT of fewer channels is tiny
VOCAB_SIZE = 2000  # at most, of a vocabulary from the embedded text
# A fresh BERT of 64 channels learns pairs of sentences sooner from larger weights than BERT's 0.02.
INITIALIZER_RANGE = 0.05
# What is not given on the command line, for a pretrained BERT and for a tiny one, which fits too
# little rather than too much and so has no dropout.
LARGE = {"lr": 5e-5, "hidden_dropout_prob": 0.3, "batch_size": 8}
TINY = {"lr": 1e-3, "hidden_dropout_prob": 0.0, "batch_size": 32}
FROZEN_LR = 1e-3  # of the head alone, --option pretrain
# Of heads on a pretrained BERT: at its own low rate what starts from nothing learns too little.
HEADS_LR = 1e-3

RULES = {
    "epochs": cli.positive(10**4),
    "steps": cli.positive(10**7),
    "batch_size": cli.positive(4096),
    "lr": cli.positive(1),
    "heads_lr": cli.positive(1),
    "hidden_dropout_prob": cli.SHARE,
    "warmup_share": cli.SHARE,
    "weight_decay": (cli.Rule(lambda x: x >= 0, "it must be 0 or above 0"), cli.at_most(1)),
    "smart": (cli.Rule(lambda x: x >= 0, "it must be 0 or above 0"), cli.at_most(1000)),
    "heads_first": (cli.Rule(lambda n: n >= 0, "it must be 0 or above 0"),),
    "seeds": cli.positive(100),
    "processes": cli.positive(1024),
    "threads": cli.THREADS,
    "checkpoint_seconds": cli.CHECKPOINT,
}


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of one finetuning."""
    add = partial(cli.add_flag, parser)
    words = "weights to start from: minilm, a folder, or a name on the hub (default: none)"
    add("weights", None, words, str)
    words = "train only the new layers (pretrain), or BERT too (finetune; the default)"
    parser.add_argument("--option", choices=OPTIONS, default="finetune", help=words)
    add("epochs", 10, "times that all examples are read")
    add("steps", None, "updates in all, in place of --epochs", int)
    add("batch_size", None, "examples a step (default: 8; of a tiny BERT 32)", int)
    words = "highest learning rate (default: 5e-5; of a tiny BERT 1e-3)"
    add("lr", None, words, float)
    add(
        "hidden_dropout_prob",
        None,
        "dropout (default: 0.3 with --weights, else 0: it is too small to overfit)",
        float,
    )
    add("weight_decay", 0.01, "of the matrices")
    add("warmup_share", 0.1, "share of the steps until the learning rate is highest")
    add("heads_first", 0, "first steps, in which only the new layers are trained")
    words = "highest learning rate of the new layers (default: 1e-3; of a tiny or frozen BERT --lr)"
    add("heads_lr", None, words, float)
    add("smart", 0.0, "weight of SMART's smoothness in the loss, such as 1")
    cli.add_threads_flag(parser)
    cli.add_checkpoint_flag(parser)


def add_multitask_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of how three tasks share one BERT."""
    words = "what is made of a pair of sentences (default: own, the MultitaskBERT you write)"
    parser.add_argument("--pair_head", choices=(OWN, *PAIR_HEADS), default=OWN, help=words)
    words = "the same as --pair_head relational: a layer that both pair tasks share"
    parser.add_argument(
        "--rlayer", dest="pair_head", action="store_const", const="relational", help=words
    )
    words = "a sentence's vector: the mean of the last states (default), or the pooler's output"
    parser.add_argument("--pooling", choices=POOLINGS, default="mean", help=words)
    words = "find the logit above which a pair is a paraphrase without dropout, on training pairs"
    parser.add_argument("--calibrate", action="store_true", help=words)
    words = "in what order the tasks' batches come"
    parser.add_argument("--order", choices=tuple(ORDERS), default="round_robin", help=words)
    words = "take a batch of every task per update, and PCGrad's surgery on their gradients"
    parser.add_argument("--pcgrad", action="store_true", help=words)


def of_model(args: argparse.Namespace) -> dict[str, Any]:
    """What the configuration of a model of three tasks has beside BERT's."""
    names = ("pair_head", "pooling", "calibrate", "option")
    return {name: getattr(args, name) for name in names}


def fill_in(args: argparse.Namespace) -> None:
    """Check the flags, and give those that were left out their values."""
    cli.check(args, RULES)
    if args.data == "minbert" and not args.weights:
        raise UserError("--data minbert needs --weights: minilm, a folder, or a name on the hub")
    tiny, frozen = is_tiny(args.weights), getattr(args, "option", None) == "pretrain"
    values = dict(TINY if tiny else LARGE)
    if frozen:
        values["lr"] = FROZEN_LR
    for name, value in values.items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)
    if getattr(args, "heads_lr", None) is None:
        args.heads_lr = args.lr if tiny or frozen else HEADS_LR


def is_tiny(weights: str | None) -> bool:
    """Whether BERT has fewer than SMALL channels: it is fresh, or was pretrained from nothing."""
    if not weights:
        return True
    return read_config(find(weights) / CONFIG_FILE).hidden_size < SMALL


def start(args: argparse.Namespace, sentences: Iterable[str]) -> tuple[BertTokenizer, BertConfig]:
    """The tokenizer, and the sizes of the BERT, that a training begins with.

    sentences: those to train on, from which a vocabulary is learned if there are no weights.
    """
    own = {"pretrained": args.weights, "hidden_dropout_prob": args.hidden_dropout_prob}
    if args.weights:
        config, _ = load_weights(args.weights)
        return BertTokenizer.from_pretrained(args.weights), config.replace(**own)
    tokenizer = BertTokenizer(learn_vocab(sentences, VOCAB_SIZE))
    own["initializer_range"] = INITIALIZER_RANGE
    return tokenizer, BertConfig.tiny(tokenizer.vocab_size, **own)


def settings(args: argparse.Namespace, steps: int, evaluate_every: int) -> Settings:
    """The training's settings from the flags."""
    if args.heads_first >= steps:
        raise UserError(f"--heads_first {args.heads_first}: it must be below the {steps} steps")
    return Settings(
        steps=steps,
        evaluate_every=evaluate_every,
        batch_size=args.batch_size,
        learning_rate=args.lr,
        weight_decay=args.weight_decay,
        warmup_share=args.warmup_share,
        order=getattr(args, "order", "round_robin"),
        heads_first=args.heads_first,
        heads_lr=args.heads_lr,
        pcgrad=getattr(args, "pcgrad", False),
        smart=args.smart,
        seed=args.seed,
        device=args.device,
    )


# What tells one training from another, so that it resumes only from its own checkpoint.
IDENTITY = ("data", "weights", "option", "batch_size", "lr", "hidden_dropout_prob", "weight_decay")
IDENTITY += ("warmup_share", "heads_first", "heads_lr", "smart", "seed", "solution")
IDENTITY += ("code", "task", "pair_head", "pooling", "calibrate", "order", "pcgrad")


def identity(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in IDENTITY if hasattr(args, name)}
