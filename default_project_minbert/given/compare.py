"""Train with each choice under one budget of steps, with several seeds, and draw the scores.

python run.py compare                                       # embedded data: minutes
python run.py compare --data minbert --weights minilm --steps 3000 --seeds 1 2 3
python run.py compare --choices "round robin" "cross-encoding" --steps 300

Each choice changes one thing in the base, "round robin": separate heads on [u, v, |u - v|] of mean
vectors; "cosine, calibrated" changes one in "cosine". A score is that of the last step, not of the
best one, so nothing is selected on dev. A finished training is a row of compare.csv in --out and is
never run again; compare.png shows the scores, and how tasks are forgotten if they are trained one
after another.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import corpora
import options
import saved
from claims import claim
from finetune import Trainer
from mixing import ends_of_tasks
from multitask import THREE
from options import add_training_flags
from pictures import draw
from probe import BAG, LINEAR, NOT_TRAINED, ROWS, probe
from session import plan, prepare

from course import cli, devices
from course.errors import UserError
from course.files import is_file, read_text, write_aside
from course.sweep import run as run_jobs
from course.table import Row, Table, only_one

BASE = "round robin"
DEFAULTS = {"order": "round_robin", "pcgrad": False}
DEFAULTS |= {"pair_head": "own", "pooling": "mean", "calibrate": False}
# What each choice changes in the base.
CHOICES: dict[str, dict[str, Any]] = {
    NOT_TRAINED: {},
    LINEAR: {},
    BAG: {},
    BASE: {},
    "one after another": {"order": "one_after_another"},
    "mixed": {"order": "mixed"},
    "annealed sampling": {"order": "annealed"},
    "|u - v|": {"pair_head": "abs_diff"},
    "cosine": {"pair_head": "cosine"},
    "cosine, calibrated": {"pair_head": "cosine", "calibrate": True},
    "relational layer": {"pair_head": "relational"},
    "cross-encoding": {"pair_head": "cross"},
    "pooler": {"pooling": "cls"},
    "heads first": {"heads_first": 0.1},  # a share of the steps
    "frozen BERT": {"option": "pretrain", "heads_lr": options.FROZEN_LR},
    "PCGrad": {"pcgrad": True},  # each update takes three batches, so there are a third of them
    "SMART": {"smart": 1.0},
}
COLUMNS = {"choice": str, "seed": int, "after": str, "steps": int}
COLUMNS |= dict.fromkeys((*THREE, "mean", "minutes"), float)
END = "end"
STEPS = {True: 1500, False: 3000}  # by whether BERT is tiny


@dataclass(frozen=True)
class Cell:
    """One training."""

    choice: str
    seed: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py compare`, without those that all commands share."""
    parser.add_argument("--choices", nargs="+", choices=CHOICES, default=list(CHOICES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    cli.add_flag(parser, "processes", None, "trainings at once (default: one per core)", int)
    add_training_flags(parser)
    corpora.add_path_flags(parser, THREE)


def run(args: argparse.Namespace) -> None:
    """Do the trainings that the table lacks, then draw it and judge the claim."""
    options.fill_in(args)
    args.steps = args.steps or STEPS[options.is_tiny(args.weights)]
    folder = args.out or Path("runs") / options.ASSIGNMENT / "compare"
    table = Table(folder / "compare.csv", COLUMNS, (*THREE, "mean"), of="a comparison")
    with only_one(folder):
        must_be_the_same(folder / "compare.json", options.identity(args) | {"steps": args.steps})
        rows = run_missing(args, table)
        draw(folder / "compare.png", rows, list(CHOICES), THREE, END)
    show(rows)
    print(claim(rows, BASE, [name for name in CHOICES if name not in ROWS])[1])


def must_be_the_same(path: Path, settings: dict[str, Any]) -> None:
    """Keep the settings beside the table. Raises UserError if its rows have other ones."""
    settings = {name: value for name, value in settings.items() if name not in ("seed", "code")}
    if is_file(path):
        earlier = json.loads(read_text(path))
        for name, value in settings.items():
            if earlier.get(name) != value:
                raise UserError(
                    f"{path.parent} holds a comparison with {name} {earlier.get(name)!r}, this one "
                    f"has {value!r}: name another folder with --out, or delete this one"
                )
    with write_aside(path) as file:
        file.write((json.dumps(settings, indent=2) + "\n").encode())


def run_missing(args: argparse.Namespace, table: Table) -> list[Row]:
    """Do what the table lacks, and return all its rows."""
    rows = table.read()
    done = {(row["choice"], row["seed"]) for row in rows}
    cells = [Cell(choice, seed) for seed in args.seeds for choice in args.choices]
    cells = [cell for cell in cells if (cell.choice, cell.seed) not in done]
    print(f"{len(done)} trainings are in {table.path}, {len(cells)} left to run", flush=True)
    return run_jobs(table, rows, cells, partial(run_cell, args), args.processes)


def run_cell(args: argparse.Namespace, cell: Cell) -> list[Row]:
    """One training, or one way without: its rows, the last of which is the end's."""
    args = settled(args, cell)
    started = time.monotonic()
    if cell.choice in ROWS:
        scores: dict[str, Any] = dict(probe(args, THREE, args.pooling)[cell.choice])
        known = [value for value in scores.values() if value is not None]
        scores["mean"] = sum(known) / len(known) if len(known) == len(THREE) else None
        return [_row(args, cell, END, scores, started)]
    trainer = trained(args)
    marks = {}
    if args.order == "one_after_another":
        marks = dict(zip(ends_of_tasks(len(THREE), trainer.total_steps), THREE, strict=True))
    marks.pop(trainer.total_steps, None)
    found = [(marks[step], scores) for step, scores in trainer.scores if step in marks]
    found.append((END, trainer.scores[-1][1]))
    return [_row(args, cell, after, scores, started) for after, scores in found]


def settled(args: argparse.Namespace, cell: Cell) -> argparse.Namespace:
    """The flags of one cell: the base, changed as the choice says."""
    values = vars(args) | DEFAULTS | CHOICES[cell.choice] | {"seed": cell.seed}
    if cell.choice == "heads first":
        values["heads_first"] = round(values["heads_first"] * args.steps)
    if values["pcgrad"]:
        values["batches"] = args.steps
        values["steps"] = max(1, args.steps // len(THREE))
    return argparse.Namespace(**values)


def trained(args: argparse.Namespace) -> Trainer:
    """A finished training, with the weights of its last step."""
    found = {task: corpora.find(task, args) for task in THREE}
    tokenizer, config = options.start(args, corpora.sentences(found.values()))
    config = config.replace(**options.of_model(args), tasks=list(THREE))
    data = prepare(found, tokenizer, config)
    devices.seed_everything(args.seed)
    settings = plan(args, data.train)
    trainer = Trainer(saved.build(config), data.train, data.dev, settings)
    trainer.train()
    return trainer


def _row(
    args: argparse.Namespace, cell: Cell, after: str, scores: dict[str, Any], started: float
) -> Row:
    minutes = round((time.monotonic() - started) / 60, 2)
    rounded = {name: None if x is None else round(x, 4) for name, x in scores.items()}
    steps = getattr(args, "batches", args.steps)
    own = {"choice": cell.choice, "seed": cell.seed, "after": after, "steps": steps}
    return own | rounded | {"minutes": minutes}


def show(rows: Sequence[Row]) -> None:
    """Print the table: the mean over the seeds of each choice."""
    print(f"{'dev, mean of the seeds':<26}" + "".join(f"{name:>8}" for name in (*THREE, "mean")))
    for choice in CHOICES:
        own = [row for row in rows if row["choice"] == choice and row["after"] == END]
        if own:
            cells = [_mean([row[name] for row in own]) for name in (*THREE, "mean")]
            print(f"{choice:<26}" + "".join(f"{cell:>8}" for cell in cells))


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else "-"
