"""The commands of those who write assignments: `grader skeleton`, `audit` and `doctor`."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grader import cli
from tests.grader.fakes import SOLUTION, Fake, lines


def test_skeleton_is_written_and_checked(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check says which file differs, with exit code 1; writing mends it."""
    assert cli.run(["skeleton", "--check"]) == 0
    (toy / "src" / "model.py").write_text("edited\n", encoding="utf-8")
    capsys.readouterr()
    assert cli.run(["skeleton", "--check"]) == 1
    assert "b1_toy/src/model.py differs from the solution" in capsys.readouterr().out
    assert (toy / "src" / "model.py").read_text(encoding="utf-8") == "edited\n"
    assert cli.run(["skeleton", "b1"]) == 0
    assert "b1_toy/src/model.py written" in capsys.readouterr().out
    assert cli.run(["skeleton", "b1", "--check"]) == 0


def test_a_bad_marker_is_one_line(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With file and line, and exit code 2."""
    path = toy / "solution" / "model.py"
    path.write_text(SOLUTION.replace("### END", "## END"), encoding="utf-8")
    assert cli.run(["skeleton", "b1"]) == 2
    (line,) = lines(capsys)
    assert line.startswith("error: b1_toy/solution/model.py:5: '## END SOLUTION' is not a marker")


@pytest.mark.parametrize(("sound", "code"), [(True, 0), (False, 1)])
def test_audit(toy: Path, fake: Fake, sound: bool, code: int) -> None:
    """Its flags are passed on, without a name all are audited, and its verdict is the exit code."""
    fake.sound = sound
    assert cli.run(["audit", "b1", "--full", "--jobs", "2"]) == code
    assert cli.run(["audit"]) == code
    assert [asked["assignment"].id for asked in fake.asked] == ["b1_toy", "b1_toy"]
    assert [(asked["full"], asked["jobs"]) for asked in fake.asked] == [(True, 2), (False, None)]


@pytest.mark.parametrize("flags", [[], ["--learn"], ["--mutants", "2"]])
def test_an_audit_without_a_solution_is_one_line(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """In a released repository it was a traceback, and "the grader's own fault"."""
    shutil.rmtree(toy / "solution")
    assert cli.run(["audit", "b1", *flags]) == 2
    (line,) = lines(capsys)
    assert "b1_toy/solution does not exist: an audit needs the staff's checkout" in line


def test_audit_learns_or_makes_mutants(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """With both flags, one was ignored."""
    assert cli.run(["audit", "b1", "--learn", "--mutants", "2"]) == 2
    assert "--learn and --mutants are two runs: give one of them" in capsys.readouterr().err


def test_doctor_fails_only_where_something_needed_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine without a GPU is well; one without torch is not."""
    from grader import doctor

    good = doctor.Finding("GPU", doctor.State.LACKING, "none", "works without")
    monkeypatch.setattr(doctor, "examine", lambda: [good])
    assert cli.run(["doctor"]) == 0
    monkeypatch.setattr(
        doctor, "examine", lambda: [good, replace(good, name="torch", state=doctor.State.BROKEN)]
    )
    assert cli.run(["doctor"]) == 1
    assert "torch" in capsys.readouterr().out
