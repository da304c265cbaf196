"""How sensitive models are to their settings, as a picture.

python run.py study DLM100 --factors lr hidden_size --max_steps 500
python run.py study DLM128 DLM142 --data multi30k --factors lr depth --by 0.5 1 2 --seeds 0 1

Each setting is multiplied by the numbers of --by while all others stay as they are, the model is
trained, and scored on dev. One training runs per core. A finished one is a row of study.csv in
--out, by default runs/a3_vae_clm/study, and is not run again. study.png has a panel for each model
and a line for each setting: a steep one is a setting that matters. With several seeds the points
show how much of that is chance.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fit
import options
from alphabet import Alphabet
from family import FAMILY, find
from saved import fresh

from course import cli
from course.plots import panels_of, save_figure
from course.runs import run_folder
from course.sweep import run as run_jobs
from course.table import Row, Table, only_one

FACTORS = ("lr", "batch_size", *(name for name in options.SIZES if name != "kernel"))  # that is odd
CELL = {"model": str, "factor": str, "by": float, "value": float, "seed": int, "settings": str}
COLUMNS = CELL | {"parameters": int, "nlpps": float, "minutes": float}


@dataclass(frozen=True)
class Cell:
    """One training. args: all its flags; by: what the factor was multiplied with to be `value`;
    texts: the sha256 of the corpus."""

    args: Namespace
    factor: str
    by: float
    texts: str

    @property
    def row(self) -> Row:
        """The columns that tell it from others; settings: a digest of all else and of the texts."""
        args = self.args
        own = {"data": self.texts, "lines": args.lines} | options.identity(args)
        settings = json.dumps(own, sort_keys=True)
        digest = hashlib.sha256(settings.encode()).hexdigest()[:12]
        value = float(getattr(args, self.factor))
        cell = (args.model, self.factor, self.by, value, args.seed, digest)
        return dict(zip(CELL, cell, strict=True))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py study`, without those that all commands share."""
    parser.add_argument("models", nargs="+", metavar="MODEL", help="numbers or names")
    words = "settings that are varied (default: lr and batch_size)"
    factors = ["lr", "batch_size"]
    parser.add_argument("--factors", nargs="+", choices=FACTORS, default=factors, help=words)
    words = "what they are multiplied with (default: 1/4, 1/2, 1, 2 and 4)"
    by = [0.25, 0.5, 1.0, 2.0, 4.0]
    parser.add_argument("--by", nargs="+", type=float, default=by, metavar="X", help=words)
    words = "seeds of each training (default: 0)"
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="N", help=words)
    cli.add_flag(parser, "processes", None, "trainings at once (default: one per core)", int)
    options.add_training_flags(parser)


def run(args: Namespace) -> None:
    """Run the trainings that are not in the table yet, and draw the picture."""
    cells = cells_of(args)
    folder = run_folder(args.out, options.ASSIGNMENT, "study")
    table = Table(folder / "study.csv", COLUMNS, optional=("nlpps",), of="a study")
    with only_one(folder):
        rows = table.read()
        done = {identity(row) for row in rows}
        missing = [cell for cell in cells if identity(cell.row) not in done]
        print(f"{len(cells) - len(missing)} of {len(cells)} trainings are in {table.path}")
        rows = run_jobs(table, rows, missing, run_cell, args.processes, on_rows=show)
        wanted = {identity(cell.row) for cell in cells}
        draw(folder / "study.png", [row for row in rows if identity(row) in wanted])
    print(f"the picture is in {folder / 'study.png'}")


def identity(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in CELL)


def cells_of(args: Namespace) -> list[Cell]:
    """All trainings. Raises UserError for bad files, and for a setting that a model cannot have."""
    numbers = list(dict.fromkeys(map(find, args.models)))
    digest = fit.texts(args).sha256
    return [
        Cell(varied(args, number, factor, by, seed), factor, by, digest)
        for seed in args.seeds
        for number in numbers
        for factor in args.factors
        for by in sorted(set(args.by))
    ]


def varied(args: Namespace, number: str, factor: str, by: float, seed: int) -> Namespace:
    """The flags of one training: the model's own settings, one of them multiplied."""
    own = Namespace(**vars(args) | {"model": number, "seed": seed})
    options.fill_in(own, FAMILY[number])
    value = getattr(own, factor) * by
    setattr(own, factor, value if factor == "lr" else max(1, round(value)))
    cli.check(own, options.RULES)
    fresh(number, options.sizes(own), Alphabet("a"))  # a model may refuse a size, too
    return own


def run_cell(cell: Cell) -> list[Row]:
    """Train and score on dev; returns the cell's row, alone in a list. A loss that is not finite
    ends the training, and leaves its NLPPS out."""
    started = time.monotonic()
    saved, trainer = fit.make_trainer(cell.args.model, cell.args, fit.texts(cell.args))
    try:
        trainer.train()
        nlpps = round(trainer.take_best(), 3)
    except FloatingPointError:
        nlpps = None
    minutes = round((time.monotonic() - started) / 60, 2)
    return [cell.row | {"parameters": saved.parameters, "nlpps": nlpps, "minutes": minutes}]


def show(rows: Sequence[Row]) -> None:
    for row in rows:
        shown = (f"{name} {row[name]}" for name in COLUMNS if name != "settings")
        print(", ".join(shown), flush=True)


def draw(path: Path, rows: Sequence[Row]) -> None:
    """A panel for each model: NLPPS by what a setting was multiplied with, a line for each."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    figure, panels = panels_of(1, len(models), width=4.0, height=3.4)
    for axes, model in zip(panels[0], models, strict=True):
        own = [row for row in rows if row["model"] == model and row["nlpps"] is not None]
        for number, factor in enumerate(dict.fromkeys(row["factor"] for row in own)):
            points = [(row["by"], row["nlpps"]) for row in own if row["factor"] == factor]
            axes.plot(*zip(*points, strict=True), "o", color=f"C{number}", alpha=0.4, markersize=4)
            axes.plot(*zip(*means(points), strict=True), color=f"C{number}", label=factor)
        axes.set_xscale("log", base=2)
        axes.set_title(f"{model} ({FAMILY[model].name})", fontsize=9)
        axes.set_xlabel("multiple of the model's own setting")
        if own:
            axes.legend(frameon=False)
    panels[0][0].set_ylabel("NLPPS on dev (nats)")
    save_figure(figure, path)


def means(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The mean of each x, in order."""
    values: dict[float, list[float]] = {}
    for x, y in points:
        values.setdefault(x, []).append(y)
    return [(x, sum(own) / len(own)) for x, own in sorted(values.items())]
