"""Runs inside the outer sandbox: imports torch once, then forks a worker for each submission.

    python -m grader.boundary.inside.zygote CONTROL_FD THREADS

For each worker the grader sends three file descriptors over the control socket: the worker's wire,
where its output goes, and where its exit status goes. The fork reads its task from the wire, locks
itself down (lockdown.py, syscalls.py), reports what is in force, and serves. Until then no byte of
a submission has run, and the zygote itself never sees one.

The zygote stays at one thread and runs no torch operation: a parent that has started OpenMP's
threads leaves forked children hanging.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy  # noqa: F401 - imported here once for all workers, as torch is
import torch
import torch._dynamo  # else the first optimiser of each worker imports it, for more than a second

from grader.boundary import channel
from grader.boundary.inside import landlock, lockdown, syscalls, worker

# Folders of the outer sandbox in which workers could find one another, and the MiB of what each
# worker gets in their place.
_SMALL = (("/dev/shm", 1), ("/dev/pts", 1))
READY = b"\x01"  # the first byte on a worker's wire; the kernel adds the sender's process id


def main(argv: list[str]) -> int:
    """Serves fork requests until the grader closes the control socket."""
    control = socket.socket(fileno=int(argv[1]))
    threads = int(argv[2])
    lockdown.die_with_parent()
    os.umask(0o022)  # a worker may be another user, and reads what is written for it here
    # torch detects the vector units once, here; a worker has no /proc/cpuinfo to read
    torch.backends.cpu.get_cpu_capability()
    control.sendall(READY)
    while True:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the forks
        request, descriptors, _, _ = socket.recv_fds(control, 1, 3)
        if not request:
            return 0
        if os.fork() == 0:
            control.close()
            _become_worker(descriptors, threads)
        for descriptor in descriptors:
            os.close(descriptor)


def _become_worker(descriptors: list[int], threads: int) -> None:
    """In the fork: locks down, then in a fork of its own (pid 1 of its namespace) serves."""
    wire_fd, output_fd, status_fd = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A shell's background jobs ignore SIGINT; make workers the same however we were started.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sock = socket.socket(fileno=wire_fd)
    try:
        lockdown.die_with_parent()
        task = channel.receive(sock)
        if task["nested"]:
            lockdown.leave_siblings()
        child = os.fork()
        if child == 0:
            os.setsid()  # kill(0, ...) would reach our process group, whatever the namespaces
            os.close(status_fd)
            _redirect_output(output_fd)
            _serve(sock, task, threads)
            os._exit(0)
        os.close(output_fd)
        sock.close()
        _, status, used = os.wait4(child, 0)
        os.write(status_fd, f"{status} {used.ru_utime + used.ru_stime:.0f}".encode())
    except OSError as error:
        sock.sendall(READY)
        channel.send(sock, {"failed": str(error), "refused": type(error) is lockdown.KernelRefuses})
    finally:
        os._exit(0)


def _redirect_output(output_fd: int) -> None:
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    os.close(output_fd)


def _serve(sock: socket.socket, task: dict[str, Any], threads: int) -> None:
    """The worker's whole life."""
    root = Path(task["root"])
    lockdown.die_with_parent()
    if task["nested"]:
        for folder, size in (("/tmp", task["disk_mb"]), (str(root), 64), *_SMALL):
            lockdown.mount_fresh(folder, size)
    _write_files(root, task["files"])
    if task["nested"]:
        lockdown.make_read_only(str(root))
    held = lockdown.limit(task["memory_mb"], task["disk_mb"], task["cpu_seconds"])
    if task["nested"]:
        lockdown.mount_fresh("/proc", 1)
        for folder in ("/proc", "/dev/pts"):  # empty: they show nothing of other processes
            lockdown.make_read_only(folder)
    alone = _enter_container(root, task["container"]) if task["container"] else None
    lockdown.drop_capabilities()
    lockdown.never_dump()
    if alone is not None:
        landlock.restrict([*task["container"]["readable"], str(root)], os.environ["TMPDIR"])
    syscalls.refuse_system_calls(alone)
    torch.set_num_threads(threads)
    os.chdir(root)
    sock.sendall(READY)
    channel.send(sock, _in_force(task, held))
    path = [str(root / folder) for folder in task["path"]]
    worker.serve(sock, str(root), path, task["probes"])


def _enter_container(root: Path, container: dict[str, Any]) -> int:
    """A user and a temporary folder of its own, in place of namespaces; the process's id."""
    own = Path(container["own"])
    own.mkdir()
    os.environ["TMPDIR"] = os.environ["HOME"] = str(own)
    tempfile.tempdir = None  # it may have been looked up before
    if (user := container["user"]) is not None:
        for folder in (root.parent, own):
            os.chown(folder, user, user)
        lockdown.become(user)
        lockdown.die_with_parent()
    return os.getpid()


def _write_files(root: Path, files: dict[str, torch.Tensor]) -> None:
    root.mkdir(exist_ok=True)
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.numpy().tobytes())


def _in_force(task: dict[str, Any], held: dict[str, int]) -> dict[str, Any]:
    """What isolates and limits this worker, as the kernel reports it."""
    layers = ["namespaces of its own"] if task["nested"] else []
    if task["container"]:
        layers += ["a user of its own"] if os.getuid() == task["container"]["user"] else []
        layers += [f"Landlock {landlock.abi()}"] if landlock.in_force() else []
    if not lockdown.has_capabilities():
        layers.append("no capabilities")
    if lockdown.no_new_privileges():
        layers.append("no new privileges")
    if syscalls.filtered():
        layers.append("system call filter")
    return {"layers": layers, "limits": lockdown.limits_in_force(held)}


if __name__ == "__main__":
    sys.exit(main(sys.argv))
