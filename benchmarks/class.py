"""How fast a class is graded on this machine, and whether `kill -9` loses or repeats anything.

    python benchmarks/class.py                                        # 300 submissions: hours
    python benchmarks/class.py --submissions 10 --sample 4 --kills 3  # a look

A made class: the suite's mistakes and alternatives, the solution without some functions, hostile
work, drawn by the seed. `per_hour`: submissions that `grader class grade` grades in an hour, its
start included. `ratio`: the time that `grader grade` takes for `sample` of them, one after another,
over the time of `grader class grade` for the same. `lost` and `twice`: submissions of the sample
that have no grading, or two, after `kill -9` at `kills` random moments and one run to the end. The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from course.devices import hardware
from grader.assignment import CHECKOUT, Assignment, find
from grader.authoring import skeleton
from grader.classroom import batch, course_file
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.classroom.records import Attempt, Student
from grader.classroom.store import Store
from grader.intake.submission import Tree, take
from grader.verdict import learn, patches

TOML = """
[course]
id = "made"
[[assignments]]
id = "{assignment}"
due = "2026-10-09T23:59"
"""
# What is appended to a student's file; each is stopped by another layer of the sandbox.
HOSTILE = {
    "exits": "import os\nos._exit(0)",
    "raises": "raise SystemExit(0)",
    "forks": "import os\nwhile True:\n    os.fork()",
    "takes memory": "held = []\nwhile True:\n    held.append(bytes(2**24))",
    "prints": "import sys\nfor _ in range(10**5):\n    sys.stderr.write('x' * 10**4)",
    "patches": "import torch\ntorch.equal = torch.allclose = lambda *a, **k: True",
}
SHARES = {"mistakes": 0.6, "alternatives": 0.12, "partial": 0.22, "hostile": 0.06}
KILL_SECONDS = 60.0  # a kill comes at most so long after the start


def main(argv: list[str] | None = None) -> int:
    """Prints each measurement as it comes, and the last line of all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assignment", default="a5_mingpt_perceiver")
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--sample", type=int, default=30, help="for the ratio, and the kills")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    assignment, draw = find(options.assignment), random.Random(options.seed)
    trees = made(assignment, options.submissions, draw)
    sample = draw.sample(trees, min(options.sample, len(trees)))
    told = {"assignment": assignment.id, "jobs": options.jobs, "seed": options.seed}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        tell(told, whole(make_class(root / "whole", assignment, trees), options.jobs))
        tell(told, ratio(root, assignment, sample, options.jobs))
        killed = make_class(root / "killed", assignment, sample)
        tell(told, kills(killed, options.jobs, options.kills, draw))
    print(json.dumps(told | {"hardware": hardware()}))
    return 0


def tell(told: dict[str, object], part: dict[str, object]) -> None:
    """Prints and keeps some figures."""
    print(", ".join(f"{name} {value}" for name, value in part.items()), flush=True)
    told |= part


def made(assignment: Assignment, count: int, draw: random.Random) -> list[Tree]:
    """`count` different submissions, in the order in which they are handed in."""
    pools = {
        "mistakes": [
            learn.changed(assignment, [patch])
            for patch in patches.read_all(assignment.suite / "mistakes")
        ],
        "alternatives": [
            learn.changed(assignment, [patch])
            for patch in patches.read_all(assignment.suite / "alternatives")
        ],
        "partial": [partial(assignment, draw) for _ in range(count)],
        "hostile": [hostile(assignment, name) for name in HOSTILE],
    }
    trees = [
        numbered(tree, number)
        for kind, share in SHARES.items()
        for number, tree in enumerate(drawn(pools[kind], round(share * count), draw))
    ]
    draw.shuffle(trees)
    return trees


def drawn(pool: list[Tree], count: int, draw: random.Random) -> list[Tree]:
    """Each once in a random order, and again from the beginning until there are enough."""
    times = -(-count // len(pool))
    return [tree for _ in range(times) for tree in draw.sample(pool, len(pool))][:count]


def numbered(tree: Tree, number: int) -> Tree:
    """The same with a comment, so that equal ones are different submissions."""
    name = next(iter(tree.files))
    text = tree.files[name] + f"\n# {number}\n".encode()
    return tree.altered(f"{tree.name} {number}", tree.files | {name: text})


def partial(assignment: Assignment, draw: random.Random) -> Tree:
    """The solution without some of its functions."""
    units = list(skeleton.units(assignment))
    missing = draw.sample(units, draw.randint(1, len(units) - 1))
    files = {name: text.encode() for name, text in skeleton.without(assignment, missing).items()}
    tree = take(assignment.solution, assignment)
    return tree.altered(f"without {len(missing)} functions", tree.files | files)


def hostile(assignment: Assignment, name: str) -> Tree:
    """The solution with an attack at the end of its first file."""
    tree = take(assignment.solution, assignment)
    file = assignment.student_files[0]
    return tree.altered(
        name, tree.files | {file: tree.files[file] + f"\n{HOSTILE[name]}\n".encode()}
    )


def make_class(folder: Path, assignment: Assignment, trees: Sequence[Tree]) -> Course:
    """A class in which each student handed in one of the trees."""
    folder.mkdir()
    (folder / course_file.FILE).write_text(TOML.format(assignment=assignment.id), encoding="utf-8")
    course = course_file.read(folder)
    store, at = Store(course.store_path), datetime(2026, 10, 1, tzinfo=UTC)
    students = [Student(f"s{n:05}", tree.name) for n, tree in enumerate(trees)]
    with Ledger.open(course.ledger_path, create=True) as ledger, ledger.writing():
        ledger.set_roster(students, "made", "benchmark")
        for student, tree in zip(students, trees, strict=True):
            sha256, owner = store.put(tree), student.id
            attempt = Attempt(assignment.id, owner, sha256, at, "made", (owner,))
            ledger.add_attempt(attempt, "benchmark")
    return course


def whole(course: Course, jobs: int) -> dict[str, object]:
    """The time for the whole class."""
    seconds = timed(class_command(course, jobs))
    with Ledger.open(course.ledger_path) as ledger:
        gradings = ledger.gradings()
    count = len(gradings)
    return {
        "submissions": count,
        "seconds": round(seconds, 1),
        "per_hour": round(3600 * count / seconds),
        "faults": sum(each.is_fault for each in gradings),
    }


def ratio(
    root: Path, assignment: Assignment, sample: Sequence[Tree], jobs: int
) -> dict[str, object]:
    """One after another over all at once."""
    together = timed(class_command(make_class(root / "sample", assignment, sample), jobs))
    folders = [write(root / "one" / str(n), tree) for n, tree in enumerate(sample)]
    each = [
        timed(["grade", assignment.id, "-s", str(folder), "--json", str(folder / "result.json")])
        for folder in folders
    ]
    return {
        "sample": len(sample),
        "one_after_another": round(sum(each), 1),
        "together": round(together, 1),
        "ratio": round(sum(each) / together, 2),
    }


def kills(course: Course, jobs: int, count: int, draw: random.Random) -> dict[str, object]:
    """What is lost, or graded twice, after kills at random moments."""
    for _ in range(count):
        process = start(class_command(course, jobs))
        try:
            process.wait(draw.uniform(0, KILL_SECONDS))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
    timed(class_command(course, jobs))
    with Ledger.open(course.ledger_path) as ledger:
        graded = Counter(each.sha256 for each in ledger.gradings() if not each.is_fault)
        wanted = batch.submissions(ledger, course.assignments[0].id)
    return {
        "kills": count,
        "lost": sum(sha256 not in graded for sha256 in wanted),
        "twice": sum(number > 1 for number in graded.values()),
    }


def class_command(course: Course, jobs: int) -> list[str]:
    """`grader class grade` of the course's only assignment."""
    name = course.assignments[0].id
    return ["class", "grade", name, "--class", str(course.folder), "--jobs", str(jobs)]


def write(folder: Path, tree: Tree) -> Path:
    """The submission as a student would hand it in."""
    for name, data in tree.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """A `grader` command."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-m", "grader", *arguments]
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)


def timed(arguments: list[str]) -> float:
    """The seconds that a `grader` command takes; RuntimeError if it fails."""
    started = time.monotonic()
    code = start(arguments).wait()
    if code not in (0, 3):  # 3: a grader fault, which the figures tell
        raise RuntimeError(f"grader {' '.join(arguments)} ended with exit code {code}")
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
