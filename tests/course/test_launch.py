"""An assignment's door: whose modules a run.py finds, and what a user is told who has none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from course.errors import UserError
from course.launch import code_digest, put_on_path
from tests.programs import environment, error_of, python

RUN = "from course.launch import launch\n\nlaunch(__file__)\n"
COMMANDS = """\
import argparse

import trainer
from model import NAME


def main(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed")
    parser.add_argument("--solution", action="store_true")
    parser.parse_args(argv)
    print(NAME, trainer.NAME)
    return 1
"""


@pytest.fixture
def assignment(tmp_path: Path) -> Path:
    """An assignment that prints whose model and whose trainer it found, and fails."""
    root = tmp_path / "a7_toy"
    for folder in ("src", "solution"):
        (root / folder).mkdir(parents=True)
        (root / folder / "model.py").write_text(f"NAME = {folder!r}\n")
    (root / "given").mkdir()
    (root / "given" / "commands.py").write_text(COMMANDS)
    (root / "given" / "trainer.py").write_text("NAME = 'given'\n")
    (root / "run.py").write_text(RUN)
    return root


def run(assignment: Path, *arguments: str) -> subprocess.CompletedProcess:
    return python(assignment / "run.py", *arguments, cwd=assignment.parent)


def test_the_students_modules_run_and_with_a_flag_the_references(assignment: Path) -> None:
    mine, theirs = run(assignment, "--seed", "1"), run(assignment, "--solution")
    assert (mine.stdout, mine.returncode) == ("src given\n", 1), mine.stderr
    assert (theirs.stdout, theirs.returncode) == ("solution given\n", 1), theirs.stderr


def test_work_that_brings_a_trainer_of_its_own_runs_with_it(assignment: Path) -> None:
    (assignment / "src" / "trainer.py").write_text("NAME = 'mine'\n")
    assert run(assignment).stdout == "src mine\n"


def test_a_missing_solution_is_named(assignment: Path) -> None:
    (assignment / "solution").rename(assignment / "hidden")
    assert "solution is not a folder" in error_of(run(assignment, "--solution"))


def test_folders_come_first_and_once(assignment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for solution in (False, True, False):
        put_on_path(assignment, solution)
    wanted = [str(assignment / name) for name in ("src", "given")]
    assert sys.path[:2] == wanted
    assert all(sys.path.count(entry) == 1 for entry in wanted)
    with pytest.raises(UserError, match=r"nowhere/src is not a folder"):
        put_on_path(assignment / "nowhere")


def test_a_change_of_given_code_changes_the_digest(assignment: Path) -> None:
    """A run was taken up again with another trainer than the one it had begun with."""
    before = code_digest(assignment, solution=False)
    assert before != code_digest(assignment, solution=True)
    (assignment / "given" / "trainer.py").write_text("NAME = 'other'\n")
    assert before != code_digest(assignment, solution=False)


def test_a_reader_of_the_output_may_leave_early(assignment: Path) -> None:
    lines = 'print("line\\n" * 100_000)\n    return 0'
    (assignment / "given" / "commands.py").write_text(COMMANDS.replace("return 1", lines))
    command = ["bash", "-c", f"{sys.executable} {assignment / 'run.py'} | head -1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
