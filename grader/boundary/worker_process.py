"""The trusted side of one worker: its wire, its clock, its memory, its output, its end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

from grader.boundary import channel, container, wire
from grader.boundary.errors import (
    Claim,
    NestingRefused,
    SandboxError,
    StudentCrash,
    StudentNoMemory,
    StudentOutOfMemory,
    StudentRaised,
    StudentTimeout,
    WorkerLost,
)
from grader.boundary.limits import (
    MAX_THREADS,
    OUTPUT_BYTES,
    START_SECONDS,
    TEST_BYTES,
    WATCH_SECONDS,
    Limits,
)

_UCRED = struct.Struct("iII")  # pid, uid, gid (man 7 unix)


class WorkerProcess:
    """One worker; made by `fork`, ended by `kill`, which may be called twice."""

    def __init__(self, sock: socket.socket, output: int, status: int, pid: int, baseline_kb: int):
        self._sock = sock
        self._apart = False  # in namespaces of its own: nothing inside can kill it
        self._cpu_seconds = 0  # that the kernel allows it
        # In a container, its temporary folder and the bytes that this may take.
        self._disk: tuple[Path, int] | None = None
        self._output_fd, self._status_fd = output, status
        self._pid, self._pidfd = pid, os.pidfd_open(pid)
        self.folder: Path | None = None  # outside a sandbox: of its files, removed at its end
        self._number = 0
        self.received = 0  # what the answers since the test began may have cost us, in bytes
        self._status = ""  # its wait status and processor seconds, once it has ended
        self._ended: str | None = None  # why we ended it: "time", "memory", "threads", "disk"
        self._memory_kb = baseline_kb
        self._lock = threading.Lock()
        self.output = b""  # the first OUTPUT_BYTES of what it printed
        self.in_force: dict[str, Any] = {}
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    @classmethod
    def fork(cls, control: socket.socket, task: dict[str, Any], limits: Limits) -> WorkerProcess:
        """Has the zygote fork a worker for `task`; SandboxError if it does not start."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        output, output_theirs = os.pipe()
        status, status_theirs = os.pipe()
        try:
            socket.send_fds(control, [b"F"], [theirs.fileno(), output_theirs, status_theirs])
            theirs.close()
            os.close(output_theirs)
            os.close(status_theirs)
            channel.send(ours, task)
            pid = _receive_ready(ours)
            in_force = channel.receive(ours, deadline=time.monotonic() + START_SECONDS)
            if "failed" in in_force:
                refused = NestingRefused if in_force["refused"] else SandboxError
                raise refused(f"a worker did not start: {in_force['failed']}")
            worker = cls(ours, output, status, pid, _taken(pid)[0] + limits.memory_mb * 1024)
        except (OSError, EOFError, SandboxError, wire.WireError) as error:
            ours.close()
            os.close(output)
            os.close(status)
            if isinstance(error, SandboxError):
                raise
            raise SandboxError(f"a worker did not start: {error}") from None
        worker.in_force = in_force
        worker._apart, worker._cpu_seconds = task["nested"], task["cpu_seconds"]
        if task["container"]:
            worker._disk = Path(task["container"]["own"]), task["disk_mb"] * 2**20
        worker._watcher.start()
        return worker

    def request(
        self, operation: str, arguments: list[Any], seconds: float, from_handle: Any
    ) -> Any:
        """The value that student code answers within `seconds`; a StudentFault otherwise."""
        self._number += 1
        deadline = time.monotonic() + seconds
        try:
            channel.send(self._sock, [self._number, operation, arguments], deadline)
            frame = channel.receive_frame(self._sock, deadline)
            self._weigh(*frame)
            reply = wire.decode(*frame, from_handle)
        except TimeoutError:
            self.kill("time")
            raise StudentTimeout("no answer in time") from None
        except wire.WireError:  # not reported: it may hold a hidden value
            self.kill()
            raise StudentCrash("the process sent a malformed reply") from None
        except (EOFError, OSError):
            raise self._why_it_ended() from None
        return self._read(reply)

    def _weigh(self, structure: bytearray, buffers: bytearray) -> None:
        """WireError if a test's answers would take too much of our own memory."""
        self.received += wire.STRUCTURE_COST * len(structure) + len(buffers)
        if self.received > TEST_BYTES:
            raise wire.WireError("the answers are too many")

    def _read(self, reply: Any) -> Any:
        """The value in a reply; everything about the reply is the worker's claim."""
        if type(reply) is list and len(reply) == 3 and reply[0] == self._number:
            if reply[1] == "value":
                return reply[2]
            if reply[1] == "raised":
                claim, memory = _read_claim(reply[2])
                raise StudentNoMemory(claim) if memory else StudentRaised(claim)
        self.kill()
        raise StudentCrash("the process sent an unexpected reply")

    def _why_it_ended(self) -> Exception:
        """What happened to a worker whose wire has closed."""
        by_itself = bool(select.select([self._status_fd], [], [], 1.0)[0])
        with self._lock:
            ended = self._ended
        self.kill()
        if ended == "memory":
            return StudentOutOfMemory("the process exceeded its memory limit")
        if ended == "threads":
            return StudentCrash(f"the process was ended: it had more than {MAX_THREADS} threads")
        if ended == "disk":
            return StudentCrash("the process was ended: its files took too much of the disk")
        if not by_itself:
            return StudentCrash("the process closed its connection to the grader")
        return self._explain_status()

    def _explain_status(self) -> Exception:
        """What the exit status says of a worker that we did not end."""
        status, seconds = (int(word) for word in (self._status or f"{signal.SIGKILL} 0").split())
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return StudentCrash(f"the process ended (exit code {code})")
        if code != -signal.SIGKILL or not self._apart:
            return StudentCrash(f"the process ended (signal {-code})")
        if seconds >= self._cpu_seconds - 1:
            return StudentTimeout("the process used up its processor time")
        # Process 1 of a namespace cannot be killed from within.
        return WorkerLost("a worker was killed, but not by the grader: out of memory?")

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._sock.fileno() >= 0 and not select.select([self._pidfd], [], [], 0)[0]

    def kill(self, why: str | None = None) -> None:
        """Ends the worker and all that it started, and waits until they are gone."""
        with self._lock:
            if self._sock.fileno() < 0:
                return
            self._ended = self._ended or why
            self._signal()
            self._sock.close()
        self._watcher.join()
        select.select([self._pidfd], [], [])  # gone, and its namespaces with it
        self._status = os.read(self._status_fd, 16).decode()
        for descriptor in (self._pidfd, self._output_fd, self._status_fd):
            os.close(descriptor)
        if self.folder is not None:
            container.remove(self.folder)

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _watch(self) -> None:
        """In a thread: reads the output, checks the memory, until the worker has ended."""
        sources = [self._output_fd, self._pidfd]
        while True:
            ready, _, _ = select.select(sources, [], [], WATCH_SECONDS)
            if self._output_fd in ready:
                data = os.read(self._output_fd, 2**16)
                self.output += data[: OUTPUT_BYTES - len(self.output)]
                if not data:
                    sources.remove(self._output_fd)
            elif self._pidfd in ready:
                return
            if why := self._too_much():
                with self._lock:
                    self._ended = self._ended or why
                    self._signal()

    def _too_much(self) -> str | None:
        """What it takes more of than it may."""
        memory_kb, threads = _taken(self._pid)
        if threads > MAX_THREADS:
            return "threads"
        if memory_kb > self._memory_kb:
            return "memory"
        if self._disk and container.too_much(*self._disk):
            return "disk"
        return None


def _receive_ready(sock: socket.socket) -> int:
    """Waits for a worker's first byte; the process id, which the kernel vouches for."""
    sock.settimeout(START_SECONDS)
    first, ancillary, _, _ = sock.recvmsg(1, socket.CMSG_SPACE(_UCRED.size))
    if not first:
        raise EOFError("it ended")
    credentials = [data for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS]
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
    pid: int = _UCRED.unpack(credentials[0])[0]
    return pid


def _taken(pid: int) -> tuple[int, int]:
    """(KiB of memory that is the process's own or shared, threads); zeros if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    fields = dict(line.split(":", 1) for line in lines)
    own, shared, threads = (
        int(fields.get(name, "0").split()[0]) for name in ("RssAnon", "RssShmem", "Threads")
    )
    return own + shared, threads


def _read_claim(raw: Any) -> tuple[Claim, bool]:
    """What a worker reports of an exception, with the right types."""
    raw = raw if type(raw) is dict else {}
    types = raw.get("types")
    names = [name for name in types if type(name) is str] if type(types) is list else []
    message = raw.get("message")
    frames = raw.get("frames")
    return Claim(
        tuple(name[:100] for name in names[:20]) or ("Exception",),
        message[:2000] if type(message) is str else "",
        tuple(_read_frames(frames if type(frames) is list else [])),
    ), raw.get("memory") is True


def _read_frames(frames: list[Any]) -> list[tuple[str, int, str]]:
    return [
        (frame[0][:300], frame[1], frame[2][:100])
        for frame in frames[-20:]
        if type(frame) is tuple and [type(item) for item in frame] == [str, int, str]
    ]
