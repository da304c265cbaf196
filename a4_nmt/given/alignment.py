"""Draw where a model looks while it translates a sentence: its attention, as a picture.

python run.py attention --model runs/a4_nmt/train/model 下午三点一刻
python run.py attention --model FOLDER --output picture.svg --translation "a quarter past" 三点一刻

A row for each piece of the translation, a column for each of the source; the darker a square, the
more of that place's state went into the row's piece. The picture is an SVG, which any browser
shows: its letters come from the reader's fonts, so both scripts are readable whatever fonts this
machine has.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import options
import torch
from nmt_model import NMT
from torch import Tensor
from torch.nn import functional as F
from translate import add_model_flags, check_known, load, search
from vocab import END, START

from course import cli
from course.errors import UserError
from course.files import must_be_writable, write_aside
from course.runs import run_folder
from course.text import Text

CELL = 26  # pixels
LETTER = 9.0  # of a Latin letter; a Chinese one is twice as wide
FONT = 15
MARGIN = 12
COLOUR = "#1f4e9c"
STYLE = f"font: {FONT}px 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py attention`, without those that all commands share."""
    parser.add_argument("sentence", metavar="SENTENCE", help="to translate")
    add_model_flags(parser)
    cli.add_flag(parser, "output", None, "the picture (default: attention.svg of the run)", Path)
    cli.add_flag(parser, "translation", None, "what it shall say (default: its own)", str)
    options.add_search_flags(parser)


def run(args: argparse.Namespace) -> None:
    """Translate the sentence and draw the picture."""
    model = load(args)
    text = Text("the sentence", args.sentence)
    source = model.source.encode(args.sentence)
    if not source:
        raise UserError("the sentence is empty: there is nothing to translate")
    if not args.allow_unknown:
        check_known(model, text, [args.sentence])
    path = args.output or run_folder(args.out, options.ASSIGNMENT, "attention") / "attention.svg"
    must_be_writable(path)
    if args.translation is None:
        (target,) = search(model.model, [source], args)
    else:
        target = model.target.encode(args.translation)
    picture = draw(weights(model.model, source, target), source, [*target, END])
    with write_aside(path) as file:
        file.write(picture.encode())
    print(f"{model.target.decode(target)}\nthe picture is in {path}")


@torch.no_grad()
def weights(model: NMT, source: Sequence[str], target: Sequence[str]) -> Tensor:
    """How much of each source piece went into each target piece and </s>: (T + 1, S), rows sum to
    1. The model reads the target as in training."""
    enc_hiddens, state = model.read(source)
    projected, o_prev, rows = model.project(enc_hiddens), torch.zeros_like(state[0]), []
    words = model.vocab.tgt.to_input_tensor([[START, *target]], model.device)  # (T + 1, 1)
    for Y_t in model.model_embeddings.target(words):  # (1, e)
        read = torch.cat((Y_t, o_prev), dim=1)  # (1, e + h)
        state, o_prev, e_t = model.step(read, state, enc_hiddens, projected, None)
        rows.append(F.softmax(e_t, dim=1))
    return torch.cat(rows).cpu()


def draw(table: Tensor, source: Sequence[str], target: Sequence[str]) -> str:
    """An SVG of the weights (rows: target, columns: source), with the pieces beside them."""
    left = MARGIN + max(map(width, target)) + MARGIN
    top = MARGIN + max(map(width, source)) + MARGIN
    size = left + CELL * len(source) + MARGIN, top + CELL * len(target) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]:.0f}" height="{size[1]:.0f}">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<g style="{STYLE}">',
    ]
    parts += [_column_label(place, piece, left, top) for place, piece in enumerate(source)]
    for row, piece in enumerate(target):
        y = top + row * CELL
        parts.append(_text(piece, left - MARGIN / 2, y + 0.7 * CELL, "end"))
        parts += [
            _square(left + place * CELL, y, weight, f"{name} - {piece}")
            for place, (name, weight) in enumerate(zip(source, table[row].tolist(), strict=True))
        ]
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def width(piece: str) -> float:
    """Pixels that a piece takes, roughly."""
    return sum(LETTER if ord(letter) < 0x2E80 else FONT for letter in piece)


def _column_label(place: int, piece: str, left: float, top: float) -> str:
    """A short piece stands above its column; a longer one, as of German, lies on its side."""
    x, y = left + (place + 0.5) * CELL, top - MARGIN / 2
    if width(piece) <= CELL:
        return _text(piece, x, y, "middle")
    turned = f' transform="rotate(-90 {x + FONT / 3:.1f} {y:.1f})"'
    return _text(piece, x + FONT / 3, y, "start", turned)


def _text(words: str, x: float, y: float, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def _square(x: float, y: float, weight: float, title: str) -> str:
    """A square as dark as the weight, 0 to 1, which it says when the mouse is over it."""
    own = f'fill="{COLOUR}" fill-opacity="{weight:.3f}" stroke="#ccc"'
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL}" height="{CELL}" {own}>'
        f"<title>{escape(title)}: {weight:.3f}</title></rect>"
    )
