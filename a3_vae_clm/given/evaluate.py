"""Score a trained model: NLPPS with and without the length, and bits per character.

python run.py evaluate --model runs/a3_vae_clm/DLM100/model
python run.py evaluate --model FOLDER --data multi30k --samples 50
python run.py evaluate --model FOLDER --test mine.txt

NLPPS is minus the model's bound on the log-likelihood of a text, the mean over texts in nats: with
the length of the text, which makes all models comparable, and without it, as in the notes. Bits per
character are those of a place, the ends among them. --samples takes so many draws for each text: of
the latents, for an importance-weighted bound, which is tighter, or of the noise, for a mean that is
less noisy. Of DLM100-words it also says what spelling unknown words costs: see spelling.py. On the
embedded data the last line says how far the model is from the true distribution.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import corpora
import options
import saved
import spelling
import torch
from alphabet import MAX_LENGTH
from batches import EVALUATED, in_order
from corpora import Corpus
from family import FAMILY
from measure import bits_per_character, nlpps
from saved import Saved
from torch import Tensor
from wordwise import WordModel

from course import cli
from course.devices import pick_device
from course.errors import UserError


@dataclass(frozen=True)
class Scores:
    """A model's figures on some texts. more: the bound with several draws; nats, the length
    included, as with_length; bits: a place."""

    with_length: float
    without_length: float
    bits: float
    more: float | None
    seconds: float


def add_model_flag(parser: argparse.ArgumentParser) -> None:
    words = "the folder of a trained model"
    parser.add_argument("--model", type=Path, metavar="FOLDER", help=words)


def load(args: argparse.Namespace) -> Saved:
    """The model of --model. Raises UserError if none is named, or the folder holds none."""
    if args.model is None:
        raise UserError(f"{args.command} needs --model: the model folder of a finished training")
    return saved.load(args.model)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py evaluate`, without those that all commands share."""
    add_model_flag(parser)
    options.add_text_flags(parser)
    words = "draws for each text, for a tighter or less noisy bound beside the plain one"
    cli.add_flag(parser, "samples", None, words, int)
    cli.add_flag(parser, "batch_size", EVALUATED, "texts at a time")
    cli.add_threads_flag(parser)


def run(args: argparse.Namespace) -> None:
    """Print the scores."""
    model = load(args)
    corpus, lines, name = find(args)
    sequences = corpora.encode(lines, model.alphabet, name)
    device = pick_device(args.device)
    scores = score(model, sequences, args.samples, args.batch_size, device)
    print(report(model, scores, len(lines), args.samples))
    if isinstance(model.model, WordModel):
        unknown = spelling.measure(model.model, sequences, args.batch_size, device)
        print("\n".join(spelling.report(unknown)))
    if corpus is not None and corpus.log_prob is not None:
        floor = -sum(map(corpus.log_prob, lines)) / len(lines)
        print(
            f"the true distribution has {floor:.3f} nats on these texts, and an entropy of "
            f"{corpus.entropy:.3f}: the model is {scores.with_length - floor:.3f} above it"
        )


def find(args: argparse.Namespace) -> tuple[Corpus | None, Sequence[str], str]:
    """The corpus, if it is one of the course's, the texts to score, and their name.

    Raises UserError for a split that the data do not have, and for bad files.
    """
    if args.test:
        return None, corpora.read(args.test)[: args.lines], str(args.test)
    corpus = corpora.find(args.data, args.data_dir)
    if args.split not in corpus.held_out:
        raise UserError(f"--split {args.split!r}: {args.data} has {', '.join(corpus.held_out)}")
    return corpus, corpus.held_out[args.split][: args.lines], f"{args.data} {args.split}"


def score(
    model: Saved,
    sequences: Sequence[list[int]],
    samples: int | None = None,
    batch_size: int = EVALUATED,
    device: torch.device | None = None,
) -> Scores:
    """All figures of a model on sequences."""
    started = time.monotonic()
    own, more = shares(model, sequences, samples, batch_size, device)
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    everything, characters = masks(lengths)
    return Scores(
        float(nlpps(own, everything)),
        float(nlpps(own, characters)),
        float(bits_per_character(own, everything)),
        -float(more.mean()) if samples else None,
        time.monotonic() - started,
    )


@torch.no_grad()
def shares(
    model: Saved,
    sequences: Sequence[list[int]],
    samples: int | None = None,
    batch_size: int = EVALUATED,
    device: torch.device | None = None,
) -> tuple[Tensor, Tensor]:
    """Each place's share of the bound (N, MAX_LENGTH + 1), and the bound with `samples` draws (N,).

    In nats, float64; the second is all zeros without samples.
    """
    module = model.model.to(device or "cpu").eval()
    plain = torch.zeros(len(sequences), MAX_LENGTH + 1, dtype=torch.float64)
    more = torch.zeros(len(sequences), dtype=torch.float64)
    for rows, batch in in_order(sequences, model.alphabet, batch_size):
        batch = batch.to(device or "cpu")
        own = module.characters(batch)  # (B, T + 1)
        plain[rows, : own.size(1)] = own.double().cpu()
        if samples:
            more[rows] = module.bound(batch, samples).double().cpu()
    return plain, more


def masks(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """(B, MAX_LENGTH + 1) bool twice: the characters with their end or length, and without."""
    places = torch.arange(MAX_LENGTH + 1)
    return places <= lengths[:, None], places < lengths[:, None]


def report(model: Saved, scores: Scores, texts: int, samples: int | None = None) -> str:
    """All scores, a line each."""
    kind = "exact" if model.model.exact else "a bound"
    name = f"{model.number} ({FAMILY[model.number].name}), {model.parameters:,} parameters"
    lines = [
        f"{name}, {texts:,} texts, {scores.seconds:.1f} seconds",
        f"NLPPS {scores.with_length:.3f} nats with the length, {scores.without_length:.3f} without "
        f"({kind})",
        f"bits per character {scores.bits:.4f}",
    ]
    if scores.more is not None:
        lines.insert(2, f"with {samples} samples: {scores.more:.3f} nats with the length")
    return "\n".join(lines)
