"""The command line as its users see it: help, exit codes, one line for a mistake.

The grading itself is replaced by a result that is made up; what it decides is tested elsewhere.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader import assignment as assignments
from grader import cli
from grader.boundary.errors import IsolationUnavailable, SandboxError
from grader.verdict.result import Outcome
from tests.grader.fakes import Fake, lines


def test_help_is_quick_and_names_every_verb() -> None:
    """It imports no torch; a newcomer sees each verb with a sentence, and the exit codes."""
    command = [sys.executable, "-X", "importtime", "-m", "grader", "--help"]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=assignments.CHECKOUT
    )
    for verb in ("check", "grade", "skeleton", "audit", "doctor", "Exit codes"):
        assert verb in told.stdout
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint({"torch", "pytest", "jinja2", "nbformat"})


def test_a_reader_that_is_gone_gets_no_traceback() -> None:
    """As in `grader --help | true`."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "grader", "--help"]
    ended = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, check=False, cwd=assignments.CHECKOUT
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize("verb", ["check", "grade", "skeleton", "audit", "doctor"])
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 0."""
    assert cli.run([verb, "--help"]) == 0
    assert f"grader {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["frob"], "No such command 'frob'. See: grader --help"),
        (["grade"], "Missing argument 'ASSIGNMENT'. See: grader grade --help"),
        (["grade", "b1", "--frob"], "No such option '--frob'. See: grader grade --help"),
        (["grade", "b9"], "'b9' is not an assignment: choose from b1_toy"),
        (["grade", "b1", "--isolation", "magic"], "'auto', 'sandbox', 'container', 'process'"),
        (["grade", "b1", "--part", "z"], "--part 'z' is not a part of b1_toy: choose from a"),
        (["grade", "b1", "-s", "nothing"], "nothing does not exist: hand in a folder"),
        (["grade", "b1", "--json", "no/such/x.json"], "no/such/x.json cannot be written: no/such"),
        (["grade", "b1", "--json", "b1_toy"], "b1_toy is a folder: name a file"),
        (["grade", "b1", "--json", "x", "--html", "x"], "x is named for two reports"),
        (["grade", "b1", "--html", "b1_toy/assignment.toml/x.html"], "x.html cannot be written"),
        (["check", "b1", "--submission", "b1_toy/assignment.toml"], "is not a submission"),
        (["skeleton"], "name an assignment (b1_toy), or use --check"),
        (["audit", "b1", "--jobs", "0"], "--jobs"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    """Nothing is graded and nothing is written."""
    before = sorted(toy.parent.rglob("*"))
    assert cli.run(argv) == 2
    (line,) = lines(capsys)
    assert line.startswith("error: ")
    assert message in line
    assert fake.asked == []
    assert sorted(toy.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (IsolationUnavailable("no bubblewrap; use --isolation process"), 2, "error: no bubblewrap"),
        (SandboxError("did not start"), 3, "error: the grader's own fault: SandboxError: did not"),
        (KeyError("bug"), 3, "error: the grader's own fault: KeyError: 'bug'"),
    ],
)
def test_what_goes_wrong_has_its_code(
    toy: Path,
    fake: Fake,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
    message: str,
) -> None:
    """A machine without a sandbox is the user's affair, a bug is ours and shows its traceback."""
    fake.error = error
    assert cli.run(["grade", "b1", "--json", "r.json"]) == code
    told = lines(capsys)
    assert told[-1].startswith(message)
    assert (len(told) > 1) == isinstance(error, KeyError)
    assert not Path("r.json").exists()
    assert cli.run(["grade", "b1"]) == code
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("outcome", "usable", "code"),
    [
        (Outcome.PASSED, True, 0),
        (Outcome.FAILED, True, 1),
        (Outcome.NOT_IMPLEMENTED, True, 1),
        (Outcome.GRADER_FAULT, False, 3),
    ],
)
def test_check_fails_where_a_test_does(
    toy: Path, fake: Fake, outcome: Outcome, usable: bool, code: int
) -> None:
    """A student's own run: 0 only where all is passed; nothing is written."""
    fake.outcome, fake.usable = outcome, usable
    assert cli.run(["check", "b1", "--part", "a"]) == code
    assert fake.asked[0]["parts"] == ("a",)
    assert list(fake.asked[0]["tree"].files) == ["src/model.py"]
    assert not Path("runs").exists()


def test_the_interrupt_key_leaves_no_traceback(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the shell's own exit code for it, 130."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(assignments, "find", stop)
    assert cli.run(["grade", "b1"]) == 130
    assert capsys.readouterr().err == "error: stopped\n"


NASTY = "w\x1b[2J\x9b\nerror: \u202e100 of 100"


def test_no_terminal_obeys_a_submissions_name(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the work itself, of files in it, of reports called after it."""
    work = toy.parent / NASTY
    work.mkdir()
    for argv in (["check", "b1", "-s", str(work)], ["grade", "b1", "-s", str(work / "none")]):
        assert cli.run(argv) == 2
    (work / "model.py").write_text("x = 1\n")
    (work / f"{NASTY}.md").touch()
    assert cli.run(["check", "b1", "-s", str(work)]) == 2
    (work / f"{NASTY}.md").unlink()
    assert cli.run(["check", "b1", "-s", str(work)]) == 0
    assert cli.run(["grade", "b1", "--json", f"{NASTY}.json"]) == 0
    fake.error = RuntimeError(NASTY)
    assert cli.run(["grade", "b1", "--json", f"{NASTY}.json"]) == 3
    told = capsys.readouterr()
    assert "100 of 100" in told.out and "100 of 100" in told.err
    for line in (told.out + told.err).splitlines():
        assert line.isprintable(), ascii(line)
    errors = [line for line in told.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 4 and "error: \\u202e100 of 100" not in [line[:24] for line in errors]
