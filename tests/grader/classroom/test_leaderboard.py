"""The leaderboard: who is on it, under which name, and with whose points."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import cli
from grader.classroom import leaderboard
from grader.classroom.records import Grading
from tests.grader.classroom.classes import Class, write
from tests.grader.fakes import lines


@pytest.fixture(name="graded")
def _graded(klass: Class, tmp_path: Path) -> Class:
    """Ada and Cyd earned the same, Bob less."""
    folder = tmp_path / "in"
    write(folder, {f"{name}/model.py": f"x = {name!r}\n" for name in ("ada", "bob", "cyd")})
    klass.collect(folder)
    for name, earned in (("ada", 2.0), ("bob", 1.5), ("cyd", 2.0)):
        sha256 = klass.attempts[name].sha256
        known = (name, "b1_toy", sha256, earned, 2.0, {"a": (earned, 2.0)}, False, "me")
        klass.ledger.add_grading(Grading(*known), {})
    return klass


def grader(klass: Class, *arguments: object) -> int:
    return cli.run(["class", *map(str, arguments), "--class", str(klass.folder)])


def _enter(klass: Class, student: str, name: str, *more: str) -> int:
    return grader(klass, "enter", "b1", student, "--name", name, "--why", "asked", *more)


def _names(klass: Class) -> list[tuple[int, str, float]]:
    board = leaderboard.lines(klass.course, klass.ledger, klass.course.find("b1"))
    return [(line.rank, line.name, line.points) for line in board]


def test_only_who_asked_is_on_it_by_a_chosen_name(graded: Class, tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    assert _enter(graded, "bob", "owl") == _enter(graded, "cyd", "<b>fox</b>") == 0
    assert _names(graded) == [(1, "<b>fox</b>", 2.0), (2, "owl", 1.5)]
    assert grader(graded, "leaderboard", "b1", out) == 2
    assert not out.exists()  # not before the release
    assert grader(graded, "release", "b1", "--why", "marked") == 0
    assert grader(graded, "leaderboard", "b1", out) == 0
    page = out.read_text(encoding="utf-8")
    assert "&lt;b&gt;fox&lt;/b&gt;" in page and "<b>fox" not in page
    for told in ("ada", "bob", "cyd", "Kahn", "Charisse", "x.org"):
        assert told not in page


def test_whoever_leaves_is_gone_and_equals_share_a_rank(graded: Class) -> None:
    for student, name in (("ada", "owl"), ("bob", "cat"), ("cyd", "fox")):
        assert _enter(graded, student, name) == 0
    assert [rank for rank, _, _ in _names(graded)] == [1, 1, 3]
    assert _enter(graded, "ada", "", "--off") == 0
    assert _names(graded) == [(1, "fox", 2.0), (2, "cat", 1.5)]


def test_a_fault_is_no_place(graded: Class) -> None:
    """The grader's own fault is not shown as bad work."""
    assert _enter(graded, "bob", "owl") == 0
    sha256 = graded.attempts["bob"].sha256
    fault = ("again", "b1_toy", sha256, 0.0, 2.0, {"a": (0.0, 2.0)}, True, "me")
    graded.ledger.add_grading(Grading(*fault), {})
    assert _names(graded) == [(1, "owl", 1.5)]


@pytest.mark.parametrize(
    ("student", "name", "told"),
    [
        ("ada", "  ", "--name '': give 1 to 30 printable characters"),
        ("ada", "x" * 31, "give 1 to 30 printable characters"),
        ("ada", " Bob Kahn ", "is a student's own: choose one that tells nobody's"),
        ("ada", "Bob Kahn", "is a student's own: choose one that tells nobody's"),
        ("ada", "OWL", "was taken by another: choose another name"),
        ("eve", "cat", "'eve' is neither a student nor a group in the roster"),
    ],
)
def test_a_name_that_cannot_be(
    graded: Class, student: str, name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _enter(graded, "bob", "owl") == 0
    capsys.readouterr()
    assert _enter(graded, student, name) == 2
    (line,) = lines(capsys)
    assert told in line
    assert _names(graded) == [(1, "owl", 1.5)]
