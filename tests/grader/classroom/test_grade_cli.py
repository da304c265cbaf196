"""`grader class grade`, `regrade` and `report`, as staff type them."""

from __future__ import annotations

import resource
from collections.abc import Generator, Iterable
from functools import partial
from pathlib import Path

import pytest

from grader import cli
from grader.classroom import engine
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.classroom.pages import write
from grader.classroom.records import Answer, Task
from grader.classroom.work import fault
from grader.errors import UserError
from tests.grader.classroom.works import make_class, work


class Pool:
    """In place of the processes: grades here."""

    broken = False

    def __init__(self, jobs: int | None) -> None:
        self.jobs = jobs

    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        yield from (fault(task, "out of order") if self.broken else work(task) for task in tasks)


@pytest.fixture(name="course")
def _course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setattr(engine, "LocalEngine", Pool)
    course = make_class(tmp_path / "class", ["1", "2"])
    monkeypatch.chdir(course.folder)
    return course


def run(*arguments: str) -> int:
    return cli.run(["class", *arguments])


@pytest.mark.usefixtures("course")
def test_what_is_graded_is_not_graded_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("grade", "a2") == 0
    assert capsys.readouterr().out == "2 graded, 0 grader faults among them\n"
    assert run("grade", "a2") == 0
    assert capsys.readouterr().out == "0 graded, 0 grader faults among them\n"


@pytest.mark.usefixtures("course")
def test_a_fault_is_told_by_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pool, "broken", True)
    assert run("grade", "a2") == 3
    monkeypatch.setattr(Pool, "broken", False)
    assert run("grade", "a2") == 0


@pytest.mark.usefixtures("course")
def test_a_changed_suite_is_told_and_regraded_step_by_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("grade", "a2")
    monkeypatch.setenv("COURSE_SECRET", "another")
    capsys.readouterr()
    assert run("grade", "a2") == 0
    assert "2 gradings out of date (COURSE_SECRET changed)" in capsys.readouterr().out
    assert run("regrade", "a2") == 0
    assert "nothing of it counts yet" in capsys.readouterr().out
    assert run("regrade", "a2", "--accept", "--why", "a new secret") == 0
    assert run("regrade", "a2", "--undo", "--why", "too soon") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 gradings are as before"


def test_one_of_a_thing_is_singular(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "1 regrades accepted; `--undo` takes them back"."""
    monkeypatch.setattr(engine, "LocalEngine", Pool)
    monkeypatch.chdir(make_class(tmp_path / "class", ["1"]).folder)
    monkeypatch.setattr(Pool, "broken", True)
    assert run("grade", "a2") == 3
    monkeypatch.setattr(Pool, "broken", False)
    assert run("grade", "a2") == 0
    monkeypatch.setenv("COURSE_SECRET", "another")
    assert run("grade", "a2") == 0
    assert run("regrade", "a2") == 0
    assert run("regrade", "a2", "--accept", "--why", "a new secret") == 0
    assert run("regrade", "a2", "--undo", "--why", "too soon") == 0
    assert run("report", "--students") == 0
    told = capsys.readouterr().out
    for line in (
        "1 graded, 1 grader fault among them",
        "1 graded, 0 grader faults among them",
        "1 grading out of date (COURSE_SECRET changed): `grader class regrade a2` grades it again",
        "1 graded again: 0 gain points, 0 lose points, 1 has as many as before",
        "1 regrade accepted; `--undo` takes it back",
        "1 grading is as before",
        "1 student  ",
    ):
        assert f"\n{line}" in f"\n{told}"


def test_what_was_graded_again_waits_for_accept(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "`regrade` grades them again", and then it graded nothing."""
    run("grade", "a2")
    monkeypatch.setenv("COURSE_SECRET", "another")
    assert run("regrade", "a2", "--owner", "s000") == 0
    capsys.readouterr()
    assert run("status") == 0
    told = capsys.readouterr().out
    assert "a2_bigram_bow: 1 grading out of date: COURSE_SECRET changed\n" in told
    assert "a2_bigram_bow: 1 graded again waits for `regrade --accept`\n" in told
    assert run("regrade", "a2") == 0
    assert "1 grading out of date: COURSE_SECRET changed\n" in capsys.readouterr().out
    waiting = "2 graded again wait for `regrade --accept`\n"
    assert run("grade", "a2") == 0
    assert capsys.readouterr().out == f"0 graded, 0 grader faults among them\n{waiting}"
    assert run("regrade", "a2") == 0
    told = capsys.readouterr().out
    assert told.startswith("2 graded again: ")
    assert told.endswith("nothing of it counts yet: --accept makes it count\n")
    with Ledger.open(course.ledger_path) as ledger:
        assert len(ledger.gradings()) == 4
    assert run("regrade", "a2", "--accept", "--why", "a new secret") == 0
    capsys.readouterr()
    assert run("status") == 0
    assert "graded again" not in capsys.readouterr().out


def test_a_damaged_state_is_one_line(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """`status` took the error for a missing secret, and ended with 0."""
    with Ledger.open(course.ledger_path) as ledger, ledger.writing():
        ledger.insert("states", stamp="stamp", state="[1]", at="now")
    for verb in (["status"], ["grade", "a2"], ["regrade", "a2"]):
        assert run(*verb) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "is damaged: restore it from a backup" in line


def test_a_shell_without_the_secret_grades_nothing(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said that the secret changed, and would have graded with inputs that anyone can draw."""
    monkeypatch.setenv("COURSE_SECRET", "one")
    run("grade", "a2")
    monkeypatch.setenv("COURSE_SECRET", "another")
    run("regrade", "a2")
    run("regrade", "a2", "--accept", "--why", "a new secret")
    capsys.readouterr()
    for unset in (partial(monkeypatch.setenv, value=""), monkeypatch.delenv):
        unset("COURSE_SECRET")
        assert run("status") == 0
        told = capsys.readouterr().out
        assert "COURSE_SECRET is not set here" in told
        assert "gradings out of date" not in told
        for again in (["grade"], ["regrade"], ["regrade", "--accept", "--why", "x"]):
            assert run(again[0], "a2", *again[1:]) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert "COURSE_SECRET is not set here" in line
    with Ledger.open(course.ledger_path) as ledger:
        assert len(ledger.gradings()) == 4
    assert run("regrade", "a2", "--undo", "--why", "needs no secret") == 0


@pytest.mark.usefixtures("course")
def test_a_class_that_never_had_a_secret_needs_none(capsys: pytest.CaptureFixture[str]) -> None:
    run("grade", "a2")
    assert run("regrade", "a2") == 0
    assert run("status") == 0
    assert "COURSE_SECRET" not in capsys.readouterr().out


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["regrade", "a2", "--accept"], "--accept needs --why"),
        (["regrade", "a2", "--accept", "--undo"], "--accept and --undo are two steps"),
        (["regrade", "a2", "--undo", "--why", "x", "--owner", "s000"], "leave out --owner"),
        (["regrade", "a2", "--accept", "--why", "x"], "nothing to accept"),
        (["grade", "a2", "--scheduler", "nowhere"], "is neither a file nor an address"),
        (["grade", "a5"], "is not in"),
    ],
)
def test_wrong_usage_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    assert run(*arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert error in lines[0]


def test_pages_are_written_beside_one_another(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    run("grade", "a2")
    assert run("report", "--students") == 0
    told = capsys.readouterr().out
    for path in ("staff/index.html", "staff/a2_bigram_bow.html", "students/s001.html"):
        assert (course.folder / "pages" / path).is_file()
    assert "2 students" in told
    (course.folder / "file").write_text("")
    assert run("report", "--out", "file") == 2


def test_a_full_disk_leaves_the_older_page(course: Course) -> None:
    """A page was cut off where the disk was full; a limit on a file's size stands in for it."""
    run("grade", "a2")
    assert run("report") == 0
    page = course.folder / "pages" / "staff" / "a2_bigram_bow.html"
    page.write_text("older")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Ledger.open(course.ledger_path) as ledger:
        assert len(ledger.students()) == 2  # opens its files, which are longer
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            with pytest.raises(UserError, match=r"a2_bigram_bow.html cannot be written: File too"):
                list(write.write(course, ledger, Path("pages"), course.assignments, False))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert page.read_text() == "older"
    assert [path.name for path in page.parent.iterdir() if "partial" in path.name] == []
