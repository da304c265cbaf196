"""Train, evaluate, sample and sweep a2's models from the command line.

python run.py train --model bow --pe_type rope --block_size 8 --n_embd 64 --lr 1e-3
python run.py sample --model bow --pe_type rope --block_size 8 --n_embd 64 --lr 1e-3
python run.py sweep --grid published-bow --data tinyshakespeare
python run.py sweep --model bow,bow_v2 --pe_type randn,sinpe,rope --n_embd 32,64 --lr 1e-2,1e-3
python run.py report --data tinyshakespeare

A stopped sweep or training resumes where it was when you give the same command again; a cell that
is in the table is never trained twice.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import corpora
import grid
import report as reports
import sweep as sweeps
import table
import torch
import training
from cells import Setting, fresh

from course import checkpoints, devices
from course.cli import add_common_flags, must_be_positive
from course.errors import UserError
from course.launch import code_digest
from course.progress import Progress
from course.runs import run_folder
from course.table import Row, only_one
from course.watch import SAVE_EVERY, watched

ASSIGNMENT = "a2_bigram_bow"
ROOT = Path(__file__).resolve().parents[1]
SEED = 1337
LOG_EVERY = 50  # steps
PE_TYPES = ("randn", "sinpe", "rope")
MODELS = ("bigram", "bigram_mf", "bigram_v2", "bow", "bow_v2")
LARGEST = {
    "block_size": 4096, "n_embd": 4096, "lr": 1e38, "steps": 10**9, "batch_size": 65_536,
    "eval_batches": 10**6, "length": 10**6, "processes": 1024, "checkpoint_seconds": 1e6,
}  # fmt: skip


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, (_, words) in VERBS.items():
        add_flags(verbs.add_parser(verb, help=words, description=words), verb)
    return parser.parse_args(argv)


def add_flags(parser: argparse.ArgumentParser, verb: str) -> None:
    """The flags of one verb; a sweep's are comma-separated lists."""
    many = verb == "sweep"
    word = _words if many else str
    if verb != "report":
        flag(parser, "model", word, "bow,bow_v2" if many else "bow", ", ".join(MODELS))
        flag(parser, "pe_type", word, "randn,sinpe,rope" if many else "rope", ", ".join(PE_TYPES))
        flag(parser, "block_size", _list(int) if many else int, "8" if many else 8, "characters")
        flag(parser, "n_embd", _list(int) if many else int, "32" if many else 32, "channels")
        flag(parser, "lr", _list(float) if many else float, "1e-2" if many else 1e-2,
             "learning rate, constant")  # fmt: skip
        flag(parser, "steps", int, 5000, "batches")
        flag(parser, "batch_size", int, 64, "rows of a batch")
        flag(parser, "eval_batches", int, 200, "batches to average a loss over")
    if verb == "train":
        flag(parser, "checkpoint_seconds", float, SAVE_EVERY,
             "time between checkpoints; 0: every step")  # fmt: skip
    if verb == "sweep":
        flag(parser, "grid", str, None, f"instead of the lists: {', '.join(sweeps.GRIDS)}")
        flag(parser, "processes", int, None, "default: one per core")
        parser.add_argument("--plain", action="store_true", help="train your modules one by one")
    if verb == "sample":
        flag(parser, "length", int, 300, "characters to write")
        flag(parser, "prompt", str, None, "start of the text (default: a line break)")
    if verb in ("evaluate", "sample"):
        flag(parser, "weights", Path, None, "default: the run's")
    if verb == "report":
        flag(parser, "table", Path, None, "default: the sweep's")
    add_common_flags(parser, corpora.DATASETS, SEED)


def flag(
    parser: argparse.ArgumentParser, name: str, kind: Callable, default: Any, words: str
) -> None:
    """A flag that may be spelt with _ or -."""
    spellings = sorted({f"--{name}", f"--{name.replace('_', '-')}"})
    suffix = "" if default is None else f" (default: {default})"
    parser.add_argument(*spellings, dest=name, type=kind, default=default, help=words + suffix)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    devices.pick_device(args.device)  # rejects a missing device; the models run on the CPU
    devices.seed_everything(args.seed)
    VERBS[args.verb][0](args)
    return 0


def train(args: argparse.Namespace) -> None:
    """Train one cell, with checkpoints, a metrics file and a plot in its run folder."""
    cell, setting = one_cell(args), setting_of(args)
    corpus = corpora.load(args.data, args.data_dir)
    check_fits([cell], corpus)
    if args.checkpoint_seconds:
        positive("checkpoint_seconds", args.checkpoint_seconds)
    torch.set_num_threads(1)
    folder = cell_folder(args, cell)
    trainer = training.Trainer(cell, setting, corpus)
    identity = asdict(setting) | asdict(cell)
    identity |= {"solution": args.solution, "code": code_digest(ROOT, args.solution)}
    with watched(
        trainer, folder, ASSIGNMENT, folder.name, identity, args.seed, f"train {cell.model}",
        seconds=args.checkpoint_seconds, log_every=LOG_EVERY,
    ):  # fmt: skip
        trainer.train()
    checkpoints.save_weights(folder / "model.params", trainer.model)
    print_losses(trainer.model, cell, setting, corpus)
    print(f"weights in {folder / 'model.params'}")


def evaluate(args: argparse.Namespace) -> None:
    cell, setting = one_cell(args), setting_of(args)
    corpus = corpora.load(args.data, args.data_dir)
    check_fits([cell], corpus)
    print_losses(trained(args, cell, setting, corpus), cell, setting, corpus)


def sample(args: argparse.Namespace) -> None:
    cell, setting = one_cell(args), setting_of(args)
    positive("length", args.length)
    corpus = corpora.load(args.data, args.data_dir)
    model = trained(args, cell, setting, corpus).eval()
    prompt = "\n" if args.prompt is None else args.prompt
    if not prompt:
        raise UserError("--prompt '': at least one character is needed")
    generator = torch.Generator().manual_seed(args.seed)
    idx = training.write_on(model, corpus.encode(prompt), args.length, cell.block_size, generator)
    print(corpus.decode(idx.tolist()))


def sweep(args: argparse.Namespace) -> None:
    """Train all cells of a grid that are not in the table yet."""
    setting, cells = setting_of(args), cells_of(args)
    if args.processes is not None:
        positive("processes", args.processes)
    corpus = corpora.load(args.data, args.data_dir)
    check_fits(cells, corpus)
    folder = sweep_folder(args)
    path = folder / "table.csv"
    with only_one(folder):
        rows = table.of_cells(path).read()
        table.check_setting(path, rows, asdict(setting))
        missing = grid.missing(cells, rows)
        done = len(cells) - len(missing)
        with Progress(len(cells), "cells", initial=done) as bar:

            def show(new: list[Row]) -> None:
                tokens = setting.steps * setting.batch_size * sum(r["block_size"] for r in new)
                bar.update(new[-1]["val_loss"], tokens, len(new))

            rows = sweeps.run(cells, setting, corpus, path, args.plain, args.processes, show)
    reports.pictures(rows, folder)
    print(f"{len(missing)} cells trained, {done} already done; {len(rows)} in {path}")
    print(reports.best(rows))


def report(args: argparse.Namespace) -> None:
    """Summarise the table, compare it with the published study, and test the conclusions."""
    path = args.table or sweep_folder(args) / "table.csv"
    rows = table.of_cells(path).read()
    if not rows:
        raise UserError(f"{path} has no cells: run `run.py sweep` first, or name another --table")
    for row in rows:
        if row["model"] not in MODELS or row["pe_type"] not in (None, *PE_TYPES):
            raise UserError(f"{path}: {row['model']} {row['pe_type']} is not in this study")
    folder = args.out or path.parent
    text = reports.write(rows, folder)
    print(text)
    print(f"report.md and its pictures are in {folder}")


def one_cell(args: argparse.Namespace) -> Any:
    return lists_to_cells(args, lambda value: [value])[0]


def cells_of(args: argparse.Namespace) -> list[Any]:
    if args.grid is None:
        return lists_to_cells(args, list)
    if args.grid not in sweeps.GRIDS:
        raise UserError(f"--grid {args.grid!r}: choose one of {', '.join(sweeps.GRIDS)}")
    return sweeps.published(args.grid)


def lists_to_cells(args: argparse.Namespace, values: Callable) -> list[Any]:
    """The cells of the flags' lists, after checking each value."""
    for name, valid in (("model", MODELS), ("pe_type", PE_TYPES)):
        for value in values(getattr(args, name)):
            if value not in valid:
                raise UserError(f"--{name} {value!r}: choose from {', '.join(valid)}")
    for name in ("block_size", "n_embd", "lr"):
        for value in values(getattr(args, name)):
            positive(name, value)
    for width in values(args.n_embd):
        if width % 2:
            raise UserError(f"--n_embd {width}: it must be even, as encodings work on pairs")
    return grid.expand(
        *(values(getattr(args, name)) for name in ("model", "pe_type", "block_size", "n_embd")),
        values(args.lr),
    )


def setting_of(args: argparse.Namespace) -> Setting:
    for name in ("steps", "batch_size", "eval_batches"):
        positive(name, getattr(args, name))
    return Setting(args.data, args.seed, args.steps, args.batch_size, args.eval_batches)


def positive(name: str, value: float) -> None:
    must_be_positive(name, value, LARGEST[name])


def check_fits(cells: Sequence[Any], corpus: corpora.Corpus) -> None:
    """Raise UserError if a block does not fit in the shortest split."""
    shortest = min(len(split) for split in corpus.splits.values())
    for cell in cells:
        if cell.block_size >= shortest:
            raise UserError(
                f"--block_size {cell.block_size}: the text of {corpus.name} has {shortest} "
                "characters in its shortest split; a block must be shorter"
            )


def trained(
    args: argparse.Namespace, cell: Any, setting: Setting, corpus: corpora.Corpus
) -> torch.nn.Module:
    model = fresh(cell, setting, corpus.vocab_size)
    checkpoints.load_into(model, args.weights or cell_folder(args, cell) / "model.params")
    return model


def print_losses(model, cell, setting: Setting, corpus: corpora.Corpus) -> None:
    for offset, (name, split) in enumerate(corpus.splits.items(), 1):
        stream = corpora.batches(split, cell.block_size, setting.batch_size, setting.seed + offset)
        loss = grid.estimate_loss(model, islice(stream, setting.eval_batches))
        print(f"{name} loss {loss:.4f}")


def cell_folder(args: argparse.Namespace, cell: Any) -> Path:
    named = (cell.model, cell.pe_type, cell.block_size, cell.n_embd, f"{cell.learning_rate:g}")
    name = "_".join(str(value) for value in named if value is not None)
    return run_folder(args.out, ASSIGNMENT, f"{args.data}_{name}")


def sweep_folder(args: argparse.Namespace) -> Path:
    whose = "_solution" if args.solution else ""  # never in the same table
    return run_folder(args.out, ASSIGNMENT, f"{args.data}_sweep{whose}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _list(kind: Callable) -> Callable:
    def numbers(text: str) -> list:
        return [kind(word) for word in text.split(",")]

    numbers.__name__ = f"list of {kind.__name__}s"
    return numbers


VERBS = {
    "train": (train, "train one cell"),
    "evaluate": (evaluate, "print the losses of a trained cell"),
    "sample": (sample, "write text with a trained cell"),
    "sweep": (sweep, "train all cells of a grid"),
    "report": (report, "summarise a sweep's table and test the conclusions"),
}
