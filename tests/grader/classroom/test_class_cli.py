"""`grader class` as staff use it: a class set up, collected, decided on and explained."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from grader import cli
from grader.classroom import cli as class_cli
from grader.classroom.ledger import Ledger
from tests.grader.fakes import lines

ROSTER = "id,name,group\nada,Ada Lovelace,red\nbob,Bob Kahn,red\n"
INIT = ["init", "autumn", "-a", "b1", "2026-10-09T23:59", "--timezone", "Europe/London"]


def _class(*arguments: str, folder: str = "autumn") -> int:
    """One `grader class` command."""
    where = [] if arguments[0] == "init" else ["--class", folder]
    return cli.run(["class", *arguments, *where])


@pytest.fixture(name="root")
def _root(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a class and two submissions; submissions are read in-process."""
    root = toy.parent
    monkeypatch.setattr(class_cli, "_sandbox", lambda *_: nullcontext())
    (root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    for name in ("ada", "bob"):
        (root / "in" / name).mkdir(parents=True)
        (root / "in" / name / "model.py").write_text(f"{name} = 1\n", encoding="utf-8")
    assert _class(*INIT, "--roster", "roster.csv") == 0
    return root


def test_a_class_from_the_first_command_to_a_student_s_grade(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert _class("collect", "b1", "in", "--at", "2026-10-11T10:00", "--who", "me") == 0
    assert "2 new submissions, 0 known before, 0 refused" in capsys.readouterr().out
    assert _class("extend", "b1", "red", "--days", "1", "--why", "a strike") == 0
    assert _class("adjust", "b1", "ada", "--points", "1.5", "--part", "a", "--why", "neat") == 0
    assert _class("hold", "bob", "--why", "talk first") == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "1: b1_toy: group:red: 1 day more",
        "2: b1_toy: ada: +1.5 points in part a",
        "3: all: bob: held back",
    ]
    assert _class("status") == 0
    table = capsys.readouterr().out
    assert all(word in table for word in ("b1_toy", "ungraded", "held", "2 students, 2 subm"))
    assert _class("status", "ada") == 0
    told = capsys.readouterr().out
    assert "b1_toy: ungraded" in told
    assert "Due 2026-10-10 23:59:00 BST, extended." in told
    assert "Handed in 2026-10-11 10:00:00 BST, 1 day late." in told
    assert "2: b1_toy: +1.5 points in part a, by " in told
    assert "talk first" not in told


def test_decisions_are_taken_back(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ["excuse", "ada", "-a", "b1", "--why", "ill"],
        ["excuse", "ada", "-a", "b1", "--why", "well", "--off"],
        ["adjust", "b1", "ada", "--points", "2", "--why", "oral"],
        ["adjust", "b1", "ada", "--withdraw", "3", "--why", "a slip"],
        ["release", "b1", "--why", "done"],
        ["release", "b1", "--why", "not yet", "--off"],
    ):
        assert _class(*command) == 0
    capsys.readouterr()
    assert _class("status", "ada") == 0
    assert "b1_toy: missing" in capsys.readouterr().out
    assert _class("status") == 0
    assert " no" in capsys.readouterr().out


def test_init_again_keeps_everything(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (root / "autumn" / "course.toml").read_bytes()
    assert _class("collect", "b1", "in", "--at", "due") == 0
    assert _class("init", "autumn", "--roster", "roster.csv") == 0
    assert (root / "autumn" / "course.toml").read_bytes() == before
    with Ledger.open(root / "autumn" / "ledger.sqlite") as ledger:
        assert ledger.count() == 2
    capsys.readouterr()
    assert _class(*INIT) == 2
    assert "autumn/course.toml exists: edit it" in lines(capsys)[0]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["init", "new"], "new/course.toml does not exist: to make it, give --timezone ZONE"),
        (
            ["init", "new", "-a", "b1", "soon", "-z", "UTC"],
            "--assignment b1 = 'soon' is not a time",
        ),
        (["init", "new", "-a", "b1", "2026-10-09T23:59", "-z", "Moon"], "'Moon' is not a time z"),
        ([*INIT[:1], "new", *INIT[2:], "--roster", "twice.csv"], "line 3: 'ada' is there twice"),
        (["roster", "latin.csv"], "latin.csv is not UTF-8: byte"),
        (["collect", "b1", "in"], "nothing says when ada was submitted"),
        (["collect", "b9", "in", "--at", "due"], "'b9' is not an assignment"),
        (["collect", "b1", "in", "--from", "blackbird"], "'blackbird' is not valid: choose from"),
        (["collect", "b1", "in", "--times", "twice.csv"], "'name' is not a column"),
        (["collect", "b1", "in", "--times", "times.csv"], "'zed' is neither a student nor a group"),
        (["adjust", "b1", "zed", "--points", "1", "--why", "x"], "'zed' is neither a student nor"),
        (["adjust", "b1", "ada", "--part", "q", "--why", "x"], "'q' is not a part of b1_toy"),
        (
            ["adjust", "b1", "ada", "--points", "nan", "--why", "x"],
            "'nan' is not a number such as 2",
        ),
        (["adjust", "b1", "ada", "--points", "1", "--why", " "], "--why is empty"),
        (["adjust", "b1", "ada", "--withdraw", "7", "--why", "x"], "7 is not an adjustment of ada"),
        (["adjust", "b1", "ada", "--points", "1"], "Missing option '--why'"),
        (["extend", "b1", "ada", "--why", "x"], "give either --until TIME or --days N"),
        (["extend", "b1", "ada", "--days", "-1", "--why", "x"], "--days -1 is not valid"),
        (["extend", "b1", "ada", "--until", "soon", "--why", "x"], "--until = 'soon' is not a tim"),
        (["status", "zed"], "'zed' is not in the roster"),
        (["status", "adda"], "'adda' is not in the roster: did you mean 'ada'?"),
        (["hold", "Lovelac", "--why", "x"], "nor a group in the roster: did you mean 'ada'?"),
        (["extend", "b1", "ada", "--until", "2026-10-09T09:00", "--why", "x"], "is not after 2026"),
        (["adjust", "b1", "ada", "--points", "two", "--why", "x"], "'two' is not a number such as"),
        (["init", "new", "-a", "b1"], "See: grader class init --help"),
        (["init", "new", "-a", "b1", "2026-10-09", "-z", "UTC"], "--assignment b1 = '2026-10-09'"),
        (["init", "new", "-a", "b1", "2026-10-09T09:00", "-z", "Mars"], "--timezone 'Mars' is not"),
        (["init", "new", "-a", "b9", "2026-10-09T09:00", "-z", "UTC"], "error: 'b9' is not an as"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str], command: list[str], message: str
) -> None:
    (root / "twice.csv").write_text("id,name\nada,A\nada,B\n", encoding="utf-8")
    (root / "latin.csv").write_bytes("id,name\nada,Zoë\n".encode("latin-1"))
    (root / "times.csv").write_text("id,time\nzed,2026-10-09T12:00\n", encoding="utf-8")
    before = (root / "autumn" / "ledger.sqlite").read_bytes()
    capsys.readouterr()
    assert _class(*command) == 2
    (line,) = lines(capsys)
    assert line.startswith("error: ")
    assert message in line
    assert (root / "autumn" / "ledger.sqlite").read_bytes() == before
    assert not (root / "new").exists()


def test_a_class_that_is_damaged_or_not_there_is_one_line(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert _class("status", folder="nowhere") == 2
    assert "nowhere/course.toml does not exist: `grader class init nowhere`" in lines(capsys)[0]
    (root / "autumn" / "ledger.sqlite").write_bytes(b"damaged" * 999)
    assert _class("status") == 2
    (line,) = lines(capsys)
    assert "ledger.sqlite is not a ledger, or is damaged: restore it from a backup" in line


def test_help_lists_every_verb_of_the_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["class", "--help"]) == 0
    out = capsys.readouterr().out
    for verb in ("init", "roster", "collect", "status", "adjust", "extend", "excuse", "hold"):
        assert f"  {verb} " in out


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_a_narrow_terminal_breaks_no_word_of_the_status(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """At 80 columns an assignment's name and most headings stood in pieces, one below another."""
    monkeypatch.setenv("COLUMNS", columns)
    for command in (
        ["collect", "b1", "in", "--at", "2026-10-11T10:00"],
        ["hold", "bob", "--why", "talk first"],
    ):
        assert _class(*command) == 0
    capsys.readouterr()
    assert _class("status") == 0
    told = capsys.readouterr().out.split()
    for word in ("assignment", "b1_toy", "2026-10-09", "ungraded", "held", "released"):
        assert word in told


def test_a_lone_stranger_is_named_and_not_the_files(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A zip with one folder was looked into: 'model.py' was nobody's, it said."""
    (root / "one" / "zed").mkdir(parents=True)
    (root / "one" / "zed" / "model.py").write_text("zed = 1\n", encoding="utf-8")
    capsys.readouterr()
    assert _class("collect", "b1", "one", "--at", "due") == 2
    assert "one: 'zed' is not in the roster" in lines(capsys)[0]
    assert _class("collect", "b1", "one", "--at", "due", "--skip-strangers") == 0
    assert "skipped, not in the roster: zed" in capsys.readouterr().out


def test_without_a_verb_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    """It was an error, with all of the help in one line."""
    assert cli.run(["class"]) == 0
    told = capsys.readouterr()
    assert (told.err, told.out.count("Usage: grader class")) == ("", 1)
    assert any(line.startswith("  collect ") for line in told.out.splitlines())


def test_one_of_a_thing_is_singular(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ "1 new submissions", "1 students in the roster": and so on."""
    (root / "one.csv").write_text("id,name,group\nada,Ada Lovelace,\n", encoding="utf-8")
    capsys.readouterr()
    assert _class("roster", "one.csv") == 0
    (root / "in" / "bob" / "model.py").unlink()
    (root / "in" / "bob").rmdir()
    assert _class("collect", "b1", "in", "--at", "2026-10-11T10:00") == 0
    assert _class("adjust", "b1", "ada", "--points", "1", "--why", "neat") == 0
    assert _class("status") == 0
    assert _class("similar", "b1", "alike") == 0
    assert _class("export", "csv", "grades.csv", "--dry-run") == 0
    told = capsys.readouterr().out
    for line in (
        "1 student in the roster: 0 new, 1 no longer there",
        "1 new submission, 0 known before, 0 refused, 0 not fetched",
        "1: b1_toy: ada: +1 point",
        "1 student, 1 submission; this is grader ",
        "1 submission was compared, the last of each student or group.",
        "grades.csv is new: 1 student, 11 columns",
    ):
        assert f"\n{line}" in f"\n{told}"


def test_staff_see_what_is_behind_a_hold_and_read_each_decision(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They saw "ask the staff", and decisions as records, with times in UTC."""
    for command in (
        ["collect", "b1", "in", "--at", "2026-10-11T10:00"],
        ["extend", "b1", "ada", "--until", "2026-10-12T10:00", "--why", "ill"],
        ["adjust", "b1", "ada", "--why", "see me"],
        ["hold", "ada", "--why", "a talk", "--who", "me"],
    ):
        assert _class(*command) == 0
    assert "2: b1_toy: ada: a comment\n" in capsys.readouterr().out
    assert _class("status", "ada") == 0
    told = capsys.readouterr().out
    assert "b1_toy: held; without that ungraded" in told
    assert "Handed in 2026-10-11 10:00:00 BST, in time." in told
    assert "1: b1_toy: until 2026-10-12 10:00 BST, by " in told
    assert "2: b1_toy: a comment, by " in told
    assert "3: every assignment: held back, by me on " in told


def test_a_release_and_an_entry_need_no_reason(root: Path) -> None:
    assert _class("release", "b1") == 0
    assert _class("enter", "b1", "ada", "--name", "Puffin") == 0


def test_pages_are_in_the_class_s_folder_by_default(root: Path) -> None:
    """With -C they were written into the folder where the command ran."""
    assert _class("report") == 0
    assert (root / "autumn" / "pages" / "staff" / "index.html").is_file()
    assert not (root / "pages").exists()
