"""How each pretraining setting affects the accuracy, one factor at a time.

    python given/study.py --solution                   # embedded data: minutes a cell, on one core
    python given/study.py --data birthplaces --solution  # hours a cell, or --max_epochs is small

Each cell pretrains, finetunes and evaluates a vanilla model through run.py, with one setting
changed from the base. One cell runs per core, each on one thread. A finished cell is a row of
study.csv in --out and is never run again; a stopped one resumes from its checkpoint. study.png
plots the accuracies.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import corpora

from course import cli
from course.errors import UserError, run_main
from course.plots import panels_of, save_figure
from course.sweep import run as run_jobs
from course.table import Row, Table, only_one

RUN = Path(__file__).resolve().parents[1] / "run.py"
CELL = {"factor": str, "value": str, "seed": int}
RESULTS = {"loss": str, "correct": int, "questions": int, "accuracy": float, "minutes": float}
COLUMNS = CELL | RESULTS
# run.py's option, and its values, including the base's.
FACTORS: dict[str, tuple[str, ...]] = {
    "max_epochs": ("70", "140", "280"),
    "pretrain_lr": ("7.5e-4", "1.5e-3", "3e-3", "6e-3"),
    "shortest": ("4", "32", "64", "112"),
    "span_share": ("0.1", "0.25", "0.5"),
    "dropout": ("0", "0.1"),
    "optimizer": ("adamw", "muon"),
}
BASE = dict(zip(FACTORS, ("140", "1.5e-3", "4", "0.25", "0.1", "adamw"), strict=True))
RULES = {"processes": cli.positive(1024)}


@dataclass(frozen=True)
class Cell:
    """The base with one factor at one value; the base itself has the factor "base"."""

    factor: str
    value: str
    seed: int

    @property
    def name(self) -> str:
        return "_".join(map(str, astuple(self)))

    def settings(self) -> dict[str, str]:
        settings = BASE | ({} if self.factor == "base" else {self.factor: self.value})
        return settings | {"decay_epochs": settings["max_epochs"]}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.new_parser(__doc__)
    parser.add_argument("--factors", nargs="+", choices=FACTORS, default=list(FACTORS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    cli.add_flag(parser, "processes", None, "cells at once (default: one per core)", int)
    cli.add_common_flags(parser, corpora.DATASETS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    cli.check(args, RULES)
    folder = args.out or Path("runs") / RUN.parent.name / "study"
    table = Table(folder / "study.csv", COLUMNS, of="a study")
    with only_one(folder):
        draw(folder / "study.png", run_missing(args, folder, table))
    return 0


def run_missing(args: argparse.Namespace, folder: Path, table: Table) -> list[Row]:
    """Run the cells missing from the table, and return all its rows."""
    rows = table.read()
    done = {tuple(row[name] for name in CELL) for row in rows}
    cells = [cell for cell in all_cells(args) if astuple(cell) not in done]
    print(f"{len(done)} cells are in {table.path}, {len(cells)} left to run")
    work = partial(run_cell, args, folder)
    return run_jobs(table, rows, cells, work, args.processes, threads=True, on_rows=show)


def show(rows: Sequence[Row]) -> None:
    for row in rows:
        print(", ".join(f"{name} {row[name]}" for name in COLUMNS), flush=True)


def all_cells(args: argparse.Namespace) -> list[Cell]:
    """The base first, then each factor's other values; seed by seed."""
    others = [(f, value) for f in args.factors for value in FACTORS[f] if value != BASE[f]]
    return [Cell(*cell, seed) for seed in args.seeds for cell in [("base", ""), *others]]


def run_cell(args: argparse.Namespace, folder: Path, cell: Cell) -> list[Row]:
    """Pretrain, finetune and evaluate; returns the cell's row, alone in a list."""
    started = time.monotonic()
    own = folder / cell.name
    weights, finetuned = own / "pretrained.params", own / "finetuned.params"
    same = {"data": args.data, "seed": cell.seed, "device": args.device, "threads": 1}
    same |= {"data-dir": args.data_dir} if args.data_dir else {}
    last = ["--solution"] if args.solution else []

    def run(function: str, **values: Any) -> str:
        return call(function, *options(same | values), *last)

    files = {"out": own / "pretrain", "writing_params_path": weights}
    training = run("pretrain", **cell.settings(), **files)
    files = {"out": own / "finetune", "writing_params_path": finetuned}
    run("finetune", reading_params_path=weights, **files)
    files = {"reading_params_path": finetuned, "outputs_path": own / "predictions.txt"}
    evaluation = run("evaluate", **files)
    correct, questions = map(float, re.findall(r"Correct: (\S+) out of ([\d.]+)", evaluation)[0])
    loss = re.findall(r"loss (\S+);", training)[0]
    accuracy = round(100 * correct / questions, 1)
    minutes = round((time.monotonic() - started) / 60, 1)
    results = (loss, int(correct), int(questions), accuracy, minutes)
    return [asdict(cell) | dict(zip(RESULTS, results, strict=True))]


def options(values: Mapping[str, Any]) -> list[str]:
    """{"seed": 0} -> ["--seed", "0"]"""
    return [part for name, value in values.items() for part in (f"--{name}", str(value))]


def call(function: str, *options: str) -> str:
    """run.py's output. Raises UserError with its last error line if it fails."""
    command = [sys.executable, str(RUN), function, "vanilla", *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        last = (result.stderr.strip() or "no message").splitlines()[-1]
        raise UserError(f"run.py {function} {' '.join(options)}: {last}")
    return result.stdout


def draw(path: Path, rows: Sequence[Row]) -> None:
    """One panel per factor: each seed's accuracy and their mean, by the factor's value."""
    factors = [factor for factor in FACTORS if any(row["factor"] == factor for row in rows)]
    figure, panels = panels_of(1, max(len(factors), 1), width=2.2, height=3.0, sharey=True)
    for axes, factor in zip(panels[0], factors, strict=False):
        found = [accuracies(rows, factor, value) for value in FACTORS[factor]]
        points = [(place, values) for place, values in enumerate(found) if values]
        for place, values in points:
            axes.plot([place] * len(values), values, "o", color="tab:blue", alpha=0.4, markersize=4)
        axes.plot([p for p, _ in points], [sum(f) / len(f) for _, f in points], color="tab:blue")
        labels = [f"{v} *" if v == BASE[factor] else v for v in FACTORS[factor]]
        axes.set_xticks(range(len(labels)), labels, fontsize=7)
        axes.set_title(factor, fontsize=9)
    panels[0][0].set_ylabel("right answers (%), * = base")
    save_figure(figure, path)


def accuracies(rows: Sequence[Row], factor: str, value: str) -> list[float]:
    """The accuracies of all seeds; the base has every factor's base value."""
    wanted = ("base", "") if value == BASE[factor] else (factor, value)
    return [float(row["accuracy"]) for row in rows if (row["factor"], row["value"]) == wanted]


if __name__ == "__main__":
    sys.exit(run_main(main))
