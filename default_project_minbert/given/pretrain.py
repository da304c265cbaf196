"""Pretrain BERT on text without labels, from nothing or from pretrained weights.

python run.py pretrain                                        # the embedded text, from nothing
python run.py pretrain --data minbert --weights minilm        # the tasks' own texts, continued

From nothing, a tiny BERT learns a vocabulary, then masked words and next sentences. Continued from
weights, BERT gets used to the texts of its tasks (task-adaptive pretraining, Gururangan et al.,
2020) with masked words alone, because these texts have no next sentence. The weights go into a
folder that every --weights reads. A stopped training resumes if you give the same command again.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import held_out
import sentences
import unlabelled
import weights as weight_files
from bert import BertModel
from config import BertConfig
from options import ASSIGNMENT, INITIALIZER_RANGE
from pretraining import BertForPretraining, PretrainingConfig, Trainer
from tokenizer import BertTokenizer, learn_vocab

from course import cli, devices
from course.errors import UserError
from course.files import must_be_writable, write_aside
from course.runs import run_folder
from course.watch import watched

PAIRS = ("together", "alone")
# What is not given on the command line, by whether the training starts from weights.
FROM_NOTHING = {"epochs": 8, "batch_size": 32, "lr": 2e-3, "max_length": 64}
CONTINUED = {"epochs": 2, "batch_size": 32, "lr": 1e-4, "max_length": 128}
# All that one training has in common with a checkpoint to resume from.
SETTINGS = ("data", "weights", "pairs", "documents", "vocab_size", "epochs", "steps", "batch_size")
SETTINGS += (
    "lr",
    "warmup_share",
    "weight_decay",
    "mask_share",
    "max_length",
    "seed",
    "solution",
    "code",
)

COUNTS = ("epochs", "steps", "batch_size", "lr", "held_out")
RULES = {
    **dict.fromkeys(COUNTS, cli.positive(10**7)),
    "documents": (cli.Rule(lambda n: 2 <= n <= 2000, "it must be from 2 to 2,000"),),
    "vocab_size": (cli.Rule(lambda n: n >= 100, "it must be at least 100"),),
    "max_length": (cli.Rule(lambda n: n >= 8, "it must be at least 8"),),
    "mask_share": (cli.Rule(lambda share: 0 < share < 1, "it must be above 0 and below 1"),),
    "warmup_share": cli.SHARE,
    "weight_decay": (cli.Rule(lambda value: value >= 0, "it must be 0 or above 0"),),
    "checkpoint_seconds": cli.CHECKPOINT,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py pretrain`, without those that all commands share."""
    add = partial(cli.add_flag, parser)
    add("weights", None, "weights to continue from: a folder, a name on the hub, or minilm", str)
    add("save", None, "folder for the weights (default: weights/ in the run folder)", Path)
    add("epochs", None, "times that each text is read (default: 8; with --weights 2)", int)
    add("steps", None, "stop after so many steps (default: all of the epochs)", int)
    add("batch_size", None, "texts, or pairs of sentences, a step (default: 32)", int)
    add("lr", None, "highest learning rate (default: 2e-3; with --weights 1e-4)", float)
    add("warmup_share", 0.06, "share of the steps until the learning rate is highest")
    add("weight_decay", 0.01, "of the matrices")
    add("mask_share", 0.15, "share of the tokens that is to be guessed")
    add("max_length", None, "longest text in tokens (default: 64; with --weights 128)", int)
    add("documents", 1000, "invented documents in the embedded text")
    add("vocab_size", 2000, "largest vocabulary that is learned from nothing")
    words = "whether pairs are read as one text, [CLS] a [SEP] b [SEP], or as two"
    parser.add_argument("--pairs", choices=PAIRS, default=PAIRS[0], help=words)
    add("held_out", 1000, "most rows of held-out text that are scored")
    cli.add_threads_flag(parser)
    add("name", "pretrain", "name of the run")
    cli.add_checkpoint_flag(parser)


def run(args: argparse.Namespace) -> None:
    """Pretrain, save the weights, and print what they are worth on held-out text."""
    fill_in(args)
    cli.check(args, RULES)
    texts = unlabelled.read(args)
    tokenizer, bert = start(args, texts)
    model = BertForPretraining(bert)
    encode = partial(sentences.encode, tokenizer, max_length=args.max_length)

    def examples(epoch: int) -> list[sentences.Example]:
        return encode(texts.rows(epoch))

    dev = encode(texts.dev[: args.held_out])
    score = partial(held_out.evaluate, model, dev, tokenizer, devices.pick_device(args.device))
    folder = run_folder(args.out, ASSIGNMENT, args.name)
    saved = args.save or folder / "weights"
    must_be_writable(saved / weight_files.WEIGHTS_FILE)
    scores = {"unigram": held_out.unigram(examples(0), dev, tokenizer), "before": score()}
    train(args, model, examples, tokenizer, folder, texts.sha256)
    scores["after"] = score()
    weight_files.save(saved, bert.config, bert.state_dict(), list(tokenizer.vocab))
    report(scores, folder)
    print(f"weights in {saved}")


def fill_in(args: argparse.Namespace) -> None:
    """Give the flags that were left out their values."""
    for name, value in (CONTINUED if args.weights else FROM_NOTHING).items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def start(args: argparse.Namespace, texts: unlabelled.Texts) -> tuple[BertTokenizer, BertModel]:
    """The tokenizer and the BERT that the training begins with."""
    devices.seed_everything(args.seed)
    if args.weights:
        tokenizer = BertTokenizer.from_pretrained(args.weights)
        bert = BertModel.from_pretrained(args.weights)
    else:
        words = [text for row in texts.rows(0) for text in (row.first, row.second) if text]
        tokenizer = BertTokenizer(learn_vocab(sorted(set(words)), args.vocab_size))
        sizes = {"initializer_range": INITIALIZER_RANGE}
        bert = BertModel(BertConfig.tiny(tokenizer.vocab_size, **sizes))
    positions = bert.config.max_position_embeddings
    if args.max_length > positions:
        raise UserError(f"--max_length {args.max_length}: the model has {positions} positions")
    return tokenizer, bert


def train(
    args: argparse.Namespace,
    model: BertForPretraining,
    examples: Any,
    tokenizer: BertTokenizer,
    folder: Path,
    sha256: str,
) -> None:
    """Train to the end, from the run folder's checkpoint if there is one."""
    steps = args.epochs * -(-len(examples(0)) // args.batch_size)
    steps = min(steps, args.steps or steps)
    config = PretrainingConfig(
        steps=steps,
        batch_size=args.batch_size,
        learning_rate=args.lr,
        warmup_steps=max(1, round(args.warmup_share * steps)),
        weight_decay=args.weight_decay,
        mask_share=args.mask_share,
        seed=args.seed,
        device=args.device,
    )
    trainer = Trainer(model, examples, tokenizer, config)
    identity = {name: getattr(args, name) for name in SETTINGS}
    identity |= {"texts": sha256}
    options = {"title": "pretrain", "seconds": args.checkpoint_seconds}
    with watched(trainer, folder, ASSIGNMENT, args.name, identity, **options):
        trainer.train()
    print(f"step {trainer.step}: loss {trainer.loss:.4f}")


def report(scores: dict[str, held_out.Scores], folder: Path) -> None:
    """Print the scores as a table, and write them into the run folder."""
    print(f"{'on held-out text':24}{'accuracy':>10}{'perplexity':>12}{'next sentence':>15}")
    names = {"unigram": "most frequent token", "before": "before", "after": "after"}
    for key, name in names.items():
        own = scores[key]
        follows = "-" if own.next_accuracy is None else f"{own.next_accuracy:.3f}"
        print(f"{name:24}{own.accuracy:10.3f}{own.perplexity:12.2f}{follows:>15}")
    content = {key: asdict(own) for key, own in scores.items()}
    with write_aside(folder / "scores.json") as file:
        file.write((json.dumps(content, indent=2) + "\n").encode())
