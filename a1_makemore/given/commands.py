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
from pathlib import Path
from typing import Any

import corpora
import makemore
import pictures
import trainer as trainers
import weights
from torch import Tensor

from course import devices
from course.cli import add_common_flags, must_be_positive
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
SHARES = ("noise", "weight_decay", "average")
LARGEST = {
    "count": 10**6, "block_size": 256, "n_embd": 4096, "n_hidden": 16_384, "batch_size": 65_536,
    "max_steps": 10**9, "lr": 1e38,
}  # fmt: skip
LONGEST = 1e6  # seconds between checkpoints


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("function", choices=FUNCTIONS, help="what to do")
    add("corpus", nargs="?", metavar="NAMES", help="a file of names (default: --data's)")
    add("--reading_params_path", metavar="FILE", help="weights to evaluate, or to sample from")
    add("--writing_params_path", metavar="FILE", help="where the weights go (default: the run's)")
    add("--count", type=int, default=20, metavar="N", help="names to sample (default: 20)")
    add("--block_size", type=int, default=8, metavar="N", help="context, a power of 2 (default: 8)")
    add("--n_embd", type=int, default=24, metavar="N", help="default: 24")
    add("--n_hidden", type=int, default=128, metavar="N", help="default: 128")
    add("--max_steps", type=int, metavar="N", help="default: 200,000; embedded: 10,000")
    add("--batch_size", type=int, default=32, metavar="N", help="default: 32")
    own = parser.add_argument_group("changes to the published recipe")
    own.add_argument("--cosine", action="store_true", help="let the rate fall from --lr to 0")
    own.add_argument("--lr", type=float, default=0.1, help="the cosine's highest rate")
    own.add_argument("--weight_decay", type=float, default=0.0, metavar="W", help="of the matrices")
    own.add_argument("--noise", type=float, default=0.0, metavar="P", help="share of hidden inputs")
    own.add_argument("--average", type=float, default=0.0, metavar="P", help="last steps averaged")
    own.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    own.add_argument("--name", default="run", help="name of the run (default: %(default)s)")
    own.add_argument(
        "--checkpoint_seconds", type=float, default=30.0, metavar="S",
        help="time between checkpoints; 0: every hundred steps (default: %(default)s)",
    )  # fmt: skip
    add_common_flags(parser, corpora.DATASETS)
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
    for name, largest in LARGEST.items():
        must_be_positive(name, getattr(args, name), largest)
    if args.checkpoint_seconds:
        must_be_positive("checkpoint_seconds", args.checkpoint_seconds, LONGEST)
    if args.batch_size < 2:
        raise UserError(f"--batch_size {args.batch_size}: at least 2, as one row has no variance")
    if args.block_size < 2 or args.block_size & (args.block_size - 1):
        raise UserError(f"--block_size {args.block_size} is not a power of 2: 2, 4, 8, 16, ...")
    for name in SHARES:
        if not 0 <= getattr(args, name) < 1:
            raise UserError(f"--{name} {getattr(args, name)}: must be at least 0 and below 1")
    if args.function != "train" and not args.reading_params_path:
        raise UserError(f"{args.function} needs --reading_params_path: the weights")


def train(args: argparse.Namespace) -> None:
    """Train to the end, from the run folder's checkpoint if there is one."""
    names = corpora.find(args.corpus, args.data, args.data_dir)
    folder = run_folder(args.out, ASSIGNMENT, args.name)
    path = Path(args.writing_params_path or folder / "model.params")
    must_be_writable(path)
    stoi, _ = makemore.build_vocabulary(names)
    data = datasets(names, stoi, args.block_size)
    model = makemore.build_model(len(stoi), args.block_size, args.n_embd, args.n_hidden)
    config = trainers.TrainerConfig(
        args.max_steps, args.batch_size, args.seed, args.cosine, args.lr, args.weight_decay,
        args.noise, args.average,
    )  # fmt: skip
    identity = describe(args, config) | {"names": corpora.sha256(names)}
    trainer = trainers.Trainer(model, *data["train"], config)
    with watched(
        trainer, folder, ASSIGNMENT, args.name, identity, args.seed, "train",
        seconds=args.checkpoint_seconds, log_every=LOG_EVERY,
    ) as run:  # fmt: skip
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
    names = corpora.find(args.corpus, args.data, args.data_dir)
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
