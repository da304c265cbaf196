"""The isolation for machines without namespaces: what a worker still reaches, and what it does not.

tests/hostile/test_container.py runs the corpus of attacks in it.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.boundary import container
from grader.boundary.errors import IsolationUnavailable, StudentCrash, StudentRaised
from grader.boundary.inside import landlock
from grader.boundary.limits import Limits
from grader.boundary.sandbox import Sandbox, choose_isolation
from grader.boundary.student import RemoteStudent
from tests.programs import ROOT

LIMITS = Limits(memory_mb=512, call_seconds=10.0, total_seconds=60.0, threads=1, disk_mb=4)
SOURCE = b"""
import ctypes
import fcntl
import os
import socket
import tempfile


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path):
    with open(path, "wb") as file:
        return file.write(b"text")


def write_in_its_own_folder():
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, "file"))
        return read(os.path.join(folder, "file"))


def fill_the_disk():
    while True:
        with tempfile.NamedTemporaryFile("wb", delete=False) as file:
            file.write(bytes(2**16))


def make_deep_folders():
    os.chdir(tempfile.gettempdir())
    while True:
        os.mkdir("deeper")
        os.chdir("deeper")


def make_many_files():
    for number in range(10**6):
        open(os.path.join(tempfile.gettempdir(), str(number)), "w").close()


def be_signalled(owner):
    fcntl.fcntl(0, fcntl.F_SETOWN, owner)


def outlive_the_parent():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.prctl(1, 0, 0, 0, 0), ctypes.get_errno()


def signal_itself():
    os.kill(os.getpid(), 0)
    return "alive"


def call(name, *arguments):
    return getattr(os, name)(*arguments)


def make_a_socket():
    socket.socket(socket.AF_INET)
"""

pytestmark = pytest.mark.skipif(
    bool(container.why_no_container()), reason=str(container.why_no_container())
)


@pytest.fixture(scope="module", name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox("container", threads=1) as sandbox:
        yield sandbox


@pytest.fixture(name="student")
def _student(sandbox: Sandbox) -> Iterator[RemoteStudent]:
    student = RemoteStudent(sandbox, {"src/work.py": SOURCE}, ["src"], LIMITS)
    student.begin(1)
    yield student
    student.close()


def _refused(function: object, *arguments: object) -> None:
    with pytest.raises(StudentRaised, match="PermissionError"):
        function(*arguments)  # type: ignore[operator]


def test_the_layers_are_what_the_kernel_reports(student: RemoteStudent) -> None:
    layers = student.in_force["layers"]
    assert f"Landlock {landlock.abi()}" in layers
    assert layers[-3:] == ["no capabilities", "no new privileges", "system call filter"]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/self/environ", "/dev/tty", str(ROOT / "pyproject.toml")]
)
def test_files_that_python_does_not_need_cannot_be_read(student: RemoteStudent, path: str) -> None:
    _refused(student.work.read, path)


def test_it_writes_to_a_folder_of_its_own_alone(student: RemoteStudent, tmp_path: Path) -> None:
    assert student.work.write_in_its_own_folder() == b"text"
    for path in (tmp_path / "new", Path(tempfile.gettempdir(), "new"), Path("/dev/shm/new")):
        _refused(student.work.write, str(path))
        assert not path.exists()


def test_a_file_of_the_same_user_cannot_be_changed(student: RemoteStudent, tmp_path: Path) -> None:
    """Landlock says nothing of modes, owners and times; the filter does."""
    path = tmp_path / "file"
    path.write_text("text")
    for name, *arguments in (
        ("chmod", 0),
        ("chown", 1, 1),
        ("utime",),
        ("truncate", 0),
        ("remove",),
        ("setxattr", "user.x", b"1"),
    ):
        _refused(student.work.call, name, str(path), *arguments)
    assert path.read_text() == "text"


def test_other_processes_are_not_reached(student: RemoteStudent) -> None:
    assert student.work.signal_itself() == "alive"
    for number in (os.getpid(), 0, -1):
        _refused(student.work.call, "kill", number, 0)
    _refused(student.work.call, "sched_setaffinity", os.getpid(), [0])
    _refused(student.work.call, "setpriority", os.PRIO_PROCESS, os.getpid(), 19)
    _refused(student.work.call, "fork")
    _refused(student.work.make_a_socket)


def test_it_cannot_have_the_kernel_send_signals_nor_outlive_its_zygote(
    student: RemoteStudent,
) -> None:
    """Root without a user of its own could have had any process stopped by F_SETOWN."""
    _refused(student.work.be_signalled, os.getpid())
    assert student.work.outlive_the_parent() == (-1, errno.EPERM)


@pytest.mark.parametrize("what", ["fill_the_disk", "make_deep_folders", "make_many_files"])
def test_the_disk_is_watched(what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folders a thousand deep broke the watch, and were left behind: Python's functions recurse."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sandbox("container", threads=1) as sandbox:
        student = RemoteStudent(sandbox, {"src/work.py": SOURCE}, ["src"], LIMITS)
        student.begin(1)
        with pytest.raises(StudentCrash, match="too much of the disk"):
            getattr(student.work, what)()
        student.close()
    assert not list(tmp_path.iterdir())


def test_what_lies_behind_a_link_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "large").write_bytes(bytes(2**20))
    (tmp_path / "own" / "link").symlink_to(tmp_path)
    assert not container.too_much(tmp_path / "own", 2**16)
    assert container.too_much(tmp_path, 2**16)


def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sandbox("container", threads=1) as sandbox:
        student = RemoteStudent(sandbox, {"src/work.py": SOURCE}, ["src"], LIMITS)
        student.begin(1)
        assert len(list(tmp_path.iterdir())) == 2  # our own files, and the worker's
        student.close()
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())


def test_what_must_be_hidden_may_not_lie_among_pythons_files() -> None:
    """Landlock opens whole folders, so nothing below one can be hidden."""
    inside = Path("/usr/lib/os-release")
    with pytest.raises(IsolationUnavailable, match="among Python's own files"):
        container.readable([inside])


def test_without_landlock_nothing_is_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 2)
    with pytest.raises(IsolationUnavailable, match="Landlock is version 2, not 3"):
        choose_isolation("container", trusted=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives workers users of their own")
def test_root_gives_each_worker_a_user_of_its_own(tmp_path: Path) -> None:
    first, second = (container.user_for(number, ["/usr/lib"]) for number in range(2))
    assert first and second and first != second
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert container.user_for(0, ["/usr/lib", str(closed / "file")]) is not None  # is not there
    (closed / "file").touch()
    assert container.user_for(0, ["/usr/lib", str(closed / "file")]) is None
