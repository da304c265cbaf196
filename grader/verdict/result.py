"""The score model: the result of one submission, as plain dataclasses.

Everything a report shows is in `Result`; the reports import this module and nothing else of the
grader. `Result.to_json` and `Result.from_json` are the documented, versioned schema
(docs/result.md).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from grader import strict

SCHEMA = "bigrams-to-bert/result/2"


class Outcome(StrEnum):
    """How one test ended. The values are never merged with one another."""

    PASSED = "passed"
    CARRIED = "carried"  # it failed because of other functions; those that it judges are right
    FAILED = "failed"  # the student's code gave a wrong answer
    ERROR = "error"  # the student's code raised
    TIMEOUT = "timeout"  # it did not answer in time
    MEMORY = "memory"  # it exceeded its memory limit
    CRASH = "crash"  # its process ended, or it sent a malformed reply
    NOT_IMPLEMENTED = "not implemented"  # the TODO is still there
    NOT_RUN = "not run"  # the submission's total time ran out before this test
    GRADER_FAULT = "grader fault"  # our own error: do not use the grade

    @property
    def is_fault(self) -> bool:
        """Whether it shows that the code that ran is wrong, or missing."""
        return self not in (Outcome.PASSED, Outcome.CARRIED, Outcome.NOT_RUN, Outcome.GRADER_FAULT)

    @property
    def is_full(self) -> bool:
        """Whether a test that ended so has all its points."""
        return self in (Outcome.PASSED, Outcome.CARRIED)


class State(StrEnum):
    """What the tests show of one function that students write."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_WRITTEN = "not written"  # the TODO is still there
    UNKNOWN = "unknown"  # no test that was run shows it


@dataclass(frozen=True)
class Frame:
    """One line of the student's own code in a traceback."""

    file: str  # relative to the submission
    line: int  # 1-based
    function: str
    source: str  # the line's text, read from the grader's copy of the file


@dataclass(frozen=True)
class TestResult:
    """One test of a suite, as the student reads it."""

    __test__ = False  # a dataclass, not a pytest class

    name: str  # e.g. "test_attention.py::test_causal[4]"
    title: str  # the sentence of the test's docstring
    part: str
    visibility: str  # "public" | "hidden"
    outcome: Outcome
    score: float
    max_score: float
    message: str = ""  # what went wrong; never a hidden test's inputs
    hint: str = ""
    frames: tuple[Frame, ...] = ()
    seconds: float = 0.0
    about: tuple[str, ...] = ()  # the functions that it judges
    blame: tuple[str, ...] = ()  # the functions, or files, that make it fail


@dataclass(frozen=True)
class FunctionResult:
    """What the tests show of one function that students write."""

    name: str  # as in "Block.forward"
    part: str
    state: State
    diagnosis: str = ""  # the known mistake that it has, in one sentence


@dataclass(frozen=True)
class PartResult:
    """The points of one part of an assignment."""

    id: str
    title: str
    score: float
    max_score: float


@dataclass(frozen=True)
class Submission:
    """What was graded: its name and the sha256 of the tree that was graded."""

    name: str
    sha256: str
    files: tuple[str, ...]  # the student's files that were taken
    notes: tuple[str, ...] = ()  # what was left out, in one line each


@dataclass(frozen=True)
class Isolation:
    """How student code was kept apart from the grader: actual, not requested."""

    kind: str  # "sandbox" | "container" | "process" | "none"
    layers: tuple[str, ...] = ()  # e.g. "user namespace", "seccomp"
    limits: dict[str, Any] = field(default_factory=dict)  # read back inside the worker
    warning: str = ""


@dataclass(frozen=True)
class Result:
    """The result of one submission in one suite."""

    assignment: str
    title: str
    submission: Submission
    score: float
    max_score: float
    usable: bool  # False after a grader fault: the score must not be used
    isolation: Isolation
    parts: tuple[PartResult, ...]
    tests: tuple[TestResult, ...]
    seconds: float
    versions: dict[str, str]
    functions: tuple[FunctionResult, ...] = ()  # in the handout's order
    faults: tuple[str, ...] = ()  # the grader's own errors, for staff
    schema: str = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Result:
        """The inverse of `to_json`; raises ValueError for another schema."""
        if value.get("schema") != SCHEMA:
            raise ValueError(f"{value.get('schema')!r} is not a result of schema {SCHEMA!r}")
        return strict.from_json(value, cls)


def total(values: list[float]) -> float:
    """A sum of points, rounded to 4 places to drop floating-point noise."""
    return round(sum(values), 4)


def score_parts(titles: dict[str, str], tests: tuple[TestResult, ...]) -> tuple[PartResult, ...]:
    """Adds up the tests of each part, in the order of `titles` ({id: title})."""
    return tuple(
        PartResult(
            part,
            title,
            total([test.score for test in tests if test.part == part]),
            total([test.max_score for test in tests if test.part == part]),
        )
        for part, title in titles.items()
    )
