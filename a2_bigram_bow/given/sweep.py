"""A sweep's grids, and its jobs: stacks of cells that one process trains side by side.

The models are so small that a second thread of a process waits longer than it works. The largest
stacks go first, so that no core is left with a long one at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import grid
from cells import Setting, run_plain, run_stack
from corpora import Corpus

from course.table import Row

# Places (T x cells) in a stack: with fewer, calls cost more than arithmetic; with more, a step's
# data no longer fits a core's cache.
PLACES = 64
GRIDS: dict[str, dict[str, list]] = {
    "published-bow": {
        "model": ["bow", "bow_v2"],
        "pe_type": ["randn", "sinpe", "rope"],
        "block_size": [8, 16, 32, 64],
        "n_embd": [32, 64, 128, 256],
        "learning_rate": [1e-2, 1e-3, 5e-4, 3e-4],
    },
    "published-bigram": {
        "model": ["bigram_v2"],
        "pe_type": ["randn", "sinpe", "rope"],
        "block_size": [8, 16, 32, 64],
        "n_embd": [64, 128, 256],
        "learning_rate": [1e-2],
    },
}
# The published table gives no block size for these two; 8 is the smallest in it.
PLAIN_BIGRAMS = {"published-bigram": (("bigram", None), ("bigram_mf", 384))}
BIGRAM_BLOCK = 8


def published(name: str) -> list[Any]:
    """The cells of a published grid."""
    cells = grid.expand(**GRIDS[name])
    for model, n_embd in PLAIN_BIGRAMS.get(name, ()):
        cells += grid.expand([model], [None], [BIGRAM_BLOCK], [n_embd], [1e-2])
    return cells


def stacks(cells: Sequence[Any], places: int = PLACES) -> list[list[Any]]:
    """Groups of cells that can be trained side by side, the costliest first."""

    def shape(cell: Any) -> tuple:
        return cell.model, cell.block_size, cell.n_embd or 0, cell.pe_type == "rope"

    groups = []
    for key, group in groupby(sorted(cells, key=shape), key=shape):
        alike, size = list(group), max(1, places // key[1])
        groups += [alike[i : i + size] for i in range(0, len(alike), size)]
    return sorted(groups, key=cost, reverse=True)


def cost(stack: Sequence[Any]) -> float:
    """Roughly how long a stack takes relative to others: operations per step."""
    cell = stack[0]
    width = cell.n_embd or 0
    attention = 2 * cell.block_size * (width + 130) if cell.model.endswith("_v2") else 0
    return len(stack) * cell.block_size * (200 * (width + 200) + attention)


def cost_of(cells: Sequence[Any]) -> float:
    """The total cost of cells of any shapes."""
    return sum(cost(stack) for stack in stacks(cells))


def train(setting: Setting, corpus: Corpus, plain: bool, job: Sequence[Any]) -> list[Row]:
    """The rows of a job's cells. plain: train them one by one in their own modules."""
    if plain:
        return [run_plain(cell, setting, corpus) for cell in job]
    return run_stack(job, setting, corpus)
