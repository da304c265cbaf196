"""Starts workers in which student code can do no harm.

A `Sandbox` is one zygote (zygote.py) inside bubblewrap: a read-only root that holds only what
Python needs, no network, no home, no other process. `spawn` forks a worker from it and locks that
worker away from its siblings too, so a sandbox may serve one submission (a cold start) or a whole
class (a warm one) and each worker is isolated alike. worker_process.py runs one worker. Where
there is no bubblewrap, container.py says what takes its place.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy

from grader.boundary import container, view
from grader.boundary.errors import IsolationUnavailable, NestingRefused, SandboxError
from grader.boundary.limits import START_SECONDS, Limits
from grader.boundary.worker_process import WorkerProcess

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1]
# Our own files that are seen inside; none of them holds an answer.
_INSIDE = (
    "grader/__init__.py",
    *(
        f"grader/intake/{name}.py"
        for name in ("__init__", "contents", "archive", "tar", "notebook", "sources", "graft")
    ),
    "grader/errors.py",
    *(f"grader/boundary/{name}.py" for name in ("__init__", "channel", "wire")),
    *(f"grader/boundary/inside/{path.name}" for path in sorted(_HERE.glob("inside/*.py"))),
)
ROOT = "/submission"  # where the submission lies inside
_LIBRARIES = "/libraries"  # our own files inside
_NOBODY = "65534"

HOW_TO_GO_ON = (
    "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install "
    "bubblewrap) on a Linux that allows user namespaces, or use --isolation container on Linux 6.2 "
    "or newer, or, for work that you trust, --isolation process"
)


class Sandbox:
    """One zygote and the workers forked from it; use it as a context manager."""

    def __init__(
        self, isolation: str = "sandbox", threads: int = 2, protected: Iterable[Path] = ()
    ) -> None:
        """`isolation` is "sandbox" (bubblewrap), "container" (Landlock) or "process" (limits and
        system calls only).

        `protected`: folders that, like the checkout, must not be seen inside; raises
        IsolationUnavailable if that is impossible.
        """
        self.isolation = isolation
        self.threads = threads
        hidden = [_CHECKOUT, *protected]
        self._outer = _outer(hidden) if isolation == "sandbox" else []
        self._readable = container.readable(hidden) if isolation == "container" else []
        self._nested = isolation == "sandbox"
        self._libraries = _CHECKOUT  # where the zygote finds our own files
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._folders: list[Path] = []
        # Of the workers, from anywhere: each process that grades has a sandbox of its own.
        self._numbers = itertools.count(secrets.randbelow(container.USERS))
        self._lock = threading.RLock()  # grades in several threads may share one zygote

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the zygote and every worker, and leaves no file."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
        self._process = self._control = None
        while self._folders:
            container.remove(self._folders.pop())

    def start(self) -> None:
        """Starts the zygote if none runs; SandboxError if it does not start."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._libraries = self._copied()
        self._control, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [*self._outer, *self._python(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=_environment(self.threads, self._libraries),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        theirs.close()
        self._wait_until_ready(self._control, self._process)

    def _python(self, control: int) -> list[str]:
        module = ["-m", "grader.boundary.inside.zygote"]
        python = _python_inside() if self.isolation == "sandbox" else sys.executable
        return [python, "-B", "-s", "-P", *module, str(control), str(self.threads)]

    def _wait_until_ready(self, control: socket.socket, process: subprocess.Popen[bytes]) -> None:
        control.settimeout(START_SECONDS)
        try:
            if control.recv(1):
                control.settimeout(None)
                return
        except TimeoutError:
            pass
        process.kill()
        output = process.stderr.read(4000) if process.stderr is not None else b""
        message = output.decode(errors="replace").strip()
        self.close()
        raise SandboxError(f"the sandbox did not start: {message or 'no answer'}")

    def spawn(
        self, files: Mapping[str, bytes], path: list[str], limits: Limits, probes: bytes = b""
    ) -> WorkerProcess:
        """A worker that holds `files` ({relative name: bytes}) and looks for modules in `path`.

        probes: the text of a suite's own probes, which is run there before any of `files`. Starts
        the zygote if it does not run. If the kernel refuses workers namespaces of their own, a new
        worker ends the one before. Raises SandboxError.
        """
        with self._lock:
            return self._spawn(files, path, limits, probes)

    def _spawn(
        self, files: Mapping[str, bytes], path: list[str], limits: Limits, probes: bytes
    ) -> WorkerProcess:
        if not self._nested and self.isolation == "sandbox":
            self.close()  # siblings cannot be kept apart here: a zygote for each worker
        self.start()
        assert self._control is not None  # a zygote runs
        folder = None if self.isolation == "sandbox" else self._new_folder("submission-")
        if folder is not None and container.too_much(folder, 0):
            raise SandboxError(f"the disk of {folder.parent} is nearly full")
        root = ROOT if folder is None else str(folder / "submission")
        task = {
            # as arrays, which may be larger than the wire lets small values be
            "files": {name: numpy.frombuffer(data, numpy.uint8) for name, data in files.items()},
            "path": path,
            "probes": probes,
            "root": root,
            "nested": self._nested,
            "container": self._apart(folder) if folder and self.isolation == "container" else None,
            "memory_mb": limits.memory_mb,
            "disk_mb": limits.disk_mb,
            "cpu_seconds": int(2 * limits.threads * limits.total_seconds) + 1,
        }
        try:
            worker = WorkerProcess.fork(self._control, task, limits)
        except NestingRefused:
            if not self._nested:
                raise
            self._nested = False
            return self._spawn(files, path, limits, probes)
        worker.folder = folder
        return worker

    def _apart(self, folder: Path) -> dict[str, object]:
        """What keeps a worker to itself that has no namespaces of its own."""
        paths = [*self._readable, str(self._libraries)]
        user = container.user_for(next(self._numbers), [*paths, tempfile.gettempdir()])
        return {"readable": paths, "user": user, "own": str(folder / "own")}

    def layers(self) -> tuple[str, ...]:
        """What isolates the zygote itself."""
        if self.isolation != "sandbox":
            return ()
        return ("bubblewrap", "no network", "read-only root")

    def _new_folder(self, prefix: str) -> Path:
        """A folder that is removed when the sandbox is closed, or earlier."""
        self._folders.append(Path(tempfile.mkdtemp(prefix=prefix)))
        return self._folders[-1]

    def _copied(self) -> Path:
        """Where the zygote finds our own files: in a container, in copies."""
        if self.isolation != "container":
            return Path(_LIBRARIES) if self.isolation == "sandbox" else _CHECKOUT
        folder = self._new_folder("libraries-")
        container.copy_libraries(_CHECKOUT, (*_INSIDE, "course"), folder)
        return folder


def choose_isolation(wanted: str, trusted: bool) -> tuple[str, str]:
    """(isolation, warning) for "auto", "sandbox", "container" or "process".

    "auto" means the sandbox, or where there is none the container; without either, only the
    repository's own work (`trusted`) is graded in a process of its own, with a warning. Raises
    IsolationUnavailable.
    """
    if wanted == "process":
        return "process", "graded without a sandbox: student code could read and harm this machine"
    problem = why_no_sandbox() if wanted != "container" else None
    if problem is None and wanted != "container":
        return "sandbox", ""
    lacking = container.why_no_container() if wanted != "sandbox" else "not asked for"
    if lacking is None:
        return "container", "no namespaces: student code sees which files exist on this machine"
    if wanted == "auto" and trusted:
        return "process", f"no sandbox here ({problem}): only for the course's own work"
    if wanted == "container":
        raise IsolationUnavailable(f"no isolation without namespaces here: {lacking}")
    raise IsolationUnavailable(f"{problem}; {HOW_TO_GO_ON}")


def why_no_sandbox() -> str | None:
    """Why bubblewrap does not work here, in a few words; None if it works."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    trial = subprocess.run(
        ["bwrap", *_namespaces(), "--ro-bind", "/", "/", *_PROC_AND_DEV, "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if trial.returncode == 0:
        return None
    return f"bubblewrap does not work here: {trial.stderr.strip()[:200]}"


def _namespaces() -> list[str]:
    # --unshare-all only tries for a user namespace; we want to fail without one.
    return ["--unshare-user", "--unshare-all", "--cap-drop", "ALL", "--die-with-parent"]


# /dev is read-only, since every worker of the sandbox sees it.
_PROC_AND_DEV = ("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev")
_TMPFS = ("--size", str(64 * 2**20), "--tmpfs")  # bytes; the default is half the machine's memory


def _outer(protected: Iterable[Path]) -> list[str]:
    """The bubblewrap command in which the zygote runs; nothing of `protected` is seen there."""
    bwrap = shutil.which("bwrap") or "bwrap"  # a worker's PATH is not ours
    command = [bwrap, *_namespaces(), "--new-session", "--uid", _NOBODY, "--gid", _NOBODY]
    command += ["--hostname", "sandbox"]
    command += view.arguments(protected)
    command += [*_PROC_AND_DEV, *_TMPFS, "/tmp", *_TMPFS, ROOT]
    for name in _INSIDE:
        command += ["--ro-bind", str(_CHECKOUT / name), f"{_LIBRARIES}/{name}"]
    command += ["--ro-bind", str(_CHECKOUT / "course"), f"{_LIBRARIES}/course"]
    return [*command, "--remount-ro", "/", "--chdir", ROOT, "--"]


def _python_inside() -> str:
    """This Python's path inside.

    A virtual environment has a place of its own: a checkout may lie in a folder, such as /tmp,
    that is a different one inside.
    """
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return str(view.ENVIRONMENT / Path(sys.executable).relative_to(sys.prefix))


def _environment(threads: int, libraries: Path) -> dict[str, str]:
    """The whole environment of a worker: none of ours is passed on."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(libraries),
        "PYTHONHASHSEED": "0",  # the order of a student's sets is the same in every grade
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",  # a thread that spins while waiting takes a core from others
    }
