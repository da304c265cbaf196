"""A sweep: trains the missing cells in stacks, on all cores, into one table.

One single-threaded process per core: the models are so small that a second thread waits longer
than it works. The largest stacks go first, so that no core is left with a long one at the end.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby
from pathlib import Path
from typing import Any

import grid
import torch
from cells import Setting, run_plain, run_stack
from corpora import Corpus
from table import of_cells

from course.devices import available_cores
from course.errors import UserError
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
_shared: dict[str, Any] = {}  # of a worker process


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


def run(
    cells: Sequence[Any],
    setting: Setting,
    corpus: Corpus,
    path: Path,
    plain: bool = False,
    processes: int | None = None,
    on_rows: Callable = lambda rows: None,
) -> list[Row]:
    """Train the cells missing from the table at `path`, and return all its rows.

    plain: train cells one by one in their own modules.
    on_rows: called with each stack's rows once they are in the table.
    """
    table = of_cells(path)
    rows = table.read()
    missing = grid.missing(cells, rows)
    jobs = [[cell] for cell in missing] if plain else stacks(missing)
    jobs = sorted(jobs, key=cost, reverse=True)
    processes = min(processes or available_cores(), max(len(jobs), 1))
    context = multiprocessing.get_context("spawn")
    start = (setting, corpus, plain)
    with ProcessPoolExecutor(processes, context, _start, start) as pool:
        futures = [pool.submit(_work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                rows += future.result()
                table.write(rows)
                on_rows(future.result())
        except BrokenProcessPool as error:
            raise UserError(
                "a process of the sweep was killed, perhaps for lack of memory; "
                "the same command resumes from the table"
            ) from error
        except BaseException:  # a cell's error, or Ctrl-C: do not wait for the others
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    return rows


def _start(setting: Setting, corpus: Corpus, plain: bool) -> None:
    """Set up a worker process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _shared.update(setting=setting, corpus=corpus, plain=plain)


def _end_with_parent() -> None:
    """Exit when the parent dies: nobody waits for a killed sweep's cells."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(job: list[Any]) -> list[Row]:
    setting, corpus = _shared["setting"], _shared["corpus"]
    if _shared["plain"]:
        return [run_plain(cell, setting, corpus) for cell in job]
    return run_stack(job, setting, corpus)
