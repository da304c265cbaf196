"""Train a1's model of names, evaluate it, and sample from it, from the command line.

python run.py train --writing_params_path runs/names.params
python run.py evaluate --reading_params_path runs/names.params
python run.py sample --reading_params_path runs/names.params --count 20

Without a file of names, those of --data are used. Without options, training follows the published
recipe on `names`, and a shorter one on the embedded data. A stopped training resumes where it was
when you give the same command again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import corpora
import makemore
import pictures
import trainer as trainers
import weights
from torch import Tensor

from course import cli, devices
from course.errors import UserError
from course.files import must_be_writable
from course.launch import code_digest
from course.runs import Run, run_folder
from course.watch import watched

ASSIGNMENT = "a1_makemore"
ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = ("train", "evaluate", "sample")
MAX_STEPS = {"names": 200_000, "embedded": 10_000}
LOG_EVERY = 1000  # steps; each row is the mean over them
SPLITS = ("train", "dev", "test")
RECIPE = ("max_steps", "batch_size", "seed", "cosine", "lr", "weight_decay", "noise", "average")
RULES = {
    "count": cli.positive(10**6),
    "block_size": cli.positive(256),
    "n_embd": cli.positive(4096),
    "n_hidden": cli.positive(16_384),
    "max_steps": cli.positive(10**9),
    "batch_size": (
        *cli.positive(65_536),
        cli.Rule(lambda size: size >= 2, "at least 2, as one row has no variance"),
    ),
    "lr": cli.positive(1e38),
    "weight_decay": cli.SHARE,
    "noise": cli.SHARE,
    "average": cli.SHARE,
    "checkpoint_seconds": cli.CHECKPOINT,
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.new_parser(__doc__)
    add = partial(cli.add_flag, parser)
    parser.add_argument("function", choices=FUNCTIONS, help="what to do")
    parser.add_argument("corpus", nargs="?", metavar="NAMES", help="a file (default: --data's)")
    add("reading_params_path", None, "weights to evaluate, or to sample from", Path)
    add("writing_params_path", None, "where the weights go (default: the run's)", Path)
    add("count", 20, "names to sample")
    add("block_size", 8, "context, a power of 2")
    add("n_embd", 24, "channels of a character")
    add("n_hidden", 128, "channels of a layer")
    add("max_steps", None, "default: 200,000; embedded: 10,000", int)
    add("batch_size", 32, "rows of a batch")
    own = parser.add_argument_group("changes to the published recipe")
    add = partial(cli.add_flag, own)
    own.add_argument("--cosine", action="store_true", help="let the rate fall from --lr to 0")
    add("lr", 0.1, "the cosine's highest rate")
    add("weight_decay", 0.0, "of the matrices")
    add("noise", 0.0, "share of hidden inputs")
    add("average", 0.0, "share of the steps, the last, that are averaged")
    add("threads", 1, "threads")
    add("name", "run", "name of the run")
    cli.add_checkpoint_flag(own, "hundred steps")
    cli.add_common_flags(parser, corpora.DATASETS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    check(args)
    devices.set_threads(args.threads)
    devices.seed_everything(args.seed)
    args.code = code_digest(ROOT, args.solution)
    {"train": train, "evaluate": evaluate, "sample": sample}[args.function](args)
    return 0


def check(args: argparse.Namespace) -> None:
    """Raise UserError for a number out of range."""
    if args.device == "cuda":
        raise UserError("--device cuda: these layers compute on the CPU; use cpu or auto")
    if args.max_steps is None:
        args.max_steps = MAX_STEPS["names" if args.corpus else args.data]
    cli.check(args, RULES)
    if args.block_size < 2 or args.block_size & (args.block_size - 1):
        raise UserError(f"--block_size {args.block_size} is not a power of 2: 2, 4, 8, 16, ...")
    if args.function != "train" and not args.reading_params_path:
        raise UserError(f"{args.function} needs --reading_params_path: the weights")


def train(args: argparse.Namespace) -> None:
    """Train to the end, from the run folder's checkpoint if there is one."""
    text = corpora.find(args.corpus, args.data, args.data_dir)
    folder = run_folder(args.out, ASSIGNMENT, args.name)
    path = args.writing_params_path or folder / "model.params"
    must_be_writable(path)
    stoi, _ = makemore.build_vocabulary(text.lines)
    data = datasets(text.lines, stoi, args.block_size)
    model = makemore.build_model(len(stoi), args.block_size, args.n_embd, args.n_hidden)
    config = trainers.TrainerConfig(**{name: getattr(args, name) for name in RECIPE})
    identity = describe(args, config) | {"names": text.sha256}
    trainer = trainers.Trainer(model, *data["train"], config)
    options = {"title": "train", "seconds": args.checkpoint_seconds, "log_every": LOG_EVERY}
    with watched(trainer, folder, ASSIGNMENT, args.name, identity, **options) as run:
        trainer.train()
    weights.save_model(path, model, stoi)
    losses = {split: makemore.evaluate(model, *data[split]) for split in ("train", "dev")}
    size = sum(p.numel() for p in model.parameters())
    # Last, because a batch in training mode changes the running statistics.
    draw(run, model, data["train"], args.batch_size)
    print(f"step {trainer.step}: {size:,} parameters, {show(losses)}; weights in {path}")


def evaluate(args: argparse.Namespace) -> None:
    names, stoi, _, model, block_size = load(args)
    data = datasets(names, stoi, block_size)
    print(show({split: makemore.evaluate(model, *data[split]) for split in SPLITS}))


def sample(args: argparse.Namespace) -> None:
    """Print sampled names, one per line, each with the split that has it, or "new"."""
    names, _, itos, model, block_size = load(args)
    known = dict(zip(SPLITS, map(set, makemore.split_names(names)), strict=True))
    written = makemore.sample(model, itos, args.count, block_size)
    counts = dict.fromkeys((*SPLITS, "new"), 0)
    for name in written:
        where = next((split for split in SPLITS if name in known[split]), "new")
        counts[where] += 1
        print(f"{name:<20} {where}")
    print(", ".join(f"{count} {where}" for where, count in counts.items()))


def load(args: argparse.Namespace) -> tuple[list[str], dict, dict, Any, int]:
    """The names, stoi, itos, the model and its block size."""
    names = corpora.find(args.corpus, args.data, args.data_dir).lines
    stoi, itos = makemore.build_vocabulary(names)
    model, block_size = weights.load_model(args.reading_params_path, stoi)
    return names, stoi, itos, model, block_size


def datasets(
    names: list[str], stoi: dict[str, int], block_size: int
) -> dict[str, tuple[Tensor, Tensor]]:
    """{"train": (x, y), "dev": ..., "test": ...}"""
    splits = zip(SPLITS, makemore.split_names(names), strict=True)
    return {split: makemore.build_dataset(part, stoi, block_size) for split, part in splits}


def draw(run: Run, model: Any, data: tuple[Tensor, Tensor], size: int) -> None:
    """Draw the pictures of a finished training in its run folder."""
    pictures.draw_loss(run.folder / "loss_windows.png", run.rows)
    x, y = (part[: max(size, 512)] for part in data)
    pictures.draw_histograms(
        run.folder / "layers.png", model, lambda: makemore.cross_entropy(model(x), y)
    )


def describe(args: argparse.Namespace, config: Any) -> dict[str, Any]:
    """Everything that affects a training's numbers, in plain values."""
    chosen = {k: v for k, v in asdict(config).items() if k != "fast"}
    named = ("block_size", "n_embd", "n_hidden", "solution", "code")
    return chosen | {name: getattr(args, name) for name in named}


def show(losses: dict[str, float]) -> str:
    return ", ".join(f"{split} {loss:.4f}" for split, loss in losses.items())
