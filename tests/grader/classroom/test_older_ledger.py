"""A ledger of an earlier term: a look leaves it as it is, a write brings it up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.classroom import batch, engine, keys, migrations
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.errors import UserError
from tests.grader.classroom.test_grade_cli import Pool
from tests.grader.classroom.works import make_class, work


@pytest.fixture(name="older")
def _older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A class with gradings in a ledger of version 1, which has no states."""
    monkeypatch.setattr(engine, "LocalEngine", Pool)
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:1])
        course = make_class(tmp_path / "older", ["1", "2"])
        with Ledger.open(course.ledger_path) as ledger:
            todo = batch.waiting(ledger, course.find("a2").assignment)
            for task in batch.tasks(course, todo):
                answer = work(task)
                ledger.add_grading(batch.to_grading(answer, "tester", ""), answer.result)
    assert version(course) == 1
    return course


@pytest.fixture(name="protected")
def _protected(older: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The same, where nothing may write, not even root, whom no mode of a file stops."""
    connect = sqlite3.connect

    def reading(name: str, **options: Any) -> sqlite3.Connection:
        mode = "ro" if name.startswith(older.ledger_path.as_uri()) else "rw"
        return connect(name.replace("mode=rw", f"mode={mode}"), **options)

    older.ledger_path.chmod(0o444)
    monkeypatch.setattr(sqlite3, "connect", reading)
    return older


def version(course: Course) -> int:
    connection = sqlite3.connect(course.ledger_path)
    try:
        return migrations.version(connection)
    finally:
        connection.close()


def run(course: Course, *arguments: str) -> int:
    return cli.run(["class", *arguments, "--class", str(course.folder)])


@pytest.mark.parametrize("verb", ["status", "report"])
def test_a_look_needs_no_right_to_write(
    protected: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """It "cannot be written", and where it could, its own grader refused it afterwards."""
    before = protected.ledger_path.read_bytes()
    out = ["--out", str(tmp_path / "pages")] if verb == "report" else []
    assert run(protected, verb, *out) == 0
    said = {"status": "2 students", "report": "overview"}[verb]
    assert said in capsys.readouterr().out
    assert protected.ledger_path.read_bytes() == before
    with pytest.raises(UserError, match="read-only"), Ledger.open(protected.ledger_path) as ledger:
        ledger.add_state("stamp", {})


def test_an_earlier_term_is_compared_with_as_it_is(
    protected: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = protected.ledger_path.read_bytes()
    course = make_class(tmp_path / "class", ["1"])
    out, earlier = str(tmp_path / "out"), str(protected.folder)
    assert run(course, "similar", "a2", out, "--earlier", earlier) == 0
    assert "3 submissions were compared" in capsys.readouterr().out
    assert protected.ledger_path.read_bytes() == before


def test_it_is_brought_up_to_date_when_something_is_written(
    older: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had stays, and of that it says that it does not know."""
    assert run(older, "grade", "a2") == 0  # nothing to do
    assert version(older) == 1
    monkeypatch.setenv("COURSE_SECRET", "another")
    assert run(older, "regrade", "a2") == 0
    assert f"2 gradings out of date: {keys.UNKNOWN}" in capsys.readouterr().out
    assert version(older) == len(migrations.STEPS)
    with Ledger.open(older.ledger_path) as ledger:
        assert len(ledger.gradings()) == 4
        now = keys.state(older.find("a2").assignment)
        assert ledger.states() == {keys.stamp_of(now): now}


def test_a_write_that_fails_leaves_it_as_it_was(older: Course) -> None:
    with Ledger.open(older.ledger_path) as ledger:
        with pytest.raises(ZeroDivisionError), ledger.writing():
            ledger.add_state("stamp", {"x": str(1 / 0)})
        assert ledger.states() == {}
    assert version(older) == 1
