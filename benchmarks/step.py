"""Where the time of a5's training step goes, and how far it is from the machine's peak.

    python benchmarks/step.py                        # embedded data
    python benchmarks/step.py --data birthplaces     # the course's own text

One run measures the machine's own matrix products (2048 x 2048); then steps on span corruption
of the plain loop (the model as written, PADs and all, float32), of the same under autocast, and of
a5's trainer. A step's rate counts the multiplications and additions that the real characters need
(6 for each weight of the linear layers, 12 C t in each layer for a character with t before it), so
computing PADs lowers it. Then torch's profiler splits the plain step and the trainer's step by kind
of operation. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

import torch
from torch.profiler import ProfilerActivity, profile
from training import (
    N_EMBD,
    N_LAYER,
    Batch,
    begin,
    common_parser,
    our_model,
    our_step,
    plain_step,
    real_batch,
)

from course.devices import hardware, pick_dtype, seed_everything
from course.errors import run_main

SIZE = 2048  # of the matrices whose product measures the machine's peak
WARM_UP = 3
KINDS = {  # the first match wins, by a part of the operation's name
    "gelu": ("gelu",),
    "products of the linear layers": ("aten::mm", "aten::addmm"),
    "products of attention": ("aten::bmm", "aten::baddbmm"),
    "softmax": ("softmax",),
    "dropout's draws": ("bernoulli_", "random_", "aten::ge"),
    "layer norm": ("layer_norm",),
    "sums, products by element": (
        *(f"aten::{name}" for name in ("add", "mul", "div", "addcmul", "eq", "sum")),
        "masked_fill",
    ),
    "copies and conversions": ("copy_", "index", "fill_", "zero_", "embedding", "aten::cat"),
    "optimiser": ("adamw", "foreach", "norm"),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = common_parser(__doc__)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7, help="timed steps of each")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    dataset = begin(args)
    result = {"data": args.data, "batch": args.batch_size, "hardware": hardware()}
    result["bfloat16_gflops"] = None
    # On some processors one such product in bfloat16 takes half a minute.
    faster = pick_dtype(torch.device("cpu")) is torch.bfloat16
    for dtype in (torch.float32, torch.bfloat16) if faster else (torch.float32,):
        name = str(dtype).removeprefix("torch.")
        result[f"{name}_gflops"] = round(machine_rate(dtype))
        print(f"a product of {SIZE} x {SIZE} in {name}: {result[f'{name}_gflops']:,} GFLOP/s")
    seed_everything(0)
    batches = [real_batch(dataset, args.batch_size) for _ in range(args.rounds + WARM_UP)]
    steps = {"plain": plain_step(our_model(dataset)), "trainer": our_step(our_model(dataset))}
    half = {"plain, autocast": autocast(plain_step(our_model(dataset)))} if faster else {}
    result["steps"] = measure(steps | half, batches)
    for name, row in result["steps"].items():
        print(f"{name:16} {json.dumps(row)}")
    for name, step in steps.items():
        result[f"kinds of {name}"] = by_kind(step, batches[-1])
        print(f"\n{name}: milliseconds of one step by kind")
        for kind, ms in result[f"kinds of {name}"].items():
            print(f"{ms:9.1f}  {kind}")
    print(json.dumps(result))
    return 0


def machine_rate(dtype: torch.dtype) -> float:
    """GFLOP/s of a large square product."""
    a, b = (torch.randn(SIZE, SIZE).to(dtype) for _ in range(2))
    return 2 * SIZE**3 / statistics.median(seconds(lambda: a @ b) for _ in range(10)) / 1e9


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def autocast(step: Callable[..., float]) -> Callable[..., float]:
    def run(*batch: torch.Tensor) -> float:
        with torch.autocast("cpu", torch.bfloat16):
            return step(*batch)

    return run


def measure(steps: dict[str, Callable], batches: list[Batch]) -> dict[str, dict[str, float]]:
    """Time each on the same batches, in turn: milliseconds, real characters and GFLOP a second."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for batch in batches:
        for name, step in steps.items():
            times[name].append(seconds(lambda step=step, batch=batch: step(*batch)))
    characters = [int((y != 0).sum()) for _, y in batches[WARM_UP:]]
    work = [operations(y) for _, y in batches[WARM_UP:]]
    rows = {}
    for name, values in times.items():
        median = statistics.median
        timed = values[WARM_UP:]
        rows[name] = {
            "ms": round(1e3 * median(timed), 1),
            "tokens_per_second": round(
                median(n / s for n, s in zip(characters, timed, strict=True))
            ),
            "gflops": round(median(w / s for w, s in zip(work, timed, strict=True)) / 1e9),
        }
    return rows


def operations(y: torch.Tensor) -> float:
    """Multiplications and additions that a step on a batch's real characters needs. y: (B, T)."""
    lengths = (y != 0).sum(dim=1).double()
    weights = N_LAYER * 12 * N_EMBD**2  # query, key, value, proj: 4 C^2; the mlp: 8 C^2
    attention = 12 * N_EMBD * N_LAYER * (lengths * (lengths + 1) / 2).sum()
    return float(6 * weights * lengths.sum() + attention)


def by_kind(step: Callable[..., float], batch: Batch) -> dict[str, float]:
    """Milliseconds of one step, by kind of operation; time outside any operation counts as Python's
    and torch's own."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        whole = seconds(lambda: step(*batch))
    kinds: Counter[str] = Counter()
    for event in profiled.key_averages():
        kinds[kind_of(event.key)] += event.self_cpu_time_total / 1e3
    kinds["Python and torch's own"] += max(0.0, 1e3 * whole - sum(kinds.values()))
    return {kind: round(ms, 1) for kind, ms in kinds.most_common()}


def kind_of(operation: str) -> str:
    for kind, parts in KINDS.items():
        if any(part in operation.lower() for part in parts):
            return kind
    return "other operations"


if __name__ == "__main__":
    sys.exit(run_main(main))
