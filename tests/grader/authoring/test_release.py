"""`grader release`: what students get, what they never get, and how it is brought up to date."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest
import yaml

from grader import assignment as assignments
from grader import cli
from grader.assignment import CHECKOUT, Assignment, all_assignments
from grader.authoring import release, scan
from grader.errors import UserError
from tests.grader.authoring import checkout
from tests.programs import python
from tests.test_seventh import NAME

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)#\s>]+)[^)]*\)")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return checkout.make(tmp_path_factory.mktemp("staff"))


@pytest.fixture(scope="module")
def toy_files(toy: Assignment) -> dict[str, bytes]:
    return release.build([toy], toy.root.parent)


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    """The release of this project."""
    return release.build(all_assignments())


def leaks(files: Mapping[str, bytes], toy: Assignment) -> list[str]:
    return [str(leak) for leak in release.leaks(files, toy.root.parent)]


def test_this_project_can_be_released(whole: dict[str, bytes]) -> None:
    """No line of a solution region or a hidden test stands in what students get."""
    assert [str(leak) for leak in release.leaks(whole)] == []
    secrets = scan.hidden(all_assignments())
    assert len(secrets.solutions) > 200
    assert len(secrets.tests) > 2000


def test_the_graders_own_files_are_all_in_it(whole: dict[str, bytes]) -> None:
    """style.css and table.js were left behind, and `grader class report` failed."""
    own = [path for path in (CHECKOUT / "grader").rglob("*.*") if path.is_file()]
    hidden = {"suites", "__pycache__"}
    names = {path.relative_to(CHECKOUT).as_posix() for path in own if not hidden & {*path.parts}}
    assert names - set(whole) == {"grader/authoring/common_lines.txt"}


def test_every_common_line_is_needed(
    whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that nothing needs any more would hide a leak one day."""
    monkeypatch.setattr(scan, "common_lines", frozenset)
    found = {leak.text for leak in release.leaks(whole)}
    monkeypatch.undo()
    assert scan.common_lines() - found == set()
    assert found - scan.common_lines() == set()


def test_every_link_in_it_leads_somewhere(whole: dict[str, bytes]) -> None:
    """Handouts link to pictures, results and given files: none may be left behind."""
    folders = {parent.as_posix() for name in whole for parent in PurePosixPath(name).parents}
    for name in (name for name in whole if name.endswith("README.md")):
        for link in LINK.findall(whole[name].decode()):
            if "://" not in link:
                target = (CHECKOUT / name).parent.joinpath(link).resolve()
                relative = target.relative_to(CHECKOUT).as_posix()
                assert relative in whole or relative in folders, f"{name} links to {link}"


def test_what_is_in_it_and_what_is_not(toy_files: dict[str, bytes]) -> None:
    names = set(toy_files)
    expected = ["README.md", "assignment.toml", "run.py", "src/adder.py", "given/commands.py"]
    expected += ["tests/test_a.py", "results/README.md"]
    assert {name for name in names if name.startswith(f"{NAME}/")} == {
        f"{NAME}/{name}" for name in expected
    }
    assert {"docs/images/toy.svg", "course/data.py", "grader/cli.py", "Makefile"} <= names
    assert {".github/workflows/check.yml", ".gitlab-ci.yml", "pyproject.toml"} <= names
    assert not [name for name in names if "suites" in name or "solution" in name]
    assert "docs/security.md" not in names
    assert b"[tool.setuptools.packages.find]" in toy_files["pyproject.toml"]  # only what is there


def test_an_edited_src_is_not_released(toy: Assignment, tmp_path: Path) -> None:
    """Staff who try a solution in src/ would have published it."""
    own = checkout.make(tmp_path)
    (own.src / "adder.py").write_text((own.solution / "adder.py").read_text())
    assert b"NotImplementedError" in release.build([own], tmp_path)[f"{NAME}/src/adder.py"]


SECRET = "total = student.adder.add(seed % 1000, 5) + secret_number"
SOLVED = "    weights = (query @ key.transpose(-2, -1)) * scale"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", "Write `weights = (query @ key.transpose(-2, -1)) * scale` here.\n"),
        ("given/commands.py", "weights = (query@key.transpose(-2, -1))*scale  # (B, T)\n"),
        ("given/commands.py", "weights = (\n  query @ key.transpose(-2, -1)\n) * scale\n"),
        ("demo.ipynb", json.dumps({"cells": [{"source": [SOLVED]}]})),
        ("results/README.md", "Twice as a product, and then some more.\n"),
        ("tests/test_b.py", f"def test_b(student):\n    {SECRET}\n"),
    ],
)
def test_a_hidden_line_is_found_wherever_it_stands(name: str, text: str, tmp_path: Path) -> None:
    """In a handout, other white space, another layout, a notebook, a public test."""
    toy = checkout.make(tmp_path)
    source = toy.solution / "adder.py"
    changed = source.read_text().replace("    return a + b", f"{SOLVED}\n    return a + b")
    source.write_text(changed)
    suite = toy.suite / "test_toy.py"
    suite.write_text(f"{suite.read_text()}\n\ndef helper(student, seed):\n    {SECRET}\n")
    sentence = 'sentence = "Twice as a product, and then some more."\n'
    (toy.suite / "alternatives" / "more.toml").write_text(sentence)
    assert leaks(release.build([toy], tmp_path), toy) == []
    path = toy.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    (leak,) = leaks(release.build([toy], tmp_path), toy)
    assert leak.startswith(f"{NAME}/{name}:")
    assert f"a line of {NAME}/add" in leak or f"the suite of {NAME}" in leak


def test_a_release_is_written_and_brought_up_to_date(
    toy: Assignment, toy_files: dict[str, bytes], tmp_path: Path
) -> None:
    """What the repository holds besides stays; what is no longer released goes."""
    folder, root = tmp_path / "students", toy.root.parent
    written = release.write(folder, {"old.md": b"old\n", **toy_files}, root)
    assert (len(written.changed), written.same) == (len(toy_files) + 1, 0)
    (folder / ".git").mkdir()
    (folder / "NOTES").write_text("ours")
    (folder / "README.md").write_text("edited")
    written = release.write(folder, toy_files, root)
    assert (written.changed, written.removed) == (("README.md",), ("old.md",))
    assert (folder / "NOTES").read_text() == "ours"
    assert (folder / "README.md").read_bytes() == toy_files["README.md"]
    assert release.write(folder, toy_files, root).changed == ()


def test_no_foreign_folder_is_written_to(toy: Assignment, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"holds files, and none is \.release"):
        release.write(tmp_path, {}, toy.root.parent)
    with pytest.raises(UserError, match="is inside this checkout"):
        release.write(toy.root / "out", {}, toy.root.parent)
    with pytest.raises(UserError, match="is a file: name a folder"):
        release.write(tmp_path / "thesis.tex", {}, toy.root.parent)


def test_students_can_work_in_it(
    toy: Assignment, toy_files: dict[str, bytes], tmp_path: Path
) -> None:
    """The public tests run there as CI calls them; a student cannot make a release of it."""
    release.write(tmp_path, toy_files, toy.root.parent)

    def grader(*arguments: str) -> tuple[int, str]:
        done = python("-m", "grader", *arguments, cwd=tmp_path, root=tmp_path)
        return done.returncode, done.stdout + done.stderr

    assert grader("ci") == (0, f"{NAME}: not begun\n")
    file = tmp_path / NAME / "src" / "adder.py"
    todo = 'raise NotImplementedError("TODO(a): add")'
    file.write_text(file.read_text().replace(todo, "return a - b"))
    code, said = grader("ci", "--annotations", "--summary", "s.md", "--junit", "reports")
    assert (code, said.splitlines()[-1]) == (
        1,
        f"{NAME}: 0 of 1 public tests passed, something is wrong",
    )
    assert said.startswith("::error title=a%3A One and two are three.::")
    assert "| a | One and two are three.<br>" in (tmp_path / "s.md").read_text()
    assert "<failure" in (tmp_path / "reports" / f"{NAME}.xml").read_text()
    file.write_text(file.read_text().replace("return a - b", "return a + b"))
    assert grader("ci") == (0, f"{NAME}: 1 of 1 public tests passed, nothing is wrong\n")
    code, said = grader("release", str(tmp_path.parent / "again"))
    assert code == 2
    assert "only the staff's checkout can be released" in said


def test_the_command(
    toy: Assignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says what it wrote; a leak is exit code 1, and nothing is written."""
    monkeypatch.setattr(assignments, "all_assignments", lambda: [toy])
    out = tmp_path / "students"
    assert cli.run(["release", str(out), "--check"]) == 0
    assert not out.exists()
    assert cli.run(["release", str(out)]) == 0
    assert "no hidden line in them" in capsys.readouterr().out
    monkeypatch.setattr(release, "leaks", lambda *_: [scan.Leak("a.py", 3, "x=1", "a7/add")])
    assert cli.run(["release", str(tmp_path / "other")]) == 1
    assert "a.py:3: a line of a7/add: x=1\n1 hidden lines" in capsys.readouterr().out
    assert not (tmp_path / "other").exists()


WORKFLOWS = [".github/workflows/grade.yml", "grader/authoring/students/github.yml"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_takes_no_text_from_outside_into_a_script(name: str) -> None:
    """`${{ inputs.x }}` in a script would run whatever somebody typed; env passes it as text."""
    jobs = yaml.safe_load((CHECKOUT / name).read_text())["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert not [step for step in steps if "${{" in step.get("run", "")]
    checkouts = [step for step in steps if "submission" in step.get("with", {}).values()]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


SCHEMAS = [
    *(("github-workflows", name) for name in WORKFLOWS),
    ("gitlab-ci", "grader/authoring/students/gitlab.yml"),
]


@pytest.mark.parametrize(("schema", "name"), SCHEMAS)
def test_a_workflow_keeps_to_the_published_schema(schema: str, name: str) -> None:
    """Misspelt keys are ignored in silence by some runners, and refused by others."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, CHECKOUT / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_gitlab_runs_the_same(toy_files: dict[str, bytes]) -> None:
    job = yaml.safe_load(toy_files[".gitlab-ci.yml"])["check"]
    assert job["script"][-1].startswith(".venv/bin/grader ci ")
    assert job["artifacts"]["reports"]["junit"] == "reports/*.xml"
