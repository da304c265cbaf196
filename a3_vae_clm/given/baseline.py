"""Score n-grams of characters, the baseline that every model has to beat.

python run.py counts --data multi30k
python run.py counts --train mine.txt --test other.txt --orders 1 3 5

They are counted on train, without dev, and scored with the end of each text: see counts.py.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import corpora
import evaluate
import options
from alphabet import Alphabet
from counts import Counts

from course import cli
from course.errors import UserError

ORDERS = [1, 2, 3, 4, 5, 6, 7]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py counts`, without those that all commands share."""
    options.add_text_flags(parser)
    cli.add_flag(parser, "train", None, "texts of your own to count, with --test", Path)
    words = f"lengths of the n-grams (default: {' '.join(map(str, ORDERS))})"
    parser.add_argument("--orders", type=int, nargs="+", default=ORDERS, metavar="N", help=words)


def run(args: argparse.Namespace) -> None:
    """Print a line for each order."""
    own = args.train is not None
    if own != (args.test is not None):
        raise UserError("--train and --test belong together: give both, or neither and --data")
    _, lines, name = evaluate.find(args)
    train = corpora.read(args.train) if own else corpora.find(args.data, args.data_dir).train
    alphabet = Alphabet("".join(train))
    sequences = corpora.encode(train, alphabet, "train")
    texts = corpora.encode(lines, alphabet, name)
    for order in args.orders:
        shares = Counts(sequences, alphabet, order).log_probs(texts)
        total = -sum(share.sum() for share in shares)
        without = -sum(own[: len(codes)].sum() for own, codes in zip(shares, texts, strict=True))
        places = sum(len(codes) + 1 for codes in texts)  # with the ends, as everywhere
        print(
            f"{order}-gram: NLPPS {total / len(texts):.3f} nats with the length, "
            f"{without / len(texts):.3f} without, "
            f"bits per character {total / places / math.log(2):.4f}"
        )
