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
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import corpora
import grid
import report as reports
import sweep as sweeps
import table as tables
import torch
import training
from cells import Setting, fresh

from course import checkpoints, cli, devices
from course.errors import UserError
from course.launch import code_digest
from course.progress import Progress
from course.runs import run_folder
from course.sweep import run as run_jobs
from course.table import Row, only_one
from course.watch import watched

ASSIGNMENT = "a2_bigram_bow"
ROOT = Path(__file__).resolve().parents[1]
SEED = 1337
LOG_EVERY = 50  # steps
PE_TYPES = ("randn", "sinpe", "rope")
MODELS = ("bigram", "bigram_mf", "bigram_v2", "bow", "bow_v2")
# The flags that make a cell: the type, the default of one cell and of a sweep's list, the words.
VARIED = {
    "model": (str, "bow", "bow,bow_v2", ", ".join(MODELS)),
    "pe_type": (str, "rope", "randn,sinpe,rope", ", ".join(PE_TYPES)),
    "block_size": (int, "8", "8", "characters"),
    "n_embd": (int, "32", "32", "channels"),
    "lr": (float, "1e-2", "1e-2", "learning rate, constant"),
}
EVEN = cli.Rule(lambda n: n % 2 == 0, "it must be even, as encodings work on pairs")
RULES = {
    "model": cli.one_of(MODELS),
    "pe_type": cli.one_of(PE_TYPES),
    "block_size": cli.positive(4096),
    "n_embd": (*cli.positive(4096), EVEN),
    "lr": cli.positive(1e38),
    "steps": cli.positive(10**9),
    "batch_size": cli.positive(65_536),
    "eval_batches": cli.positive(10**6),
    "checkpoint_seconds": cli.CHECKPOINT,
    "grid": cli.one_of(sweeps.GRIDS),
    "processes": cli.positive(1024),
    "length": cli.positive(10**6),
    "prompt": (cli.Rule(bool, "at least one character is needed"),),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.new_parser(__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, (_, words) in VERBS.items():
        add_flags(verbs.add_parser(verb, help=words, description=words), verb)
    return parser.parse_args(argv)


def add_flags(parser: argparse.ArgumentParser, verb: str) -> None:
    """The flags of one verb; a sweep's are comma-separated lists."""
    add = partial(cli.add_flag, parser)
    if verb != "report":
        for name, (kind, one, several, words) in VARIED.items():
            many = verb == "sweep"
            add(name, several if many else one, words, _list(kind) if many else kind)
        add("steps", 5000, "batches")
        add("batch_size", 64, "rows of a batch")
        add("eval_batches", 200, "batches to average a loss over")
    if verb == "train":
        cli.add_checkpoint_flag(parser)
    if verb == "sweep":
        add("grid", None, f"instead of the lists: {', '.join(sweeps.GRIDS)}", str)
        add("processes", None, "default: one per core", int)
        parser.add_argument("--plain", action="store_true", help="train your modules one by one")
    if verb == "sample":
        add("length", 300, "characters to write")
        add("prompt", None, "start of the text (default: a line break)", str)
    if verb in ("evaluate", "sample"):
        add("weights", None, "default: the run's", Path)
    if verb == "report":
        add("table", None, "default: the sweep's", Path)
    cli.add_common_flags(parser, corpora.DATASETS, SEED)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    devices.pick_device(args.device)  # rejects a missing device; the models run on the CPU
    devices.seed_everything(args.seed)
    cli.check(args, RULES)
    VERBS[args.verb][0](args)
    return 0


def train(args: argparse.Namespace) -> None:
    """Train one cell, with checkpoints, a metrics file and a plot in its run folder."""
    cell, setting = one_cell(args), setting_of(args)
    corpus = corpora.load(args.data, args.data_dir)
    check_fits([cell], corpus)
    devices.set_threads(1)
    folder = cell_folder(args, cell)
    trainer = training.Trainer(cell, setting, corpus)
    identity = asdict(setting) | asdict(cell)
    identity |= {"solution": args.solution, "code": code_digest(ROOT, args.solution)}
    options = {"title": f"train {cell.model}", "seconds": args.checkpoint_seconds}
    with watched(
        trainer, folder, ASSIGNMENT, folder.name, identity, log_every=LOG_EVERY, **options
    ):
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
    corpus = corpora.load(args.data, args.data_dir)
    model = trained(args, cell, setting, corpus).eval()
    prompt = "\n" if args.prompt is None else args.prompt
    generator = torch.Generator().manual_seed(args.seed)
    idx = training.write_on(model, corpus.encode(prompt), args.length, cell.block_size, generator)
    print(corpus.decode(idx.tolist()))


def sweep(args: argparse.Namespace) -> None:
    """Train all cells of a grid that are not in the table yet."""
    setting, cells = setting_of(args), cells_of(args)
    corpus = corpora.load(args.data, args.data_dir)
    check_fits(cells, corpus)
    folder = sweep_folder(args)
    table = tables.of_cells(folder / "table.csv")
    work = partial(sweeps.train, setting, corpus, args.plain)
    with only_one(folder):
        rows = table.read()
        tables.check_setting(table.path, rows, asdict(setting))
        missing = grid.missing(cells, rows)
        jobs = sweeps.stacks(missing, 1 if args.plain else sweeps.PLACES)
        done = len(cells) - len(missing)
        with Progress(len(cells), "cells", initial=done) as bar:

            def show(new: Sequence[Row]) -> None:
                tokens = setting.steps * setting.batch_size * sum(r["block_size"] for r in new)
                bar.update(new[-1]["val_loss"], tokens, len(new))

            rows = run_jobs(table, rows, jobs, work, args.processes, on_rows=show)
    reports.pictures(rows, folder)
    print(f"{len(missing)} cells trained, {done} already done; {len(rows)} in {table.path}")
    print(reports.best(rows))


def report(args: argparse.Namespace) -> None:
    """Summarise the table, compare it with the published study, and test the conclusions."""
    path = args.table or sweep_folder(args) / "table.csv"
    rows = tables.of_cells(path).read()
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
    return grid.expand(*([getattr(args, name)] for name in VARIED))[0]


def cells_of(args: argparse.Namespace) -> list[Any]:
    if args.grid is not None:
        return sweeps.published(args.grid)
    return grid.expand(*(getattr(args, name) for name in VARIED))


def setting_of(args: argparse.Namespace) -> Setting:
    return Setting(args.data, args.seed, args.steps, args.batch_size, args.eval_batches)


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


def _list(kind: Callable) -> Callable:
    """From "8,16" to [8, 16]; the error names the item that is none."""

    def value(word: str) -> Any:
        try:
            return kind(word)
        except ValueError:
            message = f"invalid {kind.__name__} value: {word!r}"
            raise argparse.ArgumentTypeError(message) from None

    return lambda text: [value(word.strip()) for word in text.split(",")]


VERBS = {
    "train": (train, "train one cell"),
    "evaluate": (evaluate, "print the losses of a trained cell"),
    "sample": (sample, "write text with a trained cell"),
    "sweep": (sweep, "train all cells of a grid"),
    "report": (report, "summarise a sweep's table and test the conclusions"),
}
