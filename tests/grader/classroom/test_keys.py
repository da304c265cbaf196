"""A key follows what decides a result, and what has changed is told by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader import cli
from grader.assignment import find
from grader.classroom import batch, engine, keys, regrade
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from tests.grader.classroom.test_grade_cli import Pool
from tests.grader.classroom.works import make_class


@pytest.fixture(name="course")
def _course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setattr(engine, "LocalEngine", Pool)
    course = make_class(tmp_path / "class", ["1", "2"])
    monkeypatch.chdir(course.folder)
    return course


@pytest.fixture(name="edited")
def _edited(monkeypatch: pytest.MonkeyPatch) -> str:
    """What the grader is called once somebody has edited it, without another number."""
    before = keys.grader_version()
    after = f"{before.partition('+')[0]}+edited"
    assert after != before
    return after


def run(*arguments: str) -> int:
    return cli.run(["class", *arguments])


@pytest.mark.usefixtures("course")
def test_an_edited_grader_never_passes_for_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    """Its version alone was in the key, and nobody was told that the grades were of another."""
    before = keys.grader_version()
    run("grade", "a2")
    assert run("regrade", "a2") == 0
    assert "nothing to grade again" in capsys.readouterr().out
    monkeypatch.setattr(keys, "grader_version", lambda: edited)
    why = f"the grader changed from {before} to {edited}"
    assert run("grade", "a2") == 0
    assert f"2 gradings out of date ({why})" in capsys.readouterr().out
    assert run("status") == 0
    assert f"a2_bigram_bow: 2 gradings out of date: {why}" in capsys.readouterr().out
    assert run("regrade", "a2") == 0
    told = capsys.readouterr().out
    assert f"2 gradings out of date: {why}\n" in told
    assert "2 graded again" in told
    assert run("regrade", "a2", "--accept", "--why", "a better grader") == 0
    capsys.readouterr()
    assert run("status") == 0
    assert "out of date" not in capsys.readouterr().out


@pytest.mark.usefixtures("course")
def test_one_students_work_is_told_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("grade", "a2")
    monkeypatch.setenv("COURSE_SECRET", "another")
    capsys.readouterr()
    assert run("regrade", "a2", "--owner", "s001") == 0
    assert "1 grading out of date: COURSE_SECRET changed\n" in capsys.readouterr().out


def test_a_ledger_from_before_states_says_that_it_does_not_know(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("grade", "a2")
    monkeypatch.setattr(Ledger, "states", lambda _: {})
    monkeypatch.setenv("COURSE_SECRET", "another")
    with Ledger.open(course.ledger_path) as ledger:
        stale = regrade.since(ledger, course.find("a2").assignment)
        assert stale == regrade.Stale(2, keys.UNKNOWN, 0)


def test_pages_say_which_grader(course: Course) -> None:
    run("grade", "a2")
    run("report")
    page = (course.folder / "pages" / "staff" / "a2_bigram_bow.html").read_text(encoding="utf-8")
    assert f"Graded by grader {keys.grader_version()} (2)" in page


def test_the_key_follows_what_decides_a_result(
    course: Course, monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    assignment = course.find("a2").assignment
    before = keys.stamp(assignment)
    assert keys.stamp(assignment) == before
    limits = replace(assignment.limits, memory_mb=1)
    stamps = {before, keys.stamp(replace(assignment, limits=limits))}
    monkeypatch.setenv("COURSE_SECRET", "another")
    stamps.add(keys.stamp(assignment))
    monkeypatch.setattr(keys, "grader_version", lambda: edited)
    stamps.add(keys.stamp(assignment))
    assert len(stamps) == 4
    assert len({keys.key(sha256, stamp) for stamp in stamps for sha256 in "xy"}) == 8


def test_a_mistakes_description_is_no_part_of_the_key(tmp_path: Path) -> None:
    """Staff who describe a mistake after grading would have had to grade the class again."""
    suite = tmp_path / "suite"
    (suite / "mistakes").mkdir(parents=True)
    (tmp_path / "assignment.toml").write_text("", encoding="utf-8")
    assignment = replace(find("a2"), root=tmp_path, suite=suite)
    before = keys.stamp(assignment)
    (suite / "mistakes" / "new.toml").write_text("sentence = ''", encoding="utf-8")
    assert keys.stamp(assignment) == before
    (suite / "test_new.py").write_text("", encoding="utf-8")
    assert keys.stamp(assignment) != before


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("suite/test_new.py", "the suite"),
        ("solution/new.py", "the solution"),
        ("given/new.py", "the given files"),
        ("assignment.toml", "assignment.toml"),
    ],
)
def test_what_changed_is_told_by_name(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / "assignment.toml").write_text("", encoding="utf-8")
    assignment = replace(find("a2"), root=tmp_path, suite=tmp_path / "suite")
    before = keys.state(assignment)
    stamp = keys.stamp_of(before)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("# new", encoding="utf-8")
    job = batch.jobs(assignment, ["x"])[0]
    old = batch.Grading(keys.key("x", stamp), assignment.id, "x", 1.0, 1.0, {}, False, "me")
    now = keys.state(assignment)
    assert keys.changes([old], {stamp: before}, now) == [f"{what} changed"]
    assert keys.changes([replace(old, key=job.key)], {stamp: before}, now) == []
