"""The student of a run: a submission's modules, in a sandbox or here, and what confines them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import course.data
from grader.assignment import Assignment
from grader.boundary.errors import SandboxError
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import Sandbox, choose_isolation
from grader.boundary.student import RemoteStudent
from grader.verdict import workspace
from grader.verdict.grafts import Student
from grader.verdict.result import Isolation
from grader.verdict.workspace import Workspace


@dataclass(frozen=True)
class Opened:
    """A student that tests can use, until it is closed."""

    student: Student
    isolation: Callable[[], Isolation]  # the one in force
    another: Callable[[Workspace], Student]  # opens a student of other files, which must be closed
    sandbox: Sandbox | None = None  # whose workers it runs in; None: in this process
    root: str = ""  # where its files are, if it runs in this process

    @property
    def printed(self) -> bytes:
        """What its code printed in workers; complete once the student is closed."""
        return b"".join(self.student.output)


@contextlib.contextmanager
def open_here(layout: Workspace) -> Iterator[Opened]:
    """The student in this process: for work that is trusted, and a student's own machine."""
    warning = "run in the grader's process"
    with tempfile.TemporaryDirectory() as folder:

        def another(layout: Workspace) -> LocalStudent:
            own = Path(tempfile.mkdtemp(dir=folder))
            _write(own, layout.files)
            return LocalStudent(own / "src", layout.probes)

        student = another(layout)
        root = str(student.folder.parent)
        yield Opened(student, lambda: Isolation("none", warning=warning), another, root=root)


@contextlib.contextmanager
def open_sandboxed(
    assignment: Assignment, layout: Workspace, kind: str, warning: str, sandbox: Sandbox | None
) -> Iterator[Opened]:
    """The student in workers of `sandbox`, or of its own sandbox if that is of another kind."""
    shared = sandbox
    if sandbox is None or sandbox.isolation != kind:
        sandbox = Sandbox(kind, assignment.limits.threads, protected_folders())
    path, limits = list(workspace.PATH), assignment.limits

    def another(layout: Workspace) -> RemoteStudent:
        return RemoteStudent(sandbox, layout.files, path, limits, layout.instead, layout.probes)

    student = another(layout)

    def isolation() -> Isolation:
        held = student.in_force
        layers = (*sandbox.layers(), *held.get("layers", ()))
        return Isolation(kind, layers, held.get("limits", {}), warning)

    try:
        with contextlib.suppress(SandboxError):  # which the first test will report
            sandbox.start()  # before the submission's time begins
        yield Opened(student, isolation, another, sandbox)
    finally:
        student.close()
        if sandbox is not shared:
            sandbox.close()


@contextlib.contextmanager
def open_student(
    assignment: Assignment,
    layout: Workspace,
    isolation: str,
    trusted: bool,
    sandbox: Sandbox | None,
) -> Iterator[Opened]:
    """The student under the isolation asked for ("auto", "sandbox", "container", "process"
    or "none").

    trusted: the submission is the course's own. Raises IsolationUnavailable.
    """
    if isolation == "none":
        with open_here(layout) as opened:
            yield opened
        return
    kind, warning = choose_isolation(isolation, trusted=trusted)
    with open_sandboxed(assignment, layout, kind, warning, sandbox) as opened:
        yield opened


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
