"""At which noise levels a diffusion model's bound is lost.

python run.py levels runs/a3_vae_clm/DLM142/model runs/a3_vae_clm/DLM142-low/model --data multi30k

The bound is a sum over the steps from one noise level to the next. The table adds them up in bands
of levels, from the least noise to the most, in nats a text; then come the prior's term and the
length's, and the whole, which is the NLPPS. Two models that weight the levels differently in
training can be told apart here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import corpora
import evaluate
import options
import saved
import torch
from alphabet import Batch
from batches import EVALUATED, in_order
from denoising import Diffusion
from saved import Saved

from course import cli
from course.devices import pick_device
from course.errors import UserError

BANDS = 5
LINES = 200  # texts, unless --lines says otherwise: each is read at every level


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py levels`, without those that all commands share."""
    words = "the folders of trained diffusion models"
    parser.add_argument("models", type=Path, nargs="+", metavar="FOLDER", help=words)
    options.add_text_flags(parser, lines=LINES)
    cli.add_threads_flag(parser)


def run(args: argparse.Namespace) -> None:
    """Print the table."""
    models = [diffusion_model(saved.load(folder)) for folder in args.models]
    _, lines, name = evaluate.find(args)
    device = pick_device(args.device)
    columns = [
        bands(model, corpora.encode(lines, model.alphabet, name), device) for model in models
    ]
    print(f"nats a text, {len(lines):,} texts of {name}")
    print(table([model.number for model in models], columns))


def diffusion_model(model: Saved) -> Saved:
    """The same. Raises UserError for a model that has no levels of one noise for all places."""
    if not isinstance(model.model, Diffusion):
        raise UserError(f"{model.number!r} has no noise levels: name models like DLM116 or DLM142")
    if model.model.noise.steps < BANDS:
        raise UserError(f"{model.number!r} has {model.model.noise.steps} levels: not {BANDS} bands")
    return model


@torch.no_grad()
def bands(model: Saved, sequences: Sequence[list[int]], device: torch.device) -> list[float]:
    """What each band of levels, the prior and the length cost, nats a text."""
    module = model.model.to(device).eval()
    sums = [
        parts(module, batch.to(device))
        for _, batch in in_order(sequences, model.alphabet, EVALUATED)
    ]
    return (torch.stack(sums).sum(0) / len(sequences)).tolist()


def parts(module: Diffusion, batch: Batch) -> torch.Tensor:
    """The sums over a batch, (BANDS + 2,): the bands, the prior, the length."""
    steps = module.by_level(batch).sum(1)  # (steps,)
    shares = [each.sum() for each in steps.tensor_split(BANDS)]
    start, length = module.start_term(batch).sum(), -module.lengths.log_prob(batch.lengths).sum()
    return torch.stack([*shares, start, length]).double().cpu()


def table(names: Sequence[str], columns: Sequence[Sequence[float]]) -> str:
    """The figures as text, a column for each model."""
    labels = [f"band {band} of {BANDS}" for band in range(1, BANDS + 1)]
    labels = [f"{labels[0]}, least noise", *labels[1:-1], f"{labels[-1]}, most noise"]
    rows = [*labels, "prior", "length", "NLPPS"]
    figures = [[*column, sum(column)] for column in columns]
    width = max(10, *(len(name) + 2 for name in names))
    heading = " " * 24 + "".join(f"{name:>{width}}" for name in names)
    body = (
        f"{row:<24}" + "".join(f"{column[place]:>{width}.3f}" for column in figures)
        for place, row in enumerate(rows)
    )
    return "\n".join([heading, *body])
