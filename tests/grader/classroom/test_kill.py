"""`kill -9` in the middle of a class: nothing is lost, nothing is there twice, nothing is left."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest

from grader.assignment import CHECKOUT
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from tests.grader.classroom.works import make_class

SUBMISSIONS, JOBS = 12, 2


def start(course: Course) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.grader.classroom.works", str(course.folder)]
    return subprocess.Popen(command, cwd=CHECKOUT)


def kill_after(course: Course, log: Path, count: int) -> None:
    """Starts the run, and kills it once `count` more submissions were looked at."""
    before = len(lines(log))
    process = start(course)
    while process.poll() is None and len(lines(log)) < before + count:
        pass
    process.kill()
    process.wait()


def lines(log: Path) -> list[str]:
    """The process of each look at a submission."""
    return log.read_text(encoding="utf-8").split() if log.is_file() else []


@pytest.mark.slow
def test_killed_runs_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    texts = [f"count {log}{' ' * n}" for n in range(SUBMISSIONS)]
    course = make_class(tmp_path / "class", texts)
    kills = [0, 1, 3, 2]
    for count in kills:
        kill_after(course, log, count)
    assert start(course).wait() == 0
    with Ledger.open(course.ledger_path) as ledger:
        graded = Counter(each.sha256 for each in ledger.gradings())
    assert len(graded) == SUBMISSIONS
    assert set(graded.values()) == {1}
    assert len(lines(log)) <= SUBMISSIONS + JOBS * len(kills)  # what was under way, at most
    left = [int(pid) for pid in set(lines(log)) if psutil.pid_exists(int(pid))]
    assert psutil.wait_procs(list(map(psutil.Process, left)), timeout=30)[1] == []
