"""A seventh assignment is a folder and a suite: nothing else of the project changes for it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs import ROOT, python

NAME = "a7_toy"
FILES = {
    "run.py": "from course.launch import launch\n\nlaunch(__file__)\n",
    "given/commands.py": """\
from adder import add


def main(argv):
    print(add(1, 2))
    return 0
""",
    "solution/adder.py": '''\
"""Adds."""

import torch


def add(a, b):
    """The sum of two numbers or tensors."""
    # TODO(a): return a plus b
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION


def double(x: torch.Tensor) -> torch.Tensor:
    """Twice x."""
    # TODO(b): return x plus x
    ### BEGIN SOLUTION
    return add(x, x)
    ### END SOLUTION
''',
    "tests/test_a.py": '''\
import pytest


@pytest.mark.part("a")
def test_one_and_two(student):
    """One and two are three."""
    assert student.adder.add(1, 2) == 3
''',
    "assignment.toml": """\
id = "a7_toy"
title = "A toy"
student_files = ["src/adder.py"]

[[parts]]
id = "a"
title = "Adding"
points = 2

[[parts]]
id = "b"
title = "Doubling"
points = 1

[limits]
threads = 1
""",
}
SUITE = {
    "test_toy.py": '''\
import pytest
import torch

from grader import expect


@pytest.mark.part("a")
@pytest.mark.points(2)
@pytest.mark.about("add")
def test_numbers(student, seed):
    """The sum of two numbers is theirs."""
    total = expect.whole(student.adder.add(seed % 1000, 5), "the sum")
    assert total == seed % 1000 + 5, "the sum is wrong"


@pytest.mark.part("b")
@pytest.mark.points(1)
@pytest.mark.about("double")
def test_twice(student, generator):
    """Twice a tensor is the tensor and itself."""
    x = torch.randn(3, generator=generator)
    expect.close(student.adder.double(x), 2 * x, "double(x)")
''',
    "mistakes/minus.toml": """\
sentence = "The difference instead of the sum."
parts = ["a"]

[[change]]
file = "src/adder.py"
function = "add"
replace = 'return a + b'
by = 'return a - b'
""",
    "alternatives/times_two.toml": """\
sentence = "Twice as a product."

[[change]]
file = "src/adder.py"
function = "double"
replace = 'return add(x, x)'
by = 'return 2 * x'
""",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's packages, with the toy as its only assignment."""
    root = tmp_path_factory.mktemp("checkout")
    for package in ("course", "grader"):
        ignored = shutil.ignore_patterns("__pycache__", "a[0-9]_*", "default_project*")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    for folder, files in ((root / NAME, FILES), (root / "grader" / "suites" / NAME, SUITE)):
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    assert grader(root, "skeleton", "a7").returncode == 0
    return root


def grader(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    """`grader` of that checkout, as its users call it."""
    return python("-m", "grader", *arguments, cwd=root, root=root)


def test_its_skeleton_is_made_and_checked(checkout: Path) -> None:
    text = (checkout / NAME / "src" / "adder.py").read_text(encoding="utf-8")
    assert 'raise NotImplementedError("TODO(a): add")' in text
    assert grader(checkout, "skeleton", "--check").returncode == 0


def test_its_public_tests_run_on_the_skeleton_and_on_the_solution(checkout: Path) -> None:
    empty = grader(checkout, "check", "a7")
    right = grader(checkout, "check", "a7", "--submission", f"{NAME}/solution")
    assert (empty.returncode, right.returncode) == (1, 0), empty.stderr + right.stderr
    assert "One and two are three" in empty.stdout


def test_its_hidden_tests_grade_a_submission(checkout: Path) -> None:
    file = str(checkout / "result.json")
    done = grader(checkout, "grade", "a7", "--submission", f"{NAME}/solution", "--json", file)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(Path(file).read_text(encoding="utf-8"))
    assert (result["score"], result["max_score"], result["usable"]) == (3, 3, True)


def test_its_suite_is_audited(checkout: Path) -> None:
    done = grader(checkout, "audit", "a7")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 mistakes caught, 1 of 1 alternatives full" in done.stdout


def test_its_mistakes_are_learnt_and_named(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    learnt = grader(checkout, "audit", "a7", "--learn")
    assert learnt.returncode == 0, learnt.stdout + learnt.stderr
    assert "1 of 1 mistakes leave signs of their own" in learnt.stdout
    work = FILES["solution/adder.py"].replace("return a + b", "return -(b - a)")
    (tmp_path / "work" / "src").mkdir(parents=True)
    (tmp_path / "work" / "src" / "adder.py").write_text(work, encoding="utf-8")
    done = grader(checkout, "grade", "a7", "--submission", str(tmp_path / "work"))
    assert "your add: wrong: The difference instead of the sum." in done.stdout
    assert "your double: right" in done.stdout
    assert "1 of 3 points" in done.stdout  # part b's, which is right but for add


def test_its_mutants_are_graded(checkout: Path) -> None:
    done = grader(checkout, "audit", "a7", "--mutants")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(r"mutants a7_toy: (\d+) of \1 \(all\) lose points, 100.0 %", done.stdout)


def test_its_commands_run(checkout: Path) -> None:
    done = python(f"{NAME}/run.py", "--solution", cwd=checkout, root=checkout)
    assert done.stdout == "3\n", done.stderr
