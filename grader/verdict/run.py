"""One run of a suite: pytest in this process, and the result that comes of it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from grader.assignment import Assignment
from grader.intake.submission import Tree
from grader.verdict.functions import hinted
from grader.verdict.plugin import Suite
from grader.verdict.result import Isolation, Outcome, Result, Submission, score_parts, total
from grader.verdict.version import PACKAGE, grader_version

_OFF = ("cacheprovider", "terminal", "unraisableexception", "threadexception", "faulthandler")
_PYTEST = [
    "--assert=plain",  # an assertion's introspection would print hidden inputs
    "--import-mode=importlib",
    "--disable-plugin-autoload",  # of plugins that happen to be installed
    "-onorecursedirs=mistakes alternatives .*",  # hundreds of files, none of them a test
    f"--config-file={os.devnull}",
    *(f"-pno:{plugin}" for plugin in _OFF),
]


def run_suite(suite: Suite, folder: Path) -> None:
    """Runs the tests in `folder`; `suite` gets the results, and pytest's own errors as faults."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        # Of conftest.py files only the suite's own count, not those of the folders above it.
        ours = [f"--rootdir={folder}", f"--confcutdir={folder}", str(folder)]
        code = pytest.main([*_PYTEST, *ours], plugins=[suite])
    suite.student.close()
    _forget(folder)
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt  # Ctrl-C, which pytest swallows
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        suite.faults.append(f"pytest ended with {code!r}: {printed.getvalue()[-2000:]}")


def _forget(folder: Path) -> None:
    """Removes a suite's test modules from sys.modules, where pytest would find them again for
    another suite with files of the same names."""
    inside = f"{folder}{os.sep}"
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(inside) and not name.startswith("grader."):
            del sys.modules[name]


def to_result(
    assignment: Assignment,
    tree: Tree,
    suite: Suite,
    isolation: Isolation,
    seconds: float,
) -> Result:
    """The result of a suite's run."""
    functions = suite.functions()
    tests = tuple(hinted(suite.results, functions, assignment.diagnosis))
    titles = {
        part: title
        for part, title in assignment.part_titles.items()
        if suite.parts is None or part in suite.parts
    }
    parts = score_parts(titles, tests)
    return Result(
        assignment=assignment.id,
        title=assignment.title,
        submission=Submission(tree.name, tree.sha256, tuple(sorted(tree.files)), tree.notes),
        score=total([part.score for part in parts]),
        max_score=total([part.max_score for part in parts]),
        usable=not suite.faults and not any(t.outcome is Outcome.GRADER_FAULT for t in tests),
        isolation=isolation,
        parts=parts,
        tests=tests,
        seconds=round(seconds, 3),
        versions=versions(),
        functions=functions,
        faults=tuple(suite.faults),
    )


def versions() -> dict[str, str]:
    """The versions used for grading, {name: version}."""
    return {"python": platform.python_version(), PACKAGE: grader_version(), **_libraries()}


@cache  # reading them takes a millisecond, and a short test makes a result in less
def _libraries() -> Mapping[str, str]:
    names = ("torch", "numpy", "pytest")
    return MappingProxyType({name: importlib.metadata.version(name) for name in names})
