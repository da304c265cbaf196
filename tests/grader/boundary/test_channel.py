"""Frames over a socket: whole, or an error when it closes or the deadline has passed."""

from __future__ import annotations

import socket
import time

import pytest
import torch

from grader.boundary import channel, wire


def test_a_frame_crosses_a_socket_and_a_closed_one_says_so() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            channel.send(theirs, [torch.arange(100), "text"])
            numbers, text = channel.receive(ours)
            assert (numbers.tolist(), text) == (list(range(100)), "text")
        with pytest.raises(EOFError, match="closed"):
            channel.receive(ours)


def test_a_deadline_holds_however_the_bytes_drip() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(wire.HEADER.pack(100, 0) + b"\x00")
        with pytest.raises(TimeoutError):
            channel.receive(ours, deadline=0.0)


def test_a_deadline_holds_for_bytes_that_are_always_there() -> None:
    """A reply that dripped fast enough extended a limit of 20 s to 131 s."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for chunk in wire.encode([1, "value", torch.arange(10)]):
            theirs.sendall(chunk)
        with pytest.raises(TimeoutError):
            channel.receive(ours, deadline=0.0)


def test_a_request_that_nobody_reads_ends_at_the_deadline() -> None:
    """Each chunk of it once had the whole time for itself."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        channel.send(ours, [torch.zeros(2**20)] * 3, deadline=time.monotonic() + 0.1)
