"""The sandbox on machines of many kinds: as root, as an ordinary user, where the kernel forbids."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.boundary import container
from grader.boundary.container import why_no_container
from grader.boundary.errors import IsolationUnavailable, SandboxError, StudentRaised
from grader.boundary.limits import Limits
from grader.boundary.sandbox import Sandbox, choose_isolation, why_no_sandbox
from grader.boundary.student import RemoteStudent
from tests.programs import ROOT

LIMITS = Limits(memory_mb=512, call_seconds=10.0, total_seconds=60.0, threads=1, disk_mb=8)
SOURCE = b"""
import os
import socket

NAME = open("/submission/src/name.txt").read() if os.path.exists("/submission") else ""


def names(folder):
    return [name for name in os.listdir(folder) if name == "left"]


def leave(folder):
    open(os.path.join(folder, "left"), "w").close()


def send(name):
    end, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    end.sendto(b"hello", name)


def identity():
    return os.getuid(), os.getpid()


def kill_group():
    os.kill(0, 9)
    return "alive"
"""
# What is run as another user: two submissions in one sandbox, neither of which sees the other.
SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.grader.boundary.test_sandbox import LIMITS, student_of
from grader.boundary.sandbox import Sandbox
with Sandbox(threads=1) as sandbox:
    first = student_of(sandbox, "first")
    first.work.leave("/tmp")
    print(first.work.NAME, *first.work.names("/tmp"))
    second = student_of(sandbox, "second")
    print(second.work.NAME, *second.work.names("/tmp"))
    print(", ".join(second.in_force["layers"]))
    second.close()
    first.close()
"""
OPENS = "import sys; open(sys.executable).close()"
_WITHOUT_BWRAP = pytest.mark.skipif(bool(why_no_sandbox()), reason=str(why_no_sandbox()))


def student_of(sandbox: Sandbox, name: str) -> RemoteStudent:
    """A student whose work knows its `name`."""
    files = {"src/work.py": SOURCE, "src/name.txt": name.encode()}
    student = RemoteStudent(sandbox, files, ["src"], LIMITS)
    student.begin(1)
    return student


@pytest.fixture(name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(threads=1) as sandbox:
        yield sandbox


def _run(prefix: list[str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, *command], capture_output=True, text=True, check=False, cwd=ROOT
    )


def _in_kernel_with(namespaces: int) -> list[str]:
    """Runs a command where the kernel makes so many more user namespaces, or skips."""
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    setting = f"echo {namespaces} > /proc/sys/user/max_user_namespaces"
    if shutil.which("unshare") is None or _run(prefix, setting).returncode:
        pytest.skip("no user namespace can be made to forbid more of them in")
    return [*prefix, f'{setting}; exec "$@"', "sh"]


def _check_script(done: subprocess.CompletedProcess[str]) -> str:
    """The layers, where both submissions saw their own files alone."""
    assert done.returncode == 0, done.stderr
    first, second, layers = done.stdout.splitlines()
    assert (first, second) == ("first left", "second")
    return layers


@_WITHOUT_BWRAP
def test_a_worker_shares_its_process_group_with_nobody(sandbox: Sandbox) -> None:
    """kill(0, SIGKILL) reached across namespaces: it ended the zygote and every other worker."""
    first, second = student_of(sandbox, "first"), student_of(sandbox, "second")
    assert first.work.kill_group() == "alive"
    assert second.work.NAME == "second"
    first.close()
    second.close()


@_WITHOUT_BWRAP
def test_as_the_current_user() -> None:
    assert "namespaces of its own" in _check_script(_run([], sys.executable, "-c", SCRIPT))


@_WITHOUT_BWRAP
@pytest.mark.parametrize(
    "become",
    [
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"],
        ["unshare", "--user", "--map-user", "1000", "--map-group", "1000"],
    ],
    ids=["nobody", "without capabilities"],
)
def test_as_an_ordinary_user(become: list[str]) -> None:
    if os.getuid() != 0:
        pytest.skip("this test runs as an ordinary user already")
    if shutil.which(become[0]) is None or _run(become, sys.executable, "-c", OPENS).returncode:
        pytest.skip(f"an ordinary user may not read {sys.executable}, or {become[0]} is not here")
    assert "system call filter" in _check_script(_run(become, sys.executable, "-c", SCRIPT))


@_WITHOUT_BWRAP
def test_without_nested_namespaces_each_worker_has_a_zygote_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the sandbox may make no namespaces in its turn, as some distributions have it."""
    real = shutil.which("bwrap")
    strict = ["--unshare-user", "--disable-userns"]
    if _run([real], *strict, "--ro-bind", "/", "/", "--proc", "/proc", "true").returncode:
        pytest.skip("this bubblewrap has no --disable-userns")
    fake = tmp_path / "bwrap"
    fake.write_text(f'#!/bin/sh\nexec {real} {" ".join(strict)} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    layers = _check_script(_run([], sys.executable, "-c", SCRIPT))
    assert layers == "no capabilities, no new privileges, system call filter"


@_WITHOUT_BWRAP
@pytest.mark.skipif(bool(why_no_container()), reason=str(why_no_container()))
def test_a_kernel_that_forbids_namespaces_grades_with_landlock(tmp_path: Path) -> None:
    """Somebody else's work gets the weaker isolation, and the result says so."""
    assignment = min(ROOT.glob("*/assignment.toml")).parent
    shutil.copytree(assignment / "src", tmp_path / "work" / "src")
    command = [
        sys.executable,
        "-m",
        "grader",
        "grade",
        assignment.name,
        "-s",
        str(tmp_path / "work"),
    ]
    done = _run(_in_kernel_with(namespaces=0), *command)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "warning: no namespaces" in words and "isolation: container (Landlock" in words


@_WITHOUT_BWRAP
def test_a_kernel_that_forbids_namespaces_is_told_in_one_line(tmp_path: Path) -> None:
    """With the sandbox asked for, exit code 2 and the way to go on."""
    (tmp_path / "bleu.py").touch()
    options = ["a4", "-s", str(tmp_path), "--isolation", "sandbox"]
    command = [sys.executable, "-m", "grader", "grade", *options]
    done = _run(_in_kernel_with(namespaces=0), *command)
    assert done.returncode == 2, done.stderr
    assert "--isolation process" in done.stderr and "bubblewrap" in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("there", [True, False], ids=["fails", "is missing"])
def test_a_bubblewrap_that_fails_or_is_missing(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Landlock other people's work is refused; the course's own goes on, with a warning."""
    monkeypatch.setattr(container, "why_no_container", lambda: "no Landlock")
    if there:
        fake = tmp_path / "bwrap"
        fake.write_text("#!/bin/sh\necho 'no namespaces for you' >&2\nexit 1\n")
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    why = "no namespaces for you" if there else "not installed"
    with pytest.raises(IsolationUnavailable, match=f"{why}.*--isolation process"):
        choose_isolation("auto", trusted=False)
    with pytest.raises(IsolationUnavailable, match=why):
        choose_isolation("sandbox", trusted=True)
    kind, warning = choose_isolation("auto", trusted=True)
    assert kind == "process" and why in warning


@_WITHOUT_BWRAP
def test_a_failure_of_another_kind_does_not_weaken_the_sandbox(sandbox: Sandbox) -> None:
    """Files too large for a worker's folder are an error, and the next worker is as isolated."""
    with pytest.raises(SandboxError, match="space"):
        sandbox.spawn({"src/work.py": bytes(65 * 2**20)}, ["src"], LIMITS)
    student = student_of(sandbox, "next")
    assert "namespaces of its own" in student.in_force["layers"]
    student.close()


@_WITHOUT_BWRAP
def test_a_killed_zygote_is_replaced(sandbox: Sandbox) -> None:
    student_of(sandbox, "before").close()
    sandbox._process.send_signal(signal.SIGKILL)
    sandbox._process.wait()
    student = student_of(sandbox, "after")
    assert student.work.NAME == "after"
    student.close()


@_WITHOUT_BWRAP
def test_the_zygote_stays_at_one_thread(sandbox: Sandbox) -> None:
    """Its forks would hang in a lock that another thread held."""
    student_of(sandbox, "first").close()
    pid = sandbox._process.pid
    for _ in range(2):  # bubblewrap's two processes stand before it
        (pid,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert "grader.boundary.inside.zygote" in Path(f"/proc/{pid}/cmdline").read_text()
    assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1


@_WITHOUT_BWRAP
@pytest.mark.parametrize("shared", [True, False], ids=["one sandbox", "several sandboxes"])
def test_concurrent_grades_do_not_disturb_one_another(shared: bool) -> None:
    """Each gets its own answers and sees its own files, whether or not another one crashes."""
    count = 6 if shared else 3

    def grade(sandbox: Sandbox, number: int) -> tuple[str, list[str], int]:
        student = student_of(sandbox, f"work {number}")
        student.work.leave("/tmp")
        found = student.work.NAME, student.work.names("/tmp"), student.work.identity()[1]
        student.close()
        return found

    with ThreadPoolExecutor(count) as pool:
        sandboxes = [Sandbox(threads=1)] * count
        if not shared:
            sandboxes = [Sandbox(threads=1) for _ in range(count)]
        found = list(pool.map(grade, sandboxes, range(count)))
        for sandbox in sandboxes:
            sandbox.close()
    assert found == [(f"work {number}", ["left"], 1) for number in range(count)]


@_WITHOUT_BWRAP
def test_an_abstract_socket_of_the_host_is_not_reached(sandbox: Sandbox) -> None:
    """It has no file that could be hidden: only the network namespace keeps it away."""
    name = f"\0hostile-abstract-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(name)
        student = student_of(sandbox, "any")
        with pytest.raises(StudentRaised, match="ConnectionRefusedError"):
            student.work.send(name)
        student.close()


def test_isolation_by_process_holds_what_it_says_and_leaves_no_file() -> None:
    with Sandbox("process", threads=1) as sandbox:
        student = student_of(sandbox, "any")
        layers = student.in_force["layers"]
        assert layers == ["no capabilities", "no new privileges", "system call filter"]
        assert sandbox.layers() == ()
        folders = list(sandbox._folders)
        assert [folder.exists() for folder in folders] == [True]
        student.close()
    assert [folder.exists() for folder in folders] == [False]
