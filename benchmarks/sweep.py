"""How fast a2's sweep is compared with training its cells one by one, on this machine.

    python benchmarks/sweep.py                       # a sample of the published grids' cells
    python benchmarks/sweep.py --shapes 12 --steps 400

The sample is some random shapes (model, block size, width), each with all encodings at two learning
rates. They are trained in the plain way, one cell's module and torch's optimizer after the other in
one process, with one thread and with one per core; and by the sweep, stacked, one process per core.
Each way is timed for few and for more steps, and the difference counts, which excludes start-up and
evaluation. The text is the embedded one; any other costs the same per step. The last line is one
JSON object.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from course.cli import check, new_parser, positive
from course.devices import available_cores, hardware, seed_everything
from course.errors import UserError, run_main
from course.launch import put_on_path
from course.sweep import run as run_jobs

A2 = Path(__file__).resolve().parents[1] / "a2_bigram_bow"
RATES = (1e-2, 1e-3)
FULL_STEPS = 5000
SEED = 1337


def main(argv: Sequence[str] | None = None) -> int:
    parser = new_parser(__doc__)
    parser.add_argument("--shapes", type=int, default=8, help="how many of the 44 (default: 8)")
    parser.add_argument("--steps", type=int, default=200, help="timed steps (default: 200)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    check(args, dict.fromkeys(("shapes", "steps"), positive(10**6)))
    put_on_path(A2, solution=True)
    seed_everything(args.seed)
    print(json.dumps(measure(args.shapes, args.steps, args.seed)))
    return 0


def measure(shapes: int, steps: int, seed: int) -> dict[str, Any]:
    """Seconds per step of the whole sample in each way, and the estimate for all cells."""
    import sweep

    every = sweep.published("published-bow") + sweep.published("published-bigram")
    cells = sample(every, shapes, seed)
    cores = available_cores()
    plain = {
        f"plain_{threads}_threads": per_step(lambda n, t=threads: run_plain(cells, n, t), steps)
        for threads in sorted({1, cores})
    }
    stacked = per_step(lambda n: run_sweep(cells, n), steps)
    share = sweep.cost_of(every) / sweep.cost_of(cells)
    best = min(plain.values())
    ways = {"plain": best, "sweep": stacked}
    minutes = {name: round(each * FULL_STEPS * share / 60) for name, each in ways.items()}
    sizes = {"cells": len(cells), "shapes": shapes, "steps": steps, "seed": seed}
    return sizes | {
        "seconds_a_step": {**plain, "sweep": stacked},
        "speed_up": round(best / stacked, 2),
        "estimated_minutes_of_422_cells": minutes,
        "hardware": hardware(),
    }


def sample(every: Sequence[Any], shapes: int, seed: int) -> list[Any]:
    """The cells of some random shapes: all encodings, at two rates."""

    def shape(cell: Any) -> tuple:
        return cell.model, cell.block_size, cell.n_embd

    choices = sorted({shape(cell) for cell in every if cell.pe_type is not None})
    drawn = random.Random(seed).sample(choices, min(shapes, len(choices)))
    return [c for c in every if shape(c) in drawn and c.learning_rate in RATES]


def per_step(run: Callable[[int], None], steps: int) -> float:
    """Seconds per step: the time of more steps minus that of few."""
    run(1)  # warms up imports and the processor's clock
    few = max(1, steps // 4)
    seconds = []
    for count in (few, few + steps):
        started = time.perf_counter()
        run(count)
        seconds.append(time.perf_counter() - started)
    if seconds[1] <= seconds[0]:
        raise UserError("the machine is too busy to time so few steps: give more with --steps")
    return (seconds[1] - seconds[0]) / steps


def setting_and_corpus(steps: int) -> tuple[Any, Any]:
    import cells
    import corpora

    setting = cells.Setting("embedded", SEED, steps)
    return replace(setting, eval_batches=1), corpora.load("embedded")


def run_plain(cells: Sequence[Any], steps: int, threads: int) -> None:
    from cells import run_plain as run_cell

    setting, corpus = setting_and_corpus(steps)
    torch.set_num_threads(threads)
    for cell in cells:
        run_cell(cell, setting, corpus)


def run_sweep(cells: Sequence[Any], steps: int) -> None:
    import sweep
    from table import of_cells

    work = partial(sweep.train, *setting_and_corpus(steps), False)
    with tempfile.TemporaryDirectory() as folder:
        run_jobs(of_cells(Path(folder, "table.csv")), [], sweep.stacks(cells), work)


if __name__ == "__main__":
    sys.exit(run_main(main))
