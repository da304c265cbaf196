"""The ways in which a call to student code can fail; each means one outcome."""

from __future__ import annotations

from dataclasses import dataclass


class StudentFault(Exception):
    """Student code did not answer a call; the subclass says how."""


@dataclass(frozen=True)
class Claim:
    """What a worker reports of an exception: untrusted, but of the right types and short."""

    types: tuple[str, ...]  # the exception's type and its bases, the nearest first
    message: str
    frames: tuple[tuple[str, int, str], ...]  # (file, line, function), the innermost last


class StudentRaised(StudentFault):
    """Student code raised an exception."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"{claim.types[0]}: {claim.message}")
        self.claim = claim

    def is_a(self, name: str) -> bool:
        """Whether the exception's type or a base of it has this name."""
        return name in self.claim.types


class StudentImportFailed(StudentRaised):
    """A module of the submission raised when it was imported."""


class StudentNoMemory(StudentRaised):
    """Student code asked for more memory than is allowed, and was refused it."""


class StudentTimeout(StudentFault):
    """A call did not answer in time; its process was ended."""


class StudentOutOfMemory(StudentFault):
    """The process exceeded its memory limit, and was ended."""


class StudentCrash(StudentFault):
    """The process ended by itself, or sent a malformed reply."""


class StudentValue(StudentFault):
    """A value is not plain where a plain value is needed, such as the truth of a handle."""


class SandboxError(Exception):
    """The grader could not start a worker: its own fault, never the student's."""


class NestingRefused(SandboxError):
    """The kernel refuses workers namespaces of their own inside the sandbox."""


class WorkerLost(SandboxError):
    """Something outside ended a worker (the machine's memory ran out, say): worth another try."""


class IsolationUnavailable(SandboxError):
    """This machine cannot isolate a worker as asked; the message says what to do."""
