"""`grader grade` on the command line: which files it writes, and whose work needs a sandbox."""

import json
from pathlib import Path

import pytest

from grader import cli
from grader.verdict.result import Outcome, Result
from tests.grader.fakes import Fake, lines


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
    from grader.boundary import container, sandbox

    monkeypatch.setattr(sandbox, "why_no_sandbox", lambda: "bubblewrap is not installed")
    monkeypatch.setattr(container, "why_no_container", lambda: "no Landlock")
    assert cli.run(["grade", "b1"]) == 0
    assert fake.asked[0]["options"].sandbox is None
    (toy.parent / "model.py").write_text("x = 1\n")
    assert cli.run(["grade", "b1", "-s", "."]) == 2
