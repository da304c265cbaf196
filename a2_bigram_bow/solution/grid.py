"""An experiment grid: its cells, how one is trained and measured, and how its table is read.

A cell is one setting of everything that is varied; a row of the table is a cell with its losses:
{"model": "bow", "pe_type": "rope", "block_size": 8, "n_embd": 32, "learning_rate": 0.01,
"train_loss": 2.25, "val_loss": 2.30}. Compare only rows that differ in one column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, product
from typing import Any

import torch
from bigram import Bigram, BigramMF
from bow import BigramV2, BoW, BoWConfig
from torch import Tensor, nn

MODELS = ("bigram", "bigram_mf", "bigram_v2", "bow", "bow_v2")
NO_POSITIONS = ("bigram", "bigram_mf")  # these see one character: no position to encode
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """One setting. pe_type is None if a model has no positions, n_embd if it has no width."""

    model: str
    pe_type: str | None
    block_size: int
    n_embd: int | None
    learning_rate: float

    @property
    def key(self) -> tuple:
        """The five values that identify this cell, here or in a row."""
        return tuple(asdict(self).values())


def expand(
    model: Sequence[str],
    pe_type: Sequence[str],
    block_size: Sequence[int],
    n_embd: Sequence[int],
    learning_rate: Sequence[float],
) -> list[Cell]:
    """Every combination of the lists' values, each once, the last list varying fastest."""
    # TODO(f): return a list of Cells: the product of the lists in this order. A model of
    # NO_POSITIONS has pe_type None, "bigram" n_embd None too; a cell that has come already is left
    # out.
    ### BEGIN SOLUTION
    cells = {}
    for name, pe, block, width, lr in product(model, pe_type, block_size, n_embd, learning_rate):
        pe = None if name in NO_POSITIONS else pe
        width = None if name == "bigram" else width
        cells[Cell(name, pe, block, width, lr)] = None  # a dict keeps the order
    return list(cells)
    ### END SOLUTION


def missing(cells: Iterable[Cell], rows: Iterable[Row]) -> list[Cell]:
    """The cells that have no row in the table, in order: what a resumed sweep has to train."""
    # TODO(f): return the Cells whose five values no row has.
    ### BEGIN SOLUTION
    done = {tuple(row[name] for name in Cell.__dataclass_fields__) for row in rows}
    return [cell for cell in cells if cell.key not in done]
    ### END SOLUTION


def build(cell: Cell, vocab_size: int) -> nn.Module:
    """The cell's model with fresh weights. Given. Raises ValueError for an unknown model."""
    if cell.model == "bigram":
        return Bigram(vocab_size)
    if cell.model == "bigram_mf":
        return BigramMF(vocab_size, cell.n_embd)
    if cell.model not in MODELS:
        raise ValueError(f"{cell.model!r} is no model: choose one of {', '.join(MODELS)}")
    kind = {"pe_type": cell.pe_type, "attention": cell.model == "bow_v2"}
    config = BoWConfig(vocab_size, cell.block_size, cell.n_embd, **kind)
    return BigramV2(config) if cell.model == "bigram_v2" else BoW(config)


def get_batch(
    data: Tensor, block_size: int, batch_size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Random pieces of a text. data: (N,) long. Returns x, y, each (batch_size, block_size)."""
    # TODO(f): return (x, y): batch_size pieces of block_size characters, and for each the piece
    # that begins one character later. Starts are drawn with ONE
    # torch.randint(len(data) - block_size, (batch_size,), generator=generator).
    ### BEGIN SOLUTION
    starts = torch.randint(len(data) - block_size, (batch_size,), generator=generator)
    places = starts[:, None] + torch.arange(block_size)  # (B, T)
    return data[places], data[places + 1]
    ### END SOLUTION


def train(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], steps: int, learning_rate: float
) -> list[float]:
    """Train the model in place. batches: a list or an endless stream, each item (x, y).

    Returns the loss of each step, before the step.
    """
    # TODO(f): return the `steps` losses, floats: torch.optim.AdamW with its own defaults but for
    # this learning rate, which stays as it is; the batches in their order, one a step.
    ### BEGIN SOLUTION
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    losses = []
    for x, y in islice(batches, steps):
        _, loss = model(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### END SOLUTION


def estimate_loss(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """The mean of the model's losses over the batches, in nats per character; no gradients."""
    # TODO(f): return the mean loss as a float, computed in eval mode and without gradients; the
    # model is left in the mode in which it came.
    ### BEGIN SOLUTION
    mode = model.training
    model.eval()
    with torch.no_grad():
        losses = [model(x, y)[1].item() for x, y in batches]
    model.train(mode)
    return sum(losses) / len(losses)
    ### END SOLUTION


def count_pairs(
    rows: Sequence[Row], column: str, better: Any, worse: Any, loss: str = "val_loss"
) -> tuple[int, int]:
    """How often one value of a column does better than another, all else equal.

    rows: of one or more models; loss: the column to compare, lower is better. Returns
    (number of pairs in which `better` has the lower loss, number of pairs).
    """
    # TODO(f): return (holds, pairs): a pair is a row with `better` and a row with `worse` in
    # `column` that are equal in the other four of Cell's columns; it holds where the first row's
    # loss is strictly lower.
    ### BEGIN SOLUTION
    others = [name for name in Cell.__dataclass_fields__ if name != column]
    losses = {
        value: {tuple(r[o] for o in others): r[loss] for r in rows if r[column] == value}
        for value in (better, worse)
    }
    both = losses[better].keys() & losses[worse].keys()
    return sum(losses[better][key] < losses[worse][key] for key in both), len(both)
    ### END SOLUTION


def pivot(
    rows: Sequence[Row], index: str, column: str, loss: str = "val_loss"
) -> dict[Any, dict[Any, float]]:
    """The table for a heat map: {value of index: {value of column: mean loss}}."""
    # TODO(f): return the means of `loss` over the rows with each pair of values; a pair that no
    # row has is absent.
    ### BEGIN SOLUTION
    cells: dict[Any, dict[Any, list[float]]] = {}
    for row in rows:
        cells.setdefault(row[index], {}).setdefault(row[column], []).append(row[loss])
    return {
        outer: {inner: sum(losses) / len(losses) for inner, losses in values.items()}
        for outer, values in cells.items()
    }
    ### END SOLUTION
