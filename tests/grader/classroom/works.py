"""Stands in for grading in the engines' tests: what a process does is in the task's only file."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from grader import assignment as assignments
from grader.classroom import batch, course_file
from grader.classroom.course_file import Course
from grader.classroom.engine import LocalEngine
from grader.classroom.ledger import Ledger
from grader.classroom.records import Answer, Attempt, Student, Task
from grader.classroom.store import Store
from grader.intake.submission import Tree, digest
from grader.verdict.result import Isolation, PartResult, Result, Submission

ASSIGNMENT = "a2_bigram_bow"
FILE = "src/bigram.py"


def task(text: str, key: str = "") -> Task:
    """A task that does what `text` says: "3" earns 3 points."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Task(key or f"key of {text}", ASSIGNMENT, sha256, {FILE: text.encode()}, "stamp")


def work(given: Task) -> Answer:
    """The points that the file names; "die", "die once PATH" and "hang" do what they say."""
    text = given.files[FILE].decode()
    word, _, path = text.partition(" ")
    if word == "die" or (word == "once" and not Path(path).exists()):
        if path:
            Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "hang":
        time.sleep(1000)
    if word == "count":
        with Path(path).open("a") as file:
            file.write(f"{os.getpid()}\n")
    points = float(word) if word.replace(".", "").isdigit() else 0.0
    return Answer(given.key, given.assignment, given.sha256, result(given, points).to_json())


def result(given: Task, points: float) -> Result:
    """A result with these points, all in the first part."""
    assignment = assignments.find(given.assignment)
    parts = tuple(
        PartResult(part.id, part.title, points if n == 0 else 0.0, part.points)
        for n, part in enumerate(assignment.parts)
    )
    return Result(
        assignment=assignment.id,
        title=assignment.title,
        submission=Submission(given.sha256[:12], given.sha256, tuple(given.files)),
        score=points,
        max_score=assignment.points,
        usable=True,
        isolation=Isolation("none"),
        parts=parts,
        tests=(),
        seconds=0.0,
        versions={},
    )


COURSE = """
[course]
id = "toy"
[[assignments]]
id = "a2"
due = "2026-10-09T23:59"
"""


def make_class(folder: Path, texts: Iterable[str]) -> Course:
    """A class with a student for each text, who handed it in."""
    folder.mkdir(exist_ok=True)
    (folder / "course.toml").write_text(COURSE, encoding="utf-8")
    course = course_file.read(folder)
    store, texts = Store(course.store_path), list(texts)
    with Ledger.open(course.ledger_path, create=True) as ledger:
        students = [Student(f"s{n:03}", f"Student {n}") for n in range(len(texts))]
        ledger.set_roster(students, "test", "tester")
        for student, text in zip(students, texts, strict=True):
            files = {FILE: text.encode()}
            sha256 = store.put(Tree(student.id, files, (), digest(files)))
            at = datetime(2026, 10, 1, tzinfo=UTC)
            attempt = Attempt(ASSIGNMENT, student.id, sha256, at, "test", (student.id,))
            ledger.add_attempt(attempt, "tester")
    return course


def main(folder: str) -> None:
    """Grades the class in `folder`, as `grader class grade` does, but for the grading itself."""
    course = course_file.read(Path(folder))
    with Ledger.open(course.ledger_path) as ledger, batch.locked(course):
        todo = batch.waiting(ledger, course.find(ASSIGNMENT).assignment)
        batch.grade(course, ledger, todo, LocalEngine(jobs=2, work=work), "tester")


if __name__ == "__main__":
    main(sys.argv[1])
