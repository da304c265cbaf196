"""Train one cell, or a stack of cells, from fresh weights to its row of the table.

The plain way trains the student's modules one by one with the student's loop. The stacked way
trains the same modules side by side (stacked.py), after checking that both give the same losses.
Both read the same batches from the same seed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import grid
import stacked
import torch
from corpora import SPLITS, Corpus, batches

from course.errors import UserError

TOLERANCE = 1e-3  # nats between a module's loss and its stack's; rounding is a thousandth of it


@dataclass(frozen=True)
class Setting:
    """What all cells of a table have in common."""

    data: str
    seed: int = 1337
    steps: int = 5000
    batch_size: int = 64
    eval_batches: int = 200


def run_plain(cell: Any, setting: Setting, corpus: Corpus) -> dict[str, Any]:
    """The row of one cell, trained with the student's modules and loop."""
    started = time.monotonic()
    model = fresh(cell, setting, corpus.vocab_size)
    stream = _stream(cell, setting, corpus, "train", 0)
    grid.train(model, stream, setting.steps, cell.learning_rate)
    losses = []
    for offset, split in enumerate(SPLITS, 1):
        stream = _stream(cell, setting, corpus, split, offset)
        losses.append(grid.estimate_loss(model, islice(stream, setting.eval_batches)))
    return row(cell, setting, losses, time.monotonic() - started)


def run_stack(cells: Sequence[Any], setting: Setting, corpus: Corpus) -> list[dict[str, Any]]:
    """The rows of cells that differ only in encoding and learning rate, trained side by side.

    Raises UserError if a student's module does not compute the same as the stack.
    """
    started = time.monotonic()
    models = [fresh(cell, setting, corpus.vocab_size) for cell in cells]
    stack = stacked.Stack(cells[0].model, models, [cell.learning_rate for cell in cells])

    def stream(split: str, offset: int) -> Iterator[stacked.Batch]:
        for x, y in _stream(cells[0], setting, corpus, split, offset):
            yield stacked.Batch.of(x, y, corpus.vocab_size)

    first = next(_stream(cells[0], setting, corpus, "train", 0))
    _compare(cells, models, stack, first, corpus.vocab_size)
    for batch in islice(stream("train", 0), setting.steps):
        stack.step(batch)
    losses = [
        stacked.evaluate(stack, islice(stream(split, offset), setting.eval_batches)).tolist()
        for offset, split in enumerate(SPLITS, 1)
    ]
    seconds = (time.monotonic() - started) / len(cells)
    pairs = zip(*losses, strict=True)  # of training and validation
    return [row(cell, setting, own, seconds) for cell, own in zip(cells, pairs, strict=True)]


def fresh(cell: Any, setting: Setting, vocab_size: int) -> torch.nn.Module:
    """The cell's module, initialised from the seed alone."""
    torch.manual_seed(setting.seed)
    return grid.build(cell, vocab_size)


def row(cell: Any, setting: Setting, losses: Sequence[float], seconds: float) -> dict[str, Any]:
    """The cell's row: its setting, its losses in nats per character, its share of the seconds."""
    train_loss, val_loss = (round(float(loss), 5) for loss in losses)
    measured = {"train_loss": train_loss, "val_loss": val_loss, "seconds": round(seconds, 1)}
    return asdict(setting) | asdict(cell) | measured


def _stream(cell, setting, corpus, split, offset) -> Iterator:
    """A split's batches; training and the two evaluations each have their own seed."""
    size = cell.block_size
    return batches(corpus.splits[split], size, setting.batch_size, setting.seed + offset)


def _compare(cells, models, stack, batch, vocab_size: int) -> None:
    with torch.no_grad():
        together = stack.losses(stacked.Batch.of(*batch, vocab_size)).tolist()
        alone = [model(*batch)[1].item() for model in models]
    for cell, ours, theirs in zip(cells, together, alone, strict=True):
        if not abs(ours - theirs) <= TOLERANCE:
            raise UserError(
                f"{cell.model} ({cell.pe_type}) has a loss of {theirs:.4f} where the handout's "
                f"has {ours:.4f}: see `grader check a2`, or sweep your own model with --plain"
            )
