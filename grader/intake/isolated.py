"""Reads a submission in a sandboxed worker, so that this process never parses hostile bytes.

The worker holds contents.py and its imports, and the submission's bytes; no answer, and no other
submission. It has a time and a memory limit, and its reply is only a claim: names, types and sizes
are checked again here. Whatever goes wrong becomes a one-line refusal.
"""

from __future__ import annotations

import time
from typing import Any

import numpy
import torch

from grader.boundary.errors import (
    StudentFault,
    StudentNoMemory,
    StudentOutOfMemory,
    StudentTimeout,
)
from grader.boundary.limits import Limits
from grader.boundary.sandbox import Sandbox
from grader.boundary.student import Connection
from grader.errors import Refused
from grader.intake.archive import MAX_ENTRIES, MAX_FILE, MAX_TOTAL, checked
from grader.intake.contents import Contents, Wanted, is_wanted

# The slowest archive that may be taken, 256 MiB of a tar.gz, is read in about 3 s.
LIMITS = Limits(memory_mb=1024, call_seconds=20.0, total_seconds=20.0, threads=1, disk_mb=1)
ADVICE = "hand in only the assignment's files, in a plain zip"
MAX_REASON = 600  # characters of a refusal


def read(
    sandbox: Sandbox,
    shape: str,
    name: str,
    data: bytes,
    taken: dict[str, tuple[str, bytes]],
    wanted: Wanted,
) -> Contents:
    """The Contents that contents.answer gives in a worker of `sandbox`; raises Refused.

    `data` is an archive or notebook, `taken` the chosen files of a folder.
    """
    arguments = (
        str(shape),
        name,
        array(data),
        {own: (entry, array(file)) for own, (entry, file) in taken.items()},
        (wanted.id, wanted.student_files, wanted.optional_files, wanted.notebook_file),
    )
    try:
        return _contents(_ask(sandbox, arguments), wanted)
    except StudentTimeout:
        seconds = f"{LIMITS.call_seconds:g} s"
        raise Refused(f"took more than {seconds} to read: {ADVICE}") from None
    except (StudentOutOfMemory, StudentNoMemory):
        memory = f"{LIMITS.memory_mb} MiB of memory"
        raise Refused(f"took more than {memory} to read: {ADVICE}") from None
    except StudentFault:
        raise Refused(f"cannot be read, the reader crashed: {ADVICE}") from None


def _ask(sandbox: Sandbox, arguments: tuple[Any, ...]) -> Any:
    """The worker's claim; a StudentFault if it makes none in time."""
    connection = Connection(sandbox.spawn({}, [], LIMITS))
    connection.deadline = time.monotonic() + LIMITS.call_seconds
    try:
        return connection.ask("import", "grader.intake.contents").answer(*arguments)
    finally:
        connection.worker.kill()


def array(data: bytes) -> numpy.ndarray:
    """Bytes as an array, which the wire allows to be large."""
    return numpy.frombuffer(data, numpy.uint8)


def _contents(claim: Any, wanted: Wanted) -> Contents:
    """The claim as Contents; Refused if it is a refusal, StudentFault if it is malformed."""
    if type(claim) is tuple and [type(part) for part in claim] == [str, str]:
        raise Refused(claim[1][:MAX_REASON])
    if type(claim) is not tuple or [type(part) for part in claim] != [str, dict, list]:
        raise StudentFault("malformed")
    files = {name: _file(name, file, wanted) for name, file in claim[1].items()}
    if sum(map(len, files.values())) > MAX_TOTAL or len(claim[2]) > MAX_ENTRIES:
        raise StudentFault("too much")
    return Contents(files, tuple(map(_name, claim[2])))


def _file(name: Any, claim: Any, wanted: Wanted) -> bytes:
    if not is_wanted(_name(name), wanted):
        raise StudentFault("not the student's file")
    data = content(claim)
    if len(data) > MAX_FILE:
        raise StudentFault("too large")
    return data


def content(claim: Any) -> bytes:
    """The bytes of an array that a worker sent; StudentFault if it is something else."""
    if type(claim) is not torch.Tensor or claim.dtype is not torch.uint8:
        raise StudentFault("not bytes")
    data: bytes = claim.numpy().tobytes()
    return data


def _name(name: Any) -> str:
    if type(name) is not str or checked(name) != name:
        raise StudentFault("not a name")
    return name
