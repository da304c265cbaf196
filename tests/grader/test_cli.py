"""The command line as its users see it: exit codes, one line for a mistake, files whole or absent.

The grading itself is replaced by a result that is made here; what it decides is tested elsewhere.
"""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader import assignment as assignments
from grader import cli
from grader.authoring import skeleton
from grader.boundary.errors import IsolationUnavailable, SandboxError
from grader.verdict.result import Isolation, Outcome, PartResult, Result, Submission, TestResult

TOML = """
id = "b1_toy"
title = "A toy"
student_files = ["src/model.py"]
[[parts]]
id = "a"
title = "First"
points = 2
"""
SOLUTION = """\
def one():
    # TODO(a): the number one
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one assignment whose skeleton is made; its root is the working folder."""
    root = tmp_path / "b1_toy"
    (root / "solution").mkdir(parents=True)
    (root / "assignment.toml").write_text(TOML, encoding="utf-8")
    (root / "solution" / "model.py").write_text(SOLUTION, encoding="utf-8")
    skeleton.write(assignments.read(root, tmp_path))
    find, names = assignments.find, assignments.names
    monkeypatch.setattr(assignments, "find", lambda name: find(name, tmp_path))
    monkeypatch.setattr(assignments, "names", lambda *_: names(tmp_path))
    monkeypatch.setattr(assignments, "all_assignments", lambda: [find("b1_toy", tmp_path)])
    monkeypatch.chdir(tmp_path)
    return root


class Fake:
    """Stands for the modules that grade, check and audit, and notes what they were asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.usable = True
        self.outcome = Outcome.PASSED
        self.error: Exception | None = None
        self.sound = True

    def result(self, assignment: Any, tree: Any, **asked: Any) -> Result:
        self.asked.append({"assignment": assignment, "tree": tree, **asked})
        if self.error:
            raise self.error
        score = 2.0 if self.outcome is Outcome.PASSED else 0.0
        test = TestResult("t.py::t", "It is one.", "a", "hidden", self.outcome, score, 2.0)
        return Result(
            assignment.id, assignment.title, Submission(tree.name, tree.sha256, tuple(tree.files)),
            score, 2.0, self.usable, Isolation("sandbox"), (PartResult("a", "First", score, 2.0),),
            (test,), 0.1, {"python": "3"},
        )  # fmt: skip


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """What the verbs call instead of the real grading."""
    made = Fake()

    def grade(assignment: Any, tree: Any, options: Any) -> tuple[Result, bytes]:
        return made.result(assignment, tree, options=options), b"hello from the student\n"

    def audit(assignment: Any, **asked: Any) -> bool:
        made.asked.append({"assignment": assignment, **asked})
        return made.sound

    real = importlib.import_module("grader.verdict.grade")
    for name, values in {
        "grade": {
            "grade_with_output": grade,
            "Options": real.Options,
        },
        "check": {"check": made.result},
        "audit": {"audit": audit},
    }.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, f"grader.verdict.{name}", module)
    return made


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What went to stderr."""
    return capsys.readouterr().err.splitlines()


def test_help_is_quick_and_names_every_verb() -> None:
    """It imports no torch; a newcomer sees each verb with a sentence, and the exit codes."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "grader", "--help"],
        capture_output=True, text=True, check=True, cwd=assignments.CHECKOUT,
    )  # fmt: skip
    for verb in ("check", "grade", "skeleton", "audit", "doctor", "Exit codes"):
        assert verb in told.stdout
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "typer" in imported
    assert imported.isdisjoint({"torch", "pytest", "jinja2", "nbformat"})


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
        (["grade", "b1", "--frob"], "No such option: --frob See: grader grade --help"),
        (["grade", "b9"], "'b9' is not an assignment: choose from b1_toy"),
        (["grade", "b1", "--isolation", "magic"], "'auto', 'sandbox', 'process'"),
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


def test_grade_writes_a_run_folder_that_it_names(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without flags: result, page and what the student's code printed."""
    assert cli.run(["grade", "b1"]) == 0
    told = capsys.readouterr().out
    (folder,) = Path("runs/grades/b1_toy").iterdir()
    tree = fake.asked[0]["tree"]
    assert folder.name == f"src-{tree.sha256[:8]}"
    assert {path.name for path in folder.iterdir()} == {"result.json", "report.html", "worker.log"}
    assert str(folder / "report.html") in told
    assert "2 of 2 points" in told
    value = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert (value["score"], value["submission"]["sha256"]) == (2.0, tree.sha256)
    assert (folder / "worker.log").read_bytes() == b"hello from the student\n"
    assert fake.asked[0]["options"].isolation == "auto"
    assert fake.asked[0]["options"].parts is None


def test_a_run_folder_that_cannot_be_made_is_named(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is graded."""
    Path("runs").write_text("a file", encoding="utf-8")
    assert cli.run(["grade", "b1"]) == 2
    (line,) = lines(capsys)
    assert line.startswith("error: runs/grades/b1_toy/src-")
    assert fake.asked == []


def test_grade_writes_what_it_is_told_to(toy: Path, fake: Fake) -> None:
    """The four files and nothing else; isolation and parts are passed on."""
    flags = ["--json", "r.json", "--html", "r.html", "--junit", "r.xml", "--gradescope", "g.json"]
    argv = ["grade", "b1", "-s", "b1_toy/solution", "--isolation", "process", "--part", "a"]
    before = set(toy.parent.iterdir())
    assert cli.run([*argv, *flags]) == 0
    new = {path.name for path in set(toy.parent.iterdir()) - before}
    assert new == {"r.json", "r.html", "r.xml", "g.json"}
    assert Path("r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    options = fake.asked[0]["options"]
    assert (options.isolation, options.parts) == ("process", ("a",))
    assert fake.asked[0]["tree"].own


def test_a_low_score_is_still_a_grade(toy: Path, fake: Fake) -> None:
    """Exit code 0 says that the grading is done, whatever its score."""
    fake.outcome = Outcome.FAILED
    assert cli.run(["grade", "b1"]) == 0


def test_a_grade_that_is_not_to_be_used_is_code_3(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files are written all the same: they say why."""
    fake.usable, fake.outcome = False, Outcome.GRADER_FAULT
    assert cli.run(["grade", "b1", "--json", "r.json"]) == 3
    assert "must not be used" in " ".join(capsys.readouterr().out.split())
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["usable"] is False


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


def test_a_target_that_cannot_be_written_leaves_the_old_file(
    toy: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that cannot be made harms no file that is there already."""
    from grader import output

    Path("r.json").write_text("old", encoding="utf-8")

    def broken(result: Result) -> str:
        raise RuntimeError("cannot be made")

    monkeypatch.setitem(output.RENDER, "html", broken)
    assert cli.run(["grade", "b1", "--json", "r.json", "--html", "r.html"]) == 3
    assert Path("r.json").read_text(encoding="utf-8") == "old"
    assert not Path("r.html").exists()
    assert not list(toy.parent.glob("*.partial"))


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


def test_the_interrupt_key_leaves_no_traceback(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the shell's own exit code for it, 130."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(assignments, "find", stop)
    assert cli.run(["grade", "b1"]) == 130
    assert capsys.readouterr().err == "error: stopped\n"


def test_ctrl_c_while_grading_writes_no_file(
    toy: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the hidden tests, a grade once went on to write a report of what it had."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake, "result", stopped)
    before = sorted(toy.parent.rglob("*"))
    asked = ["grade", "b1", "--json", "result.json", "--html", "report.html"]
    assert cli.run(asked) == 130
    assert sorted(toy.parent.rglob("*")) == before


def test_a_full_disk_takes_the_score_from_nobody(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """After minutes of grading a full disk once left an error and no score."""
    assert cli.run(["grade", "b1", "--json", "/dev/full"]) == 2
    told = capsys.readouterr()
    assert "2 of 2 points" in told.out
    assert told.err == "error: /dev/full cannot be written: No space left on device\n"
    assert Path("/dev/full").is_char_device()


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


def test_another_persons_work_is_read_and_graded_in_one_sandbox(
    toy: Path, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    """What hangs or breaks its reader is a refusal in one line, and not a fault of the grader."""
    from grader.boundary.sandbox import why_no_sandbox

    if problem := why_no_sandbox():
        pytest.skip(problem)
    work = toy.parent / "work"
    work.mkdir()
    (work / "model.py").write_text("x = 1\n")
    assert cli.run(["grade", "b1", "-s", "work"]) == 0
    sandbox = fake.asked[0]["options"].sandbox
    assert sandbox.isolation == "sandbox" and sandbox._process is None
    assert fake.asked[0]["tree"].files == {"src/model.py": b"x = 1\n"}
    (work / "model.py").write_bytes(b"# coding: utf-7\n")
    capsys.readouterr()
    assert cli.run(["grade", "b1", "-s", "work"]) == 2
    assert lines(capsys) == [
        "error: work: 'model.py' declares the encoding utf-7: save it as UTF-8 and delete that line"
    ]
    assert len(fake.asked) == 1


def test_own_work_is_graded_without_a_sandbox(
    toy: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first command works everywhere; another person's work is refused there."""
    from grader.boundary import sandbox

    monkeypatch.setattr(sandbox, "why_no_sandbox", lambda: "bubblewrap is not installed")
    assert cli.run(["grade", "b1"]) == 0
    assert fake.asked[0]["options"].sandbox is None
    (toy.parent / "model.py").write_text("x = 1\n")
    assert cli.run(["grade", "b1", "-s", "."]) == 2
