"""What a worker may take, and how it ends: its clock, memory, answers and output."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from grader.boundary.errors import (
    StudentCrash,
    StudentNoMemory,
    StudentTimeout,
    WorkerLost,
)
from grader.boundary.limits import OUTPUT_BYTES
from grader.boundary.student import RemoteStudent
from tests.grader.boundary.work import LIMITS

SHORT = 0.5  # seconds of a test that is to time out


def test_a_worker_that_left_is_replaced_at_the_next_test_only(student: RemoteStudent) -> None:
    counter = student.work.Counter()
    with pytest.raises(StudentCrash, match="exit code 3"):
        student.work.leave()
    for use in (lambda: student.work.draw(), lambda: counter.count, lambda: student.helper.TEN):
        with pytest.raises(StudentCrash, match="has ended"):
            use()
    student.begin(1)
    assert student.helper.TEN == 10


def test_a_worker_that_hangs_is_ended(student: RemoteStudent) -> None:
    student.begin(1, seconds=SHORT)
    with pytest.raises(StudentTimeout):
        student.work.hang()
    with pytest.raises(StudentCrash):
        student.work.identity()
    student.begin(1)
    assert student.work.identity() == 1


def test_the_clock_is_the_whole_tests(student: RemoteStudent) -> None:
    """Many calls, each of them quick, take no longer than one that hangs."""
    student.begin(1, seconds=SHORT)
    with pytest.raises(StudentTimeout):
        while True:
            student.work.identity()


def test_too_much_memory_is_told_as_such(student: RemoteStudent) -> None:
    with pytest.raises(StudentNoMemory):
        student.work.take()
    assert student.work.identity() == 1


def test_the_answers_of_one_test_are_bounded(
    student: RemoteStudent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that gathers what it is given does not fill the grader's memory."""
    monkeypatch.setattr("grader.boundary.worker_process.TEST_BYTES", 2**20)
    student.begin(1)
    with pytest.raises(StudentCrash):
        for _ in range(100):
            student.work.echo(torch.zeros(2**14))
    student.begin(1)
    assert student.work.echo(1)[0] == [1]


def test_output_is_kept_up_to_a_limit(student: RemoteStudent) -> None:
    student.work.say("hello ", 1)
    student.work.say("x", 4 * OUTPUT_BYTES)
    student.close()
    (output,) = student.output
    assert output.startswith(b"hello \nxxx") and len(output) == OUTPUT_BYTES


def test_isolation_is_stated_and_limits_are_read_back(student: RemoteStudent) -> None:
    layers, limits = student.in_force["layers"], student.in_force["limits"]
    assert layers == [
        "namespaces of its own",
        "no capabilities",
        "no new privileges",
        "system call filter",
    ]
    assert (limits["file_mb"], limits["core_mb"], limits["open_files"]) == (8, 0, 256)
    assert limits["memory_mb"] == LIMITS.memory_mb
    assert limits["cpu_seconds"] == 61


def test_handles_that_nobody_holds_are_released(student: RemoteStudent) -> None:
    """A long test does not keep alive all that it ever asked for."""
    connection = student._connection
    for _ in range(500):
        student.work.Counter()
    assert len(connection.dropped) <= 101


def test_a_worker_that_is_killed_from_outside_is_lost(student: RemoteStudent) -> None:
    """It counted against the student: "the process ended (signal 9)", on a usable grade."""
    pid = student._connection.worker._pid
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(student.work.hang)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(WorkerLost, match="not by the grader"):
            call.result()


def test_student_code_cannot_make_its_worker_look_lost(student: RemoteStudent) -> None:
    """Process 1 of its namespace is not killed by itself, and its processor time is counted."""
    assert student.work.kill_yourself() == "alive"
    with pytest.raises(StudentCrash, match="exit code 3"):
        student.work.leave()
