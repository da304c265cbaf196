"""A plain autograder, such as is widely used: it imports student code beside its tests.

    python harness.py JOBS      # JOBS/NAME/ holds a submission each; writes JOBS/NAME/score

For each submission the tests and the reference are copied into its folder, pytest runs there, and
results.json gets each test's points. The grade is full marks where pytest ends with exit code 0
(as runners do that look at the exit code), else what results.json says. It is here to show that the
attacks are real ones; run it in a sandbox only. Each submission is graded in a fork, so that torch
is imported once.
"""

import atexit
import json
import os
import random
import shutil
import signal
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).resolve().parent
COURSE = HERE.parent / "course"
SECONDS = 20
FULL_MARKS = 10.0


class Points:
    """Adds up the points of the tests that passed."""

    def __init__(self) -> None:
        self.tests = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item):
        report = (yield).get_result()
        if report.when == "call" or report.failed:
            points = item.get_closest_marker("points").args[0]
            self.tests[item.name] = points if report.passed else 0


def lay_out(folder: Path) -> None:
    """Puts the tests, the reference and the given file into the submission."""
    shutil.copy(HERE / "test_toy.py", folder / "test_toy.py")
    shutil.copy(COURSE / "solution" / "work.py", folder / "src" / "reference.py")
    shutil.copy(COURSE / "src" / "given.py", folder / "src" / "given.py")


def grade(folder: Path) -> None:
    """In a process of its own: runs the tests and writes results.json."""
    os.chdir(folder)
    sys.path[:0] = [str(folder / "src")]
    random.seed(0)  # else the right solution fails test_hidden_text once in many runs
    torch.manual_seed(0)
    points = Points()
    code = pytest.main(["-q", "-p", "no:cacheprovider", "test_toy.py"], plugins=[points])
    with Path("results.json").open("w") as file:
        json.dump({"score": float(sum(points.tests.values()))}, file)
    atexit._run_exitfuncs()
    os._exit(int(code))  # as sys.exit, without a second of clearing away torch's modules


def score(folder: Path, status: int) -> float:
    """The grade of a submission whose tests have ended with `status`."""
    if os.waitstatus_to_exitcode(status) == 0:
        return FULL_MARKS
    try:
        return float(json.loads((folder / "results.json").read_text())["score"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def main(jobs: Path) -> int:
    """Grades every submission in `jobs`."""
    torch.set_num_threads(1)
    pytest.main(["--version"])  # imports most of pytest before the first fork
    for folder in sorted(path for path in jobs.iterdir() if path.is_dir()):
        lay_out(folder)
        child = os.fork()
        if child == 0:
            os.setsid()
            signal.alarm(SECONDS)
            grade(folder)
        status = os.waitpid(child, 0)[1]
        (folder / "score").write_text(str(score(folder, status)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
