"""One submission through one suite: lays out the files, runs pytest here, adds up the points."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

import course.data
from grader.assignment import Assignment
from grader.boundary.errors import SandboxError
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import Sandbox, choose_isolation
from grader.boundary.student import RemoteStudent
from grader.errors import UserError
from grader.intake.submission import Tree
from grader.verdict import workspace
from grader.verdict.outcomes import Explainer
from grader.verdict.plugin import Suite
from grader.verdict.result import Isolation, Outcome, Result, Submission, score_parts, total
from grader.verdict.workspace import Workspace

_PYTEST = [
    "--assert=plain",  # an assertion's introspection would print hidden inputs
    "--import-mode=importlib",
    "-c", os.devnull,
    "-p", "no:cacheprovider",
    "-p", "no:terminal",
    "-p", "no:unraisableexception",
    "-p", "no:threadexception",
    "-p", "no:faulthandler",
]  # fmt: skip


@dataclass(frozen=True)
class Options:
    """How to grade; the defaults are those of the command line."""

    isolation: str = "auto"  # "auto" | "sandbox" | "process" | "none" (this process: trusted work)
    parts: tuple[str, ...] | None = None  # None: all
    quick: bool = False  # without the tests that are marked slow
    until_lost: bool = False  # stop once each part has lost points, to audit a mistake
    sandbox: Sandbox | None = None  # a running one to fork from, instead of our own
    output: list[bytes] = field(default_factory=list)  # collects what the workers printed


def secret() -> str:
    """The course's secret, from which hidden inputs are drawn ($COURSE_SECRET).

    Without one, the inputs are the same for everyone who has this repository.
    """
    return os.environ.get("COURSE_SECRET", "")


def grade(assignment: Assignment, tree: Tree, options: Options = Options()) -> Result:
    """Runs the hidden suite on `tree`; raises IsolationUnavailable, never for student code."""
    started = time.monotonic()
    torch.set_num_threads(1)  # small products; more threads only wait for each other
    if not assignment.solution.is_dir():
        raise UserError(f"{assignment.solution} does not exist, and a grade needs it; "
                        "`grader check` runs the public tests")  # fmt: skip
    layout = workspace.hidden(assignment, tree)
    with open_student(assignment, tree, layout, options) as (student, root, describe):
        suite = Suite(
            student=student,
            reference=LocalStudent(assignment.solution),
            explainer=Explainer(texts(layout.files), hidden=True, root=root),
            visibility="hidden",
            secret=secret(),
            parts=frozenset(options.parts) if options.parts else None,
            quick=options.quick,
            until_lost=options.until_lost,
            deadline=time.monotonic() + assignment.limits.total_seconds,
        )
        run_suite(suite, assignment.suite)
        isolation = describe()
    if suite.parts is None and not suite.quick:
        _check_points(assignment, suite)
    return to_result(assignment, tree, suite, isolation, time.monotonic() - started)


def run_suite(suite: Suite, folder: Path) -> None:
    """Runs the tests in `folder`; `suite` gets the results, and pytest's own errors as faults."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = pytest.main([*_PYTEST, f"--rootdir={folder}", str(folder)], plugins=[suite])
    suite.student.close()
    _forget(folder)
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt  # Ctrl-C, which pytest swallows
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        suite.faults.append(f"pytest ended with {code!r}: {printed.getvalue()[-2000:]}")


def _forget(folder: Path) -> None:
    """Removes a suite's test modules from sys.modules, where pytest would find them again for
    another suite with files of the same names."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder) and not name.startswith("grader."):
            del sys.modules[name]


def _check_points(assignment: Assignment, suite: Suite) -> None:
    """Adds a fault if the suite's points are not those that the assignment promises."""
    promised = {part.id: part.points for part in assignment.parts}
    for part in score_parts(assignment.part_titles, tuple(suite.results)):
        if part.max_score != promised[part.id]:
            suite.faults.append(
                f"part {part.id}: the suite has {part.max_score:g} points, but assignment.toml has "
                f"{promised[part.id]:g}"
            )
    unknown = {test.part for test in suite.results} - promised.keys()
    suite.faults += [f"part {part}: not in assignment.toml" for part in sorted(unknown)]


@contextlib.contextmanager
def open_student(
    assignment: Assignment, tree: Tree, layout: Workspace, options: Options
) -> Iterator[tuple[RemoteStudent | LocalStudent, str, Callable[[], Isolation]]]:
    """(the student, the folder of its files if local, what describes the isolation)."""
    if options.isolation == "none":
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), layout.files)
            local = LocalStudent(Path(folder) / "src")
            yield local, folder, lambda: Isolation("none", warning="run in the grader's process")
        return
    kind, warning = choose_isolation(options.isolation, trusted=tree.own)
    sandbox = options.sandbox
    if sandbox is None or sandbox.isolation != kind:
        sandbox = Sandbox(kind, assignment.limits.threads, protected_folders())
    path, limits = list(workspace.PATH), assignment.limits
    student = RemoteStudent(sandbox, layout.files, path, limits, layout.instead)

    def describe() -> Isolation:
        state = student.in_force
        layers = (*sandbox.layers(), *state.get("layers", ()))
        return Isolation(kind, layers, state.get("limits", {}), warning)

    try:
        with contextlib.suppress(SandboxError):  # the first test will report it
            sandbox.start()  # before the submission's time starts
        yield student, "", describe
    finally:
        student.close()
        options.output.extend(student.output)
        if sandbox is not options.sandbox:  # our own
            sandbox.close()


def protected_folders() -> list[Path]:
    """What student code must not see, besides the checkout: data sets and earlier results."""
    folders = (os.environ.get(course.data.ENVIRONMENT), course.data.cache_dir(), "runs")
    return [Path(folder) for folder in folders if folder]


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def texts(files: Mapping[str, bytes]) -> dict[str, str]:
    """The files as text; invalid UTF-8 is replaced, not refused."""
    return {name: data.decode("utf-8", errors="replace") for name, data in files.items()}


def to_result(
    assignment: Assignment,
    tree: Tree,
    suite: Suite,
    isolation: Isolation,
    seconds: float,
) -> Result:
    """The result of a suite's run."""
    tests = tuple(suite.results)
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
        faults=tuple(suite.faults),
    )


def versions() -> dict[str, str]:
    """The versions used for grading, {name: version}."""
    names = ("bigrams-to-bert", "torch", "numpy", "pytest")
    packages = {name: importlib.metadata.version(name) for name in names}
    return {"python": platform.python_version(), **packages}
