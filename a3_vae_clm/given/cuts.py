"""How models of segments cut texts: by rule, by a parser, or in the likeliest of all ways.

python run.py cuts runs/a3_vae_clm/DLM108/model runs/a3_vae_clm/DLM108-exact/model --data multi30k

The table has, for each model, the mean number of characters of a segment; in which share of the
texts it cuts as rarely as it may, and in which after every character, as parsers do that have
collapsed; which share of the cuts inside texts stands right after a space, and which share of the
spaces is cut after. A few texts follow, with a bar at each cut. What a parser does is drawn, once a
text; --seed draws anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import corpora
import evaluate
import options
import saved
import torch
from batches import EVALUATED, in_order
from lattice import MarginalSegments
from parser import LatentSegments
from saved import Saved
from segmental import SegmentModel

from course import cli
from course.devices import pick_device
from course.errors import UserError

SHOWN = 3  # texts
LINES = 1000  # texts, unless --lines says otherwise
KINDS = (SegmentModel, LatentSegments, MarginalSegments)


@dataclass(frozen=True)
class Habits:
    """How a model cuts. length: characters of a segment; the others are shares, nan of nothing."""

    length: float
    never: float
    always: float
    after_space: float
    spaces_cut: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py cuts`, without those that all commands share."""
    words = "the folders of trained models of segments"
    parser.add_argument("models", type=Path, nargs="+", metavar="FOLDER", help=words)
    options.add_text_flags(parser, lines=LINES)
    cli.add_threads_flag(parser)


def run(args: argparse.Namespace) -> None:
    """Print the table, and texts in their segments."""
    models = [segment_model(saved.load(folder)) for folder in args.models]
    _, lines, name = evaluate.find(args)
    print(f"{len(lines):,} texts of {name}")
    print(f"{'':24}{'length':>8}{'never':>8}{'always':>8}{'after a space':>15}{'spaces cut':>12}")
    shown = []
    for model in models:
        sequences = corpora.encode(lines, model.alphabet, name)
        texts = segmented(model, sequences, pick_device(args.device))
        print(row(model.number, habits(texts, model.model.width)))
        shown += [f"{model.number}: {'|'.join(text)}" for text in texts[:SHOWN]]
    print("\n".join(shown))


def segment_model(model: Saved) -> Saved:
    """The same. Raises UserError for a model that has no segments."""
    if not isinstance(model.model, KINDS):
        raise UserError(f"{model.number!r} has no segments: name models like DLM102 or DLM108")
    return model


def segmented(
    model: Saved, sequences: Sequence[list[int]], device: torch.device
) -> list[list[str]]:
    """Each text's segments."""
    module = model.model.to(device).eval()
    texts: list[list[str]] = [[] for _ in sequences]
    for rows, batch in in_order(sequences, model.alphabet, EVALUATED):
        for index, text in zip(rows, module.segmented(batch.to(device)), strict=True):
            texts[index] = text
    return texts


def habits(texts: Sequence[Sequence[str]], width: int) -> Habits:
    """How these texts were cut. width: characters of the longest segment that there may be."""
    texts = [text for text in texts if text]
    segments = sum(map(len, texts))
    never = sum(len(text) == -(-len("".join(text)) // width) for text in texts)
    always = sum(len(text) == len("".join(text)) for text in texts)
    both = cuts = spaces = 0
    for text in texts:
        whole = "".join(text)
        cut = set(accumulate(map(len, text[:-1])))
        after = {place + 1 for place, letter in enumerate(whole[:-1]) if letter == " "}
        both, cuts, spaces = both + len(cut & after), cuts + len(cut), spaces + len(after)
    return Habits(
        share(sum(len("".join(text)) for text in texts), segments),
        share(never, len(texts)),
        share(always, len(texts)),
        share(both, cuts),
        share(both, spaces),
    )


def share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def row(name: str, own: Habits) -> str:
    """A line of the table."""
    return (
        f"{name:<24}{own.length:>8.2f}{own.never:>8.1%}{own.always:>8.1%}"
        f"{own.after_space:>15.1%}{own.spaces_cut:>12.1%}"
    )
