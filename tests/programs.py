"""A run.py as its users run it: in a process of its own, and killed in the middle of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Ends its own process by the signal that nothing can catch, the `count`-th time that `where` is
# reached: before a checkpoint is written, or when its bytes are there and its name is not.
_KILLED = """
import os, pathlib, signal, sys
import course.files, course.watch
from course.launch import launch
where, count = {where!r}, {count}
module, name = (course.watch.checkpoints, "save") if where == "save" else (course.files.os, "fsync")
original, calls = getattr(module, name), 0
def patched(*arguments):
    global calls
    calls += where == "save" or os.fstat(arguments[0]).st_size > 10**6
    if calls == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments)
setattr(module, name, patched)
launch({path!r})
"""


def environment(root: Path = ROOT) -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}


def python(*arguments: object, cwd: Path, root: Path = ROOT) -> subprocess.CompletedProcess:
    """Python with these arguments, its modules imported from the checkout at `root`."""
    command = [sys.executable, *map(str, arguments)]
    piped = {"capture_output": True, "text": True}
    return subprocess.run(command, cwd=cwd, env=environment(root), timeout=300, **piped)


def killed(
    script: Path, *arguments: object, cwd: Path, count: int, where: str = "save"
) -> subprocess.CompletedProcess:
    """`script` with these arguments, ended by SIGKILL when it writes its `count`-th checkpoint."""
    code = _KILLED.format(path=str(script), where=where, count=count)
    return python("-c", code, *arguments, cwd=cwd)


def error_of(result: subprocess.CompletedProcess) -> str:
    """The one line of a user's mistake."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert result.stdout == ""
    return result.stderr.removeprefix("error: ").rstrip("\n")
