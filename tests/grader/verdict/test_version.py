"""The grader's version: an edited grader never passes for the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.verdict import version
from grader.verdict.run import versions
from tests.programs import ROOT, environment

# Grades in this process and says which modules of ours that took; then those of a worker, and those
# that only a suite imports.
GRADES = """
import json, pathlib, sys
from grader.assignment import find
from grader.intake.submission import take
from grader.verdict.grade import Options, grade
assignment = find("a2")
options = Options(isolation="none", parts=("a",), quick=True)
grade(assignment, take(assignment.src, assignment), options)
import grader.boundary.worker_process
from grader import expect, random_inputs, weights
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file]))
"""


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    """The packages as pip lays them out: beside others, without the checkout around them."""
    for package in ("course", "grader"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("suites", "*.pyc")
        )
    (tmp_path / "other.py").write_text("", encoding="utf-8")
    return tmp_path


def test_it_names_the_release_and_what_was_edited() -> None:
    assert re.fullmatch(r"\d+(\.\d+)+\+[0-9a-f]{12}", version.grader_version())
    assert versions()["bigrams-to-bert"] == version.grader_version()


def test_a_checkout_and_what_pip_installs_have_the_same(copy: Path) -> None:
    assert version.digest(copy) == version.digest(ROOT)


@pytest.mark.parametrize(
    "name",
    [
        *("grader/verdict/outcomes.py", "grader/boundary/inside/worker.py", "grader/expect.py"),
        *("grader/intake/graft.py", "grader/authoring/markers.py", "course/checkpoints.py"),
    ],
)
def test_an_edited_module_is_another_grader(copy: Path, name: str) -> None:
    path = copy / name
    path.write_text(f"{path.read_text(encoding='utf-8')}\n", encoding="utf-8")
    assert version.digest(copy) != version.digest(ROOT)


@pytest.mark.parametrize(
    "name",
    [
        *("grader/report/html.py", "grader/classroom/similar.py", "grader/suites/x/test_x.py"),
        *("grader/cli.py", "grader/authoring/bundle.py"),
    ],
)
def test_what_only_shows_or_keeps_results_is_no_part_of_it(copy: Path, name: str) -> None:
    """A new page would have meant grading every class again."""
    path = copy / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# edited\n", encoding="utf-8")
    assert version.digest(copy) == version.digest(ROOT)


def test_an_editors_lock_is_no_module(copy: Path) -> None:
    (copy / "grader" / "verdict" / ".#run.py").symlink_to("nobody@nowhere.1")
    assert version.digest(copy) == version.digest(ROOT)


def test_a_new_module_is_another_grader(copy: Path) -> None:
    (copy / "grader" / "verdict" / "new.py").write_text("", encoding="utf-8")
    assert version.digest(copy) != version.digest(ROOT)
    (copy / "grader" / "verdict" / "new.py").rename(copy / "grader" / "verdict" / "newer.py")
    assert version.digest(copy) != version.digest(ROOT)


def test_every_module_that_a_grading_imports_is_part_of_it() -> None:
    command = [sys.executable, "-c", GRADES]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    files = map(Path, json.loads(done.stdout.splitlines()[-1]))
    ours = {path for path in files if path.is_relative_to(ROOT / "grader")}
    ours |= {path for path in files if path.is_relative_to(ROOT / "course")}
    imported = {path for path in ours if not path.is_relative_to(ROOT / "grader" / "suites")}
    assert len(imported) > 30
    assert imported <= set(version.sources(ROOT))


def test_the_versions_are_the_callers_own() -> None:
    """Whoever changed them once changed those of every later result."""
    before = versions()
    versions()["torch"] = "changed"
    assert versions() == before
