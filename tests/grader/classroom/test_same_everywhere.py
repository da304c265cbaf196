"""A class graded here, and over Dask with one worker killed: the same gradebook but for times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.assignment import CHECKOUT, Assignment, find
from grader.boundary.sandbox import why_no_sandbox
from grader.classroom import course_file
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.classroom.records import Attempt, Student
from grader.classroom.store import Store
from grader.intake.submission import Tree, take
from grader.verdict import learn, patches
from tests.grader.classroom.test_dask_engine import Cluster, _cluster  # noqa: F401  # a fixture

pytest.importorskip("distributed")

TOML = """
[course]
id = "made"
[[assignments]]
id = "{assignment}"
due = "2026-10-09T23:59"
"""
BEGINS = b"    ### BEGIN SOLUTION\n"
LEAVES = (
    b"    __import__('os')._exit(0)\n"  # in a function: at import, every test would need a worker
)


def trees(assignment: Assignment) -> dict[str, Tree]:
    """The solution, a mistake, an alternative, and one whose last function ends its process."""
    found = {"solution": take(assignment.solution, assignment)}
    for kind in ("mistakes", "alternatives"):
        first = patches.read_all(assignment.suite / kind)[0]
        found[kind] = learn.changed(assignment, [first])
    name, files = assignment.student_files[-1], found["solution"].files
    before, begins, after = files[name].rpartition(BEGINS)
    hostile = before + begins + LEAVES + after
    found["hostile"] = found["solution"].altered("hostile", files | {name: hostile})
    return found


def make_class(folder: Path, assignment: Assignment) -> Course:
    """A class in which each of them was handed in."""
    folder.mkdir()
    text = TOML.format(assignment=assignment.id)
    (folder / course_file.FILE).write_text(text, encoding="utf-8")
    course, at = course_file.read(folder), datetime(2026, 10, 1, tzinfo=UTC)
    works = trees(assignment)
    with Ledger.open(course.ledger_path, create=True) as ledger:
        ledger.set_roster([Student(name, name) for name in works], "made", "tester")
        for name, tree in works.items():
            sha256 = Store(course.store_path).put(tree)
            ledger.add_attempt(Attempt(assignment.id, name, sha256, at, "made", (name,)), "tester")
    return course


def grade(course: Course, assignment: Assignment, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "grader", "class", "grade", assignment.id]
    return subprocess.Popen(
        [*command, "--class", str(course.folder), *options],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
    )


def graded(course: Course) -> int:
    with Ledger.open(course.ledger_path) as ledger:
        return len(ledger.gradings())


def timeless(value: Any) -> Any:
    """A result without its seconds."""
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if key != "seconds"}
    return [timeless(each) for each in value] if isinstance(value, list) else value


def results(course: Course) -> dict[str, str]:
    """{sha256: the result that counts, but for times}."""
    (rules,) = course.assignments
    with Ledger.open(course.ledger_path) as ledger:
        return {
            sha256: json.dumps(timeless(ledger.result(grading.id)), sort_keys=True)
            for sha256, grading in sorted(ledger.current(rules.id).items())
        }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a2", "a5"])
def test_a_killed_worker_leaves_the_same_gradebook(
    cluster: Cluster, tmp_path: Path, name: str
) -> None:
    problem = why_no_sandbox()
    if problem:
        pytest.skip(problem)
    assignment = find(name)
    here, there = (make_class(tmp_path / place, assignment) for place in ("here", "there"))
    assert grade(here, assignment).wait() == 0
    doomed, _ = cluster.worker(), cluster.worker()
    running = grade(there, assignment, "--scheduler", str(cluster.file))
    while running.poll() is None and not graded(there):
        os.sched_yield()
    assert running.poll() is None, "it was done before a worker could be killed"
    doomed.kill()
    assert running.wait() == 0
    assert results(here) == results(there)
    books = []
    for course in (here, there):
        out = course.folder / "grades.csv"
        assert cli.run(["class", "export", "csv", str(out), "--class", str(course.folder)]) == 0
        books.append(out.read_bytes())
    assert books[0] == books[1]
    assert books[0].count(b",graded,") == 4
