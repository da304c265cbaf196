"""The rows of a ledger, and what an engine is given and answers, as plain dataclasses.

Every time is aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["extend", "excuse", "hold", "adjust", "release", "board", "accept", "undo"]

TEAM = "group:"  # begins an owner that is a group: no student's id may begin so


@dataclass(frozen=True)
class Student:
    """One line of the roster."""

    id: str
    name: str
    email: str = ""
    section: str = ""
    group: str = ""

    @property
    def owners(self) -> tuple[str, ...]:
        """The names under which something may be the student's: the id, and the group's."""
        return (self.id, f"{TEAM}{self.group}") if self.group else (self.id,)


@dataclass(frozen=True)
class Attempt:
    """One submission by a student or a group; `refusal` says why it cannot be graded."""

    assignment: str
    owner: str  # a student's id, or "group:" and the group's name
    sha256: str  # of its tree in the store; "" if it was refused
    submitted_at: datetime
    source: str  # where it came from, for staff
    members: tuple[str, ...]  # the students it counts for, as the groups were then
    notes: tuple[str, ...] = ()  # what was left out, in one line each
    refusal: str = ""
    id: int = 0  # 0: not in the ledger yet


@dataclass(frozen=True)
class Grading:
    """What one run of the hidden suite gave for one submission."""

    key: str  # equal keys would give equal results
    assignment: str
    sha256: str
    earned: float
    possible: float
    parts: Mapping[str, tuple[float, float]]  # {part: (earned, possible)}
    is_fault: bool  # the grader's own fault: the points mean nothing
    who: str
    why: str = ""
    at: datetime = datetime(1, 1, 1, tzinfo=UTC)  # the ledger sets it
    accepted: int = 0  # 0: not accepted; of those of one submission the highest counts
    id: int = 0  # 0: not in the ledger yet


@dataclass(frozen=True)
class Event:
    """One decision of the staff. `data` depends on the kind (adjust.py)."""

    kind: Kind
    who: str
    why: str
    assignment: str = ""  # "": the whole course
    owner: str = ""  # "": everybody
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = datetime(1, 1, 1, tzinfo=UTC)  # the ledger sets it
    id: int = 0  # 0: not in the ledger yet


def to_text(time: datetime) -> str:
    """An aware time as the ledger writes it: in UTC, to the millisecond; as text it sorts."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def to_utc(text: str) -> datetime:
    """The inverse of `to_text`."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Task:
    """One submission to grade."""

    key: str
    assignment: str  # its full name
    sha256: str
    files: Mapping[str, bytes]
    stamp: str  # of the coordinator's suite, grader, secret and limits (keys.py)


@dataclass(frozen=True)
class Answer:
    """What grading gave: never student code's word, always this grader's own."""

    key: str
    assignment: str
    sha256: str
    result: dict[str, Any]  # docs/result.md
    fingerprints: dict[str, str] = field(default_factory=dict)  # {function: what its tests saw}

    @property
    def is_fault(self) -> bool:
        """Whether the result must not be used."""
        return not self.result["usable"]
