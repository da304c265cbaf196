"""The `student` that tests see: a namespace of the submission's modules, wherever they run.

`student.dataset.CharCorruptionDataset(text, 128)[7]` reads the same in both kinds:

- `RemoteStudent`: the modules live in a sandboxed worker; attribute access, calls, indexing,
  `len`, iteration and assignment travel, plain values come back, and everything else is a `Remote`,
  a handle on what stays there. A worker that has ended is replaced at the next test.
- `LocalStudent` (local.py): the modules are simply imported here.

`student.probe.NAME(...)` calls a probe (inside/lookup.py) next to the student's code.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grader.boundary import wire
from grader.boundary.errors import (
    Claim,
    StudentCrash,
    StudentImportFailed,
    StudentNoMemory,
    StudentRaised,
    StudentTimeout,
    StudentValue,
)
from grader.boundary.limits import Limits
from grader.boundary.sandbox import Sandbox
from grader.boundary.worker_process import WorkerProcess

_OWN = ("_connection", "_handle")
# torch's own names for the entries of a state_dict, and for places in a Sequential.
TORCH_WORDS = {b"weight", b"bias", b"in_proj_weight", b"in_proj_bias", b"out_proj"}
_NUMBERS = {str(number).encode() for number in range(20)}


class Connection:
    """A worker and the clock of the test that is using it."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.worker = worker
        self.deadline = float("inf")  # of time.monotonic, for the test
        self.call_seconds = float("inf")
        self.dropped: list[int] = []  # handles that no test uses any more
        self.answered = False  # whether the test has seen any value from student code

    def ask(self, operation: str, *arguments: Any) -> Any:
        """The answer to one request; a StudentFault if there is none."""
        if not self.worker.alive:
            raise StudentCrash("the process has ended")
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            self.worker.kill("time")
            raise StudentTimeout("the test's time is up")
        if len(self.dropped) > 100:
            dropped, self.dropped = self.dropped, []
            self.ask("release", dropped)
        seconds = min(remaining, self.call_seconds)
        answer = self.worker.request(operation, list(arguments), seconds, self._remote)
        self.answered = True
        return answer

    def _remote(self, handle: wire.Handle) -> Remote:
        return Remote(self, handle)


class Remote:
    """A handle on an object in the worker; operations on it run there."""

    __slots__ = _OWN

    def __init__(self, connection: Connection, handle: wire.Handle) -> None:
        object.__setattr__(self, "_connection", connection)
        object.__setattr__(self, "_handle", handle)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Libraries here would trust these attributes: numpy reads memory at any address that
            # an __array_interface__ names.
            raise AttributeError(name)
        return self._ask("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", name, _lower(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("call", _lower(list(args)), _lower(kwargs))

    def __getitem__(self, key: Any) -> Any:
        return self._ask("item", _lower(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("set item", _lower(key), _lower(value))

    def __contains__(self, item: Any) -> bool:
        return self._ask("contains", _lower(item)) is True

    def __len__(self) -> int:
        length = self._ask("len")
        if type(length) is not int or length < 0:
            raise StudentValue("len() of an object is not a length")
        return length

    def __iter__(self) -> Iterator[Any]:
        iterator = self._ask("iterate")
        while True:
            step = iterator._ask("next") if type(iterator) is Remote else None
            if type(step) is not tuple or len(step) != 2:
                raise StudentValue("an object cannot be iterated over")
            if step[0] is not True:
                return
            yield step[1]

    def __bool__(self) -> bool:
        raise StudentValue("an object was given where a plain value is needed")

    def __repr__(self) -> str:
        return "<an object in the student's process>"  # its type's name may hold anything

    def __del__(self) -> None:
        self._connection.dropped.append(self._handle.id)

    def _ask(self, operation: str, *arguments: Any) -> Any:
        return self._connection.ask(operation, self._handle, *arguments)


def _lower(value: Any) -> Any:
    """An argument with its Remotes as handles again; also inside lists, tuples and dicts."""
    if type(value) is Remote:
        return value._handle
    if type(value) in (list, tuple):
        return type(value)(_lower(item) for item in value)
    if type(value) is dict:
        return {key: _lower(item) for key, item in value.items()}
    return value


class _RemoteProbes:
    """`student.probe`: probes run in the worker."""

    def __init__(self, student: RemoteStudent) -> None:
        self._student = student

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def probe(*args: Any, **kwargs: Any) -> Any:
            connection = self._student._connect()
            return connection.ask("probe", name, _lower(list(args)), _lower(kwargs))

        return probe


class RemoteStudent:
    """The submission's modules in a worker of `sandbox`."""

    def __init__(
        self,
        sandbox: Sandbox,
        files: Mapping[str, bytes],
        path: list[str],
        limits: Limits,
        instead: Mapping[str, Mapping[str, bytes]] | None = None,
        probes: bytes = b"",
    ) -> None:
        """`instead`: {part: files that replace those of the same names while that part is
        tested}; `probes`: the text of the suite's own."""
        self._sandbox, self._files, self._path, self._limits = sandbox, files, path, limits
        self._instead, self._probes = instead or {}, probes
        self._part: str | None = None  # the part that the worker has files for
        self._connection: Connection | None = None
        self._modules: dict[str, Any] = {}
        self._broken: dict[str, Claim] = {}  # modules that raise when they are imported
        self.probe = _RemoteProbes(self)
        self.output: list[bytes] = []  # what each worker printed, for staff
        self.in_force: dict[str, Any] = {}  # the limits and layers of the first worker

    def begin(self, seed: int, seconds: float | None = None, part: str | None = None) -> None:
        """Starts a test of `part`: a living worker, seeded, and the clock set to `seconds`."""
        if self._files_of(part) != self._files_of(self._part):
            self.close()
        self._part = part
        connection = self._connect(fresh=True)
        connection.call_seconds = seconds or self._limits.call_seconds
        connection.deadline = time.monotonic() + connection.call_seconds
        connection.worker.received = 0
        self.probe.seed(seed)
        connection.answered = False

    def wrote(self, name: str) -> bool:
        """Whether a message may show `name`, such as "blocks.0.attn.weight", from a worker: only
        if each of its words is in the submission, or is torch's own."""
        words = set(re.findall(rb"\w+", b" ".join(self._files.values()))) | TORCH_WORDS
        parts = name.encode(errors="replace").split(b".")
        return len(parts) <= 5 and len(name) <= 100 and set(parts) <= words | _NUMBERS

    def _files_of(self, part: str | None) -> Mapping[str, bytes]:
        return self._instead.get(part or "", {})

    @property
    def answered(self) -> bool:
        """Whether this test has seen any value from student code."""
        return self._connection is not None and self._connection.answered

    def _connect(self, fresh: bool = False) -> Connection:
        """The worker; a dead one is replaced only between tests."""
        if self._connection is None or (fresh and not self._connection.worker.alive):
            self.close()
            files = {**self._files, **self._files_of(self._part)}
            worker = self._sandbox.spawn(files, self._path, self._limits, self._probes)
            self.in_force = self.in_force or worker.in_force
            self._connection = Connection(worker)
        return self._connection

    def close(self) -> None:
        """Ends the worker."""
        if self._connection is not None:
            self._connection.worker.kill()
            self.output.append(self._connection.worker.output)
        self._connection, self._modules, self._broken = None, {}, {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._broken:
            raise StudentImportFailed(self._broken[name])
        if name not in self._modules:
            self._modules[name] = self._import(name)
        return self._modules[name]

    def _import(self, name: str) -> Remote:
        try:
            module = self._connect().ask("import", name)
        except StudentNoMemory:
            raise
        except StudentRaised as error:
            self._broken[name] = error.claim
            raise StudentImportFailed(error.claim) from None
        if type(module) is not Remote:
            raise StudentValue("a module of the submission is not a module")
        return module
