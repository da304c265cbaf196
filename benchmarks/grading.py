"""The cost of the boundary: calls, starts, a suite here and in the sandbox, twenty grades in a row.

    python benchmarks/grading.py [--assignment a5] [--repeats 5] [--grades 20]

The last line is one JSON object:

    call_us        median call of a dataset's item that returns two tensors of 127 longs
    cold_start_ms  median from nothing to the first answered call
    warm_start_ms  the same, forked from a running parent
    ratio          the suite's wall time in a running sandbox, without the worker's start, over that
                   in this process; medians of alternating runs
    suite_here_s, suite_sandboxed_s, cold_grade_s, warm_grade_s, cold_row_s, warm_row_s
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

from grader import assignment as assignments
from grader.boundary.limits import Limits
from grader.boundary.sandbox import Sandbox
from grader.boundary.student import RemoteStudent
from grader.intake import submission
from grader.verdict.grade import Options, grade

_DATASET = b"""
import torch


class Dataset:
    def __init__(self):
        self.numbers = torch.arange(128)

    def __getitem__(self, index):
        return self.numbers[:-1], self.numbers[1:]


dataset = Dataset()
"""
_LIMITS = Limits(threads=1)
_CALLS, _STARTS = 2000, 10


def timed(function: Callable[[], object]) -> float:
    """Seconds that `function` takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def first_call(sandbox: Sandbox) -> RemoteStudent:
    """A new worker in `sandbox` that has answered one call."""
    student = RemoteStudent(sandbox, {"src/work.py": _DATASET}, ["src"], _LIMITS)
    student.begin(1, seconds=3600.0)
    x, _ = student.work.dataset[0]
    assert x.tolist() == list(range(127))
    return student


def starts_and_calls() -> dict[str, float]:
    """Cold and warm starts, and the median call."""
    cold, warm = [], []
    for _ in range(_STARTS):
        with Sandbox(threads=1) as sandbox:
            cold.append(timed(lambda: first_call(sandbox)))
            student = first_call(sandbox)
            student.close()
            for _ in range(_STARTS):
                started = time.perf_counter()
                student = first_call(sandbox)
                warm.append(time.perf_counter() - started)
                student.close()
    with Sandbox(threads=1) as sandbox:
        student = first_call(sandbox)
        dataset = student.work.dataset
        calls = [timed(lambda: dataset[7]) for _ in range(_CALLS)]
        student.close()
    return {
        "call_us": 1e6 * statistics.median(calls),
        "cold_start_ms": 1e3 * statistics.median(cold),
        "warm_start_ms": 1e3 * statistics.median(warm),
    }


def suite(name: str, repeats: int) -> dict[str, float]:
    """The suite on the reference solution, here and in a running sandbox, in turn."""
    assignment = assignments.find(name)
    tree = submission.take(assignment.solution, assignment)
    here, inside, starts = [], [], []
    with Sandbox(threads=assignment.limits.threads) as sandbox:
        sandbox.start()
        for _ in range(repeats):
            for seconds, options in (
                (here, Options("none")),
                (inside, Options("sandbox", sandbox=sandbox)),
            ):
                result = grade(assignment, tree, options)
                if not result.usable or result.score < result.max_score:
                    print(f"note: {result.score} of {result.max_score} points", file=sys.stderr)
                seconds.append(result.seconds)
            started = time.perf_counter()
            student = first_call(sandbox)
            starts.append(time.perf_counter() - started)
            student.close()
    base, sandboxed = statistics.median(here), statistics.median(inside)
    return {
        "suite_here_s": base,
        "suite_sandboxed_s": sandboxed,
        "ratio": (sandboxed - statistics.median(starts)) / base,
    }


def row(name: str, count: int) -> dict[str, float]:
    """`count` grades in a row, each in its own sandbox and all in one."""
    assignment = assignments.find(name)
    tree = submission.take(assignment.solution, assignment)
    cold = [timed(lambda: grade(assignment, tree, Options("sandbox"))) for _ in range(count)]
    with Sandbox(threads=assignment.limits.threads) as sandbox:
        options = Options("sandbox", sandbox=sandbox)
        warm = [timed(lambda: grade(assignment, tree, options)) for _ in range(count)]
    return {
        "grades": count,
        "cold_row_s": sum(cold),
        "warm_row_s": sum(warm),
        "cold_grade_s": statistics.median(cold),
        "warm_grade_s": statistics.median(warm),
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, and print results as they come."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assignment", default="a5_mingpt_perceiver")
    parser.add_argument("--repeats", type=int, default=5, help="runs of the suite, here and inside")
    parser.add_argument("--grades", type=int, default=20, help="grades in a row")
    options = parser.parse_args(argv)
    measured: dict[str, float | str] = {"assignment": options.assignment}
    for part in (
        starts_and_calls,
        lambda: suite(options.assignment, options.repeats),
        lambda: row(options.assignment, options.grades),
    ):
        figures = {key: round(value, 3) for key, value in part().items()}
        print(", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
        measured |= figures
    print(json.dumps(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
