"""`grader class export` and `similar`, as staff type them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from grader import cli
from grader.classroom import course_file, exporting, similar
from grader.classroom.ledger import Ledger
from grader.classroom.records import Grading
from grader.errors import UserError
from grader.verdict.result import Isolation, PartResult, Result, Submission
from tests.grader.classroom.classes import Class, write
from tests.grader.classroom.test_similarity import OTHER, RENAMED, TRAIN
from tests.grader.fakes import lines

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,b1_toy (9)
    Points Possible,,,,,2
"Lovelace, Ada",1,ada,,1,
"Kahn, Bob",2,bob,,1,0.5
"Charisse, Cyd",3,cyd,,1,
"""


@pytest.fixture(name="graded")
def _graded(klass: Class, tmp_path: Path) -> Class:
    """Ada earned one and a half points, Bob's work has a fault, Cyd handed in nothing."""
    texts = {"ada": TRAIN, "bob": RENAMED}
    folder = tmp_path / "in"
    write(folder, {f"{name}/model.py": text for name, text in texts.items()})
    klass.collect(folder)
    for name, earned, is_fault in (("ada", 1.5, False), ("bob", 0.0, True)):
        sha256 = klass.attempts[name].sha256
        parts = (PartResult("a", "First", earned, 2.0),)
        result = Result(
            *("b1_toy", "A toy", Submission(name, sha256, ()), earned, 2.0, not is_fault),
            *(Isolation("none"), parts, (), 0.1, {}),
        )
        key = f"key of {name}"
        known = (key, "b1_toy", sha256, earned, 2.0, {"a": (earned, 2.0)}, is_fault, "me")
        klass.ledger.add_grading(Grading(*known), result.to_json())
    return klass


def grader(klass: Class, *arguments: object) -> int:
    return cli.run(["class", *map(str, arguments), "--class", str(klass.folder)])


def test_canvas_is_filled_after_a_look(
    graded: Class, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run says what would change, and a fault of the grader is no zero."""
    template, out = tmp_path / "canvas.csv", tmp_path / "filled.csv"
    template.write_text(CANVAS)
    command = ("export", "canvas", out, "--fill", template)  # of the only assignment
    assert grader(graded, *command, "--dry-run") == 0
    told = capsys.readouterr().out
    assert "ada (Ada Lovelace): empty -> 1.5" in told
    assert "unchanged: bob (Bob Kahn): 0.5, fault" in told
    assert "unchanged: cyd (Cyd Charisse): empty, missing" in told
    assert told.endswith("nothing was written\n")
    assert not out.exists()
    assert grader(graded, *command, "--missing", "0") == 0
    grades = [line.rpartition(",")[2] for line in out.read_text().splitlines()]
    assert grades == ["b1_toy (9)", "2", "1.5", "0.5", "0"]
    assert template.read_text() == CANVAS


def test_a_csv_and_jsons_are_made(graded: Class, tmp_path: Path) -> None:
    out = tmp_path / "grades.csv"
    assert grader(graded, "export", "csv", out) == 0
    rows = out.read_text(encoding="utf-8-sig").splitlines()
    assert rows[1] == "ada,Ada Lovelace,ada@x.org,,red,1.5,2,graded,0,1.5,2"
    assert rows[2] == "bob,Bob Kahn,bob@x.org,,red,,2,fault,0,,2"
    assert grader(graded, "export", "classroom50", tmp_path / "out", "-a", "b1") == 0
    assert sorted(path.name for path in (tmp_path / "out" / "b1_toy").iterdir()) == [
        *("ada.json", "bob.json", "cyd.json")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "excel", "x"), "'excel' is not a kind: choose from canvas, moodle, blackboard"),
        (("export", "canvas", "x"), "canvas: name the file that it exported with --fill"),
        (("export", "csv", "."), ". is a folder: name a file to write"),
        (("export", "csv", "x", "--missing", "nan"), "'nan' is not a number such as"),
        (("export", "canvas", "x", "-a", "b1"), "canvas: name the file that it exported with --f"),
        (("export", "csv", "x", "--fill", "y"), "--fill is for canvas, moodle, blackboard"),
        (("export", "moodle", "x", "-a", "b1", "--fill", "nowhere.csv"), "cannot read nowhere.csv"),
        (("similar", "b9", "x"), "'b9' is not an assignment"),
        (("similar", "b1", "x", "--earlier", "nowhere"), "nowhere"),
    ],
)
def test_a_wrong_command_is_one_line(
    arguments: tuple[str, ...],
    message: str,
    klass: Class,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    assert grader(klass, *arguments) == 2
    (line,) = lines(capsys)
    assert message in line
    assert not Path("x").exists()


def test_what_cannot_be_written_is_not_first_described_as_new(
    graded: Class, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ "x.csv is new: 3 students" stood above the error."""
    (tmp_path / "file").write_text("")
    capsys.readouterr()
    assert grader(graded, "export", "csv", tmp_path / "file" / "x.csv") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "cannot write" in told.err


def test_several_assignments_are_not_chosen_from(
    graded: Class, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is taken without being named; of two, one must be named, and both are listed."""
    second = replace(graded.course.assignments[0], id="b2_toy")
    course = replace(graded.course, assignments=(*graded.course.assignments, second))
    with (
        Ledger.open(course.ledger_path) as ledger,
        pytest.raises(UserError, match="canvas: name the assignment with --assignment, of b1_toy"),
    ):
        exporting.prepare(course, ledger, exporting.Request("canvas", Path("x")))


def test_similar_compares_this_term_and_an_earlier_one(
    graded: Class, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last submissions count; a former run's pages go."""
    out = tmp_path / "pages"
    (out / "pairs").mkdir(parents=True)
    (out / "pairs" / "0007.html").write_text("old")
    earlier = Class(tmp_path / "spring")
    write(tmp_path / "before", {"cyd/model.py": OTHER, "bob/model.py": RENAMED})
    earlier.collect(tmp_path / "before")
    earlier.ledger.close()
    capsys.readouterr()
    assert grader(graded, "similar", "b1", out, "--earlier", earlier.folder) == 0
    assert "4 submissions were compared" in capsys.readouterr().out
    assert sorted(path.name for path in (out / "pairs").iterdir()) == ["0001.html", "0002.html"]
    index = (out / "index.html").read_text()
    assert "<td>ada</td><td>bob</td>" in index
    assert "<td>ada</td><td>bob (spring)</td>" in index


def test_similar_lists_equal_submissions_outside_the_limit_of_pairs(
    klass: Class, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They took the places of the pairs that are the most alike."""
    files = {"ada/model.py": TRAIN, "bob/model.py": TRAIN, "cyd/model.py": RENAMED}
    klass.collect(write(tmp_path / "in", dict(files)))
    capsys.readouterr()
    out = tmp_path / "pages"
    assert grader(klass, "similar", "b1", out, "--most", "1") == 0
    told = capsys.readouterr().out
    assert "one stands for all in the pairs" in told
    assert f"{out / 'index.html'}: 1 group of equal submissions, 1 pair\n" in told
    index = (out / "index.html").read_text()
    assert "2 submissions are the same in every file: ada, bob" in index
    assert "<td>ada</td><td>cyd</td>" in index


def test_similar_says_how_many_pairs_it_leaves_out(
    klass: Class, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = {"ada": TRAIN, "bob": f"{TRAIN}# bob\n", "cyd": RENAMED}
    klass.collect(write(tmp_path / "in", {f"{name}/model.py": texts[name] for name in texts}))
    assert grader(klass, "similar", "b1", tmp_path / "pages", "--most", "1") == 0
    told = capsys.readouterr().out
    assert "2 more pairs are alike; these are the most alike ones." in told


def test_similar_names_nobody_while_marking_is_anonymous(graded: Class, tmp_path: Path) -> None:
    file = graded.folder / "course.toml"
    text = file.read_text()
    file.write_text(text.replace("[course]", "[course]\nanonymous = true", 1))
    try:
        assert grader(graded, "similar", "b1", tmp_path / "pages") == 0
        page = (tmp_path / "pages" / "pairs" / "0001.html").read_text()
        assert page.count("p-") > 2
        assert not re.search(r"\bada\b", page)  # a label may hold these letters
        course = course_file.read(graded.folder)
        labels = [each.label for each in similar.works(course, graded.ledger, "b1_toy")]
        assert labels == sorted(labels)  # the roster's order would tell who is who
        assert grader(graded, "release", "b1", "--why", "marked") == 0
        assert grader(graded, "similar", "b1", tmp_path / "pages") == 0
        assert "<td>ada</td>" in (tmp_path / "pages" / "index.html").read_text()
    finally:
        file.write_text(text)
