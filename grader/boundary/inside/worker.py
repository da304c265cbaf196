"""Runs inside the sandbox: imports the submission and answers the grader's calls.

One request is `[number, operation, arguments]`, its reply `[number, "value", value]` or
`[number, "raised", what]`. Nothing here is trusted: this process belongs to the student's code
from the first import on, and its reply is a claim that is judged outside.
"""

from __future__ import annotations

import importlib
import itertools
import re
import socket
import sys
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.boundary import channel, wire
from grader.boundary.inside.lookup import Probes

_MAX_FRAMES = 20
_MAX_MESSAGE = 2000
# torch's message when an allocation fails; on a CPU it has no exception type for that.
_NO_MEMORY = re.compile(r"DefaultCPUAllocator|can(no|')t allocate memory", re.IGNORECASE)


class Worker:
    """The student's modules and objects, and the operations on them."""

    def __init__(self, root: str, probes: Probes) -> None:
        self.root = root.rstrip("/") + "/"
        self.objects: dict[int, Any] = {}
        self.numbers = itertools.count(1)
        self.operations: dict[str, Callable[..., Any]] = {
            "import": self._import,
            "get": getattr,
            "set": setattr,
            "call": lambda target, args, kwargs: target(*args, **kwargs),
            "item": lambda target, key: target[key],
            "set item": lambda target, key, value: target.__setitem__(key, value),
            "len": len,
            "contains": lambda target, item: item in target,
            "iterate": lambda target: _Iterator(iter(target)),
            "next": lambda target: target.advance(),
            "probe": lambda name, args, kwargs: getattr(probes, name)(*args, **kwargs),
            "release": self._release,
        }

    def serve(self, sock: socket.socket) -> None:
        """Answers until the grader closes the wire."""
        while True:
            try:
                number, operation, arguments = channel.receive(sock, self._from_handle)
            except (EOFError, OSError):
                return
            for chunk in self._reply(number, operation, arguments):
                sock.sendall(chunk)

    def _reply(self, number: int, operation: str, arguments: list[Any]) -> list[Any]:
        """The frame of the answer; a value from student code may raise when it is read."""
        try:
            answer = self._answer(operation, arguments)
            return wire.encode([number, *answer], self._to_handle)
        except BaseException as error:
            return wire.encode([number, "raised", _describe(error, self.root)])

    def _answer(self, operation: str, arguments: list[Any]) -> tuple[str, Any]:
        try:
            return "value", self.operations[operation](*arguments)
        except BaseException as error:  # SystemExit too: student code must not end the worker
            return "raised", _describe(error, self.root)

    def _import(self, name: str) -> ModuleType:
        return importlib.import_module(name)

    def _release(self, numbers: list[int]) -> None:
        for number in numbers:
            self.objects.pop(number, None)

    def _to_handle(self, item: Any) -> wire.Handle:
        number = next(self.numbers)
        self.objects[number] = item
        return wire.Handle(number, type(item).__name__)

    def _from_handle(self, handle: wire.Handle) -> Any:
        return self.objects[handle.id]


class _Iterator:
    """An iterator that signals its end by a value, not by an exception."""

    def __init__(self, iterator: Any) -> None:
        self.iterator = iterator

    def advance(self) -> tuple[bool, Any]:
        try:
            return True, next(self.iterator)
        except StopIteration:
            return False, None


def _describe(error: BaseException, root: str) -> dict[str, Any]:
    """An exception as plain values: its types' names, its message, the student's own frames."""
    try:
        message = _sendable(str(error)[:_MAX_MESSAGE])
    except BaseException:  # a __str__ of the student's own
        message = ""
    return {
        "types": [_sendable(base.__name__[:100]) for base in type(error).__mro__][:20],
        "message": message,
        "memory": isinstance(error, MemoryError) or bool(_NO_MEMORY.search(message)),
        "frames": _own_frames(error, root),
    }


def _sendable(text: str) -> str:
    """`text` without lone surrogates, which UTF-8 cannot encode."""
    return text.encode(errors="replace").decode()


def _own_frames(error: BaseException, root: str) -> list[tuple[str, int, str]]:
    """(file, line, function) of the frames that lie in the submission, the innermost last."""
    frames = [
        (frame.filename.removeprefix(root), frame.lineno or 0, _sendable(frame.name[:100]))
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(root)
    ]
    if isinstance(error, SyntaxError):
        file = error.filename or ""
        if file.startswith(root):
            frames.append((file.removeprefix(root), error.lineno or 0, "<module>"))
    return frames[-_MAX_FRAMES:]


def serve(sock: socket.socket, root: str, path: list[str], suite_probes: bytes) -> None:
    """Serves the submission that lies in `root`; `path` is where to look for its modules.

    suite_probes: the text of the suite's own probes, empty if it has none.
    """
    probes = Probes(suite_probes)  # imports what it needs while no student module is on the path
    sys.path[:0] = path
    sys.setrecursionlimit(1000)
    Worker(root, probes).serve(sock)
