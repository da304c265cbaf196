"""The class at a glance: how many students are where, and how their points are spread."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from grader.classroom.course_file import Course
from grader.classroom.entry import Entry, Status

BINS = 20
STATUSES: tuple[Status, ...] = ("graded", "ungraded", "missing", "excused", "held", "fault")


@dataclass(frozen=True)
class Part:
    """One part over the students who are graded."""

    id: str
    title: str
    out_of: float
    mean: float
    full: int  # students with all its points
    none: int  # students with no point


@dataclass(frozen=True)
class Bar:
    """One bar of the distribution: the students with at least `low` and less than `high` points."""

    low: float
    high: float
    students: int
    share: float  # of the highest bar, 0 to 1


@dataclass(frozen=True)
class Overview:
    """One assignment over the class."""

    id: str
    title: str
    due: str
    out_of: float
    counts: dict[str, int]  # {status: students}
    late: int  # students whose work that counts is late
    mean: float | None
    median: float | None
    bars: tuple[Bar, ...]
    parts: tuple[Part, ...]


def overview(course: Course, name: str, entries: Sequence[Entry]) -> Overview:
    """Of one assignment and all its entries."""
    rules = course.find(name)
    points = [entry.points for entry in entries if entry.points is not None]
    counts = Counter(entry.status for entry in entries)
    return Overview(
        id=rules.id,
        title=rules.assignment.title,
        due=f"{rules.due.astimezone(course.zone):%Y-%m-%d %H:%M}",
        out_of=rules.assignment.points,
        counts={status: counts[status] for status in STATUSES},
        late=sum(entry.late_days > 0 for entry in entries),
        mean=statistics.fmean(points) if points else None,
        median=statistics.median(points) if points else None,
        bars=tuple(bars(points, rules.assignment.points)),
        parts=tuple(_parts(entries, rules.assignment.part_titles)),
    )


def bars(points: Sequence[float], out_of: float, count: int = BINS) -> list[Bar]:
    """The distribution from 0 to `out_of`; the last bar has whoever has all points, or more."""
    width = out_of / count
    heights = Counter(min(max(int(each / width), 0), count - 1) for each in points)
    highest = max(heights.values(), default=1)
    return [Bar(n * width, (n + 1) * width, heights[n], heights[n] / highest) for n in range(count)]


def _parts(entries: Sequence[Entry], titles: dict[str, str]) -> list[Part]:
    graded = [entry.parts for entry in entries if entry.parts]
    found = []
    for part, title in titles.items():
        pairs = [parts[part] for parts in graded if part in parts]
        if pairs:
            earned = [pair[0] for pair in pairs]
            out_of = pairs[0][1]
            full, none = sum(each >= out_of for each in earned), sum(each <= 0 for each in earned)
            found.append(Part(part, title, out_of, statistics.fmean(earned), full, none))
    return found
