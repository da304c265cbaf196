"""One running sandbox; and, for the command line, a made-up assignment and no real grading."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader import assignment as assignments
from grader.authoring import skeleton
from grader.boundary.sandbox import Sandbox, why_no_sandbox
from tests.grader.fakes import SOLUTION, TOML, Fake


@pytest.fixture(name="sandbox", scope="session")
def _sandbox() -> Iterator[Sandbox]:
    problem = why_no_sandbox()
    if problem:
        pytest.skip(problem)
    with Sandbox(threads=1) as sandbox:
        sandbox.start()
        yield sandbox


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


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """What the verbs call instead of the real grading."""
    made = Fake()

    real = importlib.import_module("grader.verdict.grade")

    def examine(assignment: Any, tree: Any, options: Any) -> Any:
        result = made.result(assignment, tree, options=options)
        return real.Graded(result, b"hello from the student\n", None, {})

    def audit(assignment: Any, **asked: Any) -> bool:
        made.asked.append({"assignment": assignment, **asked})
        return made.sound

    for name, values in {
        "grade": vars(real) | {"examine": examine},
        "check": {"check": made.result},
        "audit": {"audit": audit},
    }.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, f"grader.verdict.{name}", module)
    return made
