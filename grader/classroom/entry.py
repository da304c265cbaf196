"""One line of the gradebook: a student's grade in one assignment, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["graded", "missing", "ungraded", "excused", "fault", "held"]


@dataclass(frozen=True)
class Entry:
    """One student's grade in one assignment."""

    student: str  # the id in the roster
    name: str
    assignment: str  # its full name
    status: Status
    raw: float | None  # points of the tests; None unless graded
    points: float | None  # what counts: with manual points, late days and caps; None unless graded
    out_of: float
    late_days: int  # of the work that counts, free ones included
    parts: dict[str, tuple[float, float]]  # {part: (earned with manual points, possible)}
    manual: float  # points given by hand, in all; those without a part are in no part
    explanation: list[str]  # the arithmetic, a line each, as the student reads it
    sha256: str = ""  # of the work that counts, or that of the last attempt; "" without one
