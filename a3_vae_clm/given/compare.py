"""Show trained models side by side on the same texts, in one HTML page.

python run.py compare runs/a3_vae_clm/*/model
python run.py compare FOLDER FOLDER --data multi30k --lines 1000 --count 20 --output comparison.html

A table has each model's NLPPS, its bits per character, and the tail: what the worst of a hundred
and of a thousand texts cost. Below are texts, each as every model sees it: the darker a character,
the more nats it cost that model. Some go from the easiest to the hardest, others are those at which
one model is far better or worse than the rest. All models must know the same alphabet.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path
from typing import Any

import comparison
import corpora
import evaluate
import options
import saved
import torch
from saved import Saved

from course import cli
from course.devices import pick_device
from course.errors import UserError
from course.files import make_folder, must_be_writable, write_aside

TEMPLATE = Path(__file__).with_name("comparison.html.jinja")
DARKEST = 8.0  # nats of a character from which its colour is the same


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py compare`, without those that all commands share."""
    words = "the folder of a trained model"
    parser.add_argument("models", nargs="+", type=Path, metavar="FOLDER", help=words)
    options.add_text_flags(parser)
    cli.add_flag(parser, "count", 12, "texts to show from the easiest to the hardest")
    cli.add_flag(parser, "output", Path("comparison.html"), "the page")
    cli.add_threads_flag(parser)


def run(args: argparse.Namespace) -> None:
    """Score the models, print the table, and write the page."""
    models = load(args.models)
    _, lines, where = evaluate.find(args)
    must_be_writable(args.output)
    sequences = corpora.encode(lines, models[0].alphabet, where)
    everything, characters = evaluate.masks(torch.tensor([len(each) for each in sequences]))
    device, table, shares = pick_device(args.device), [], []
    for model in models:
        own, _ = evaluate.shares(model, sequences, device=device)
        shares.append(own)
        table.append(comparison.figures(model, own, everything, characters))
        print(f"{model.number:<20} {table[-1].with_length:8.3f} nats with the length")
    stacked = torch.stack(shares)  # (M, N, T)
    names = [f"{each.number} {each.name}" for each in table]
    losses = -stacked.sum(dim=2) / everything.sum(dim=1)
    texts = [
        comparison.shown(lines[row], why, names, stacked[:, row])
        for row, why in comparison.choose(losses, names, args.count)
    ]
    table.sort(key=lambda each: each.with_length)
    write(args.output, where=where, count=len(lines), table=table, texts=texts)
    print(f"{len(models)} models on {len(lines):,} texts: {args.output}")


def load(folders: list[Path]) -> list[Saved]:
    """The models. Raises UserError for two of different alphabets."""
    models = [saved.load(folder) for folder in folders]
    for folder, model in zip(folders, models, strict=True):
        if model.alphabet.save() != models[0].alphabet.save():
            raise UserError(
                f"{folder} and {folders[0]} have different alphabets: compare models of one corpus"
            )
    return models


def write(path: Path, **values: Any) -> None:
    """Write the page, whole or not at all."""
    text = (
        _environment()
        .get_template(TEMPLATE.name)
        .render(quantiles=comparison.QUANTILES, darkest=DARKEST, **values)
    )
    make_folder(path.parent)
    with write_aside(path) as file:
        file.write(text.encode())


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shade"] = _shade
    return environment


def _shade(loss: float) -> int:
    """0 to 10: how dark a character is."""
    return round(10 * min(max(loss, 0.0), DARKEST) / DARKEST)
