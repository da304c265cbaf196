"""The pool of an audit: its processes end with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox
from grader.verdict import pool
from tests.grader.verdict.toy import make
from tests.programs import ROOT, environment


def hang(assignment: Assignment, item: int, sandbox: Sandbox) -> None:
    """Says that it has begun, and never ends."""
    print("began", flush=True)
    threading.Event().wait()


def begin() -> None:
    """A command whose two processes hang."""
    with tempfile.TemporaryDirectory() as folder:
        pool.over(make(Path(folder)), [1, 2], hang, "cases", jobs=2)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_the_processes_of_a_killed_command_end(how: signal.Signals) -> None:
    """Those of a killed `grader audit` waited for ever, each with its sandbox."""
    code = f"from {__name__} import begin; begin()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(ROOT), stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert [started.stdout.readline() for _ in range(2)] == ["began\n"] * 2
        started.send_signal(how)
        # The pipe is closed when the last process that could write to it has ended.
        assert started.communicate(timeout=60)[0] == ""
