"""What the tests of hostile submissions share: sandboxes, and what must be as it was."""

from __future__ import annotations

import os
import select
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.boundary.sandbox import Sandbox, why_no_sandbox
from tests.hostile.corpus import HERE

collect_ignore = ["course", "chain", "plain"]  # suites of the toys, not tests of ours
_ENOUGH_SECONDS = 30.0  # for a killed process to be gone, on the busiest machine


@pytest.fixture(scope="session", name="sandboxed")
def _sandboxed() -> None:
    """Skips where this machine has no sandbox to be tested."""
    problem = why_no_sandbox()
    if problem:
        pytest.skip(problem)


@pytest.fixture(scope="session", name="warm")
def _warm(sandboxed: None) -> Iterator[Sandbox]:
    """One sandbox, running, for all attacks."""
    with Sandbox(threads=1) as sandbox:
        sandbox.start()
        yield sandbox


@pytest.fixture(autouse=True)
def _course(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SECRET", "a secret of these tests")


@pytest.fixture(name="no_traces")
def _no_traces(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fails a test that leaves a process, thread, descriptor, file, mount or cgroup behind."""
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = _traces(temporary)
    processes = _descendants()
    yield
    gone = _wait_for_end(_descendants() - processes)
    assert gone, f"processes are left: {_descendants() - processes}"
    assert _traces(temporary) == before


def _traces(temporary: Path) -> dict[str, object]:
    return {
        "files": sorted(map(str, temporary.rglob("*"))),
        "of the corpus": sorted((str(p), p.stat().st_mtime) for p in HERE.rglob("*.py")),
        "known names": sorted(
            str(path)
            for folder in ("/tmp", "/var/tmp", "/dev/shm", str(Path.home()), str(Path.cwd()))
            for path in Path(folder).glob("hostile-*")
        ),
        "mounts": Path("/proc/self/mountinfo").read_text().count("\n"),
        "cgroups": _cgroups(),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


def _cgroups() -> list[str]:
    """The control groups below our own."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    folders = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        folders.append(Path("/sys/fs/cgroup", controllers.removeprefix("name="), path[1:]))
    return sorted(str(child) for folder in folders for child in folder.glob("*/cgroup.procs"))


def _descendants() -> set[int]:
    """The process ids of all that this process has started, and of what that has started."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        if stat[0] != "Z":
            parents[int(folder.name)] = int(stat[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def _wait_for_end(pids: set[int]) -> bool:
    """Waits until every process has ended; False where one goes on living."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended = select.select([descriptor], [], [], _ENOUGH_SECONDS)[0]
        os.close(descriptor)
        if not ended:
            return False
    return True
