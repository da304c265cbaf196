"""Frames of the wire over a socket, each by a deadline.

The deadline is one for the whole frame: a reply that drips cannot extend it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from grader.boundary.wire import HEADER, Handle, decode, encode, read_header

LONGEST_WAIT = 1e6  # seconds; the platform's clock has no infinity


def send(sock: socket.socket, value: Any, deadline: float | None = None) -> None:
    """Writes the frame of `value` by `deadline` (of time.monotonic), however slowly it is read.

    Raises WireError for a value that cannot cross, TimeoutError, or OSError if the other side is
    gone.
    """
    for chunk in encode(value):
        _keep_to(sock, deadline)
        sock.sendall(chunk)


def _keep_to(sock: socket.socket, deadline: float | None) -> None:
    """Sets the socket's clock to what is left; TimeoutError if nothing is, even if it is ready."""
    if deadline is None:
        return
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the deadline has passed")
    sock.settimeout(min(remaining, LONGEST_WAIT))


def receive(
    sock: socket.socket,
    from_handle: Callable[[Handle], Any] = lambda handle: handle,
    deadline: float | None = None,
) -> Any:
    """The value of the next frame; raises what `receive_frame` and `decode` raise."""
    return decode(*receive_frame(sock, deadline), from_handle)


def receive_frame(
    sock: socket.socket, deadline: float | None = None
) -> tuple[bytearray, bytearray]:
    """The two halves of the next frame by `deadline` (of time.monotonic), however slow they are.

    Raises EOFError if the other side has closed, TimeoutError, or WireError if it lies.
    """
    sizes = read_header(_receive_exactly(sock, HEADER.size, deadline))
    structure, buffers = (_receive_exactly(sock, size, deadline) for size in sizes)
    return structure, buffers


def _receive_exactly(sock: socket.socket, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        _keep_to(sock, deadline)
        count = sock.recv_into(view)
        if not count:
            raise EOFError("the other side has closed the wire")
        view = view[count:]
    return data
