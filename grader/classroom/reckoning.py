"""One student's grade in one assignment: policy, gradings and decisions put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from grader.classroom import policy
from grader.classroom.course_file import LateDays, Rules
from grader.classroom.decisions import Manual
from grader.classroom.entry import Entry, Status
from grader.classroom.policy import Judged
from grader.classroom.records import Grading, Student
from grader.classroom.words import agreeing, plural


@dataclass(frozen=True)
class Case:
    """All that a grade depends on."""

    student: Student
    rules: Rules
    possible: Mapping[str, float]  # {part: points} of assignment.toml
    zone: ZoneInfo
    due: datetime
    judged: list[Judged]  # the student's attempts
    gradings: Mapping[str, Grading]  # {sha256: what counts}
    manual: list[Manual]
    excused: bool
    held: bool

    @property
    def out_of(self) -> float:
        """The points of all parts."""
        return rounded(sum(self.possible.values()))

    @property
    def by_hand(self) -> float:
        """All points given by hand."""
        return rounded(sum((each.points for each in self.manual), 0.0))

    @property
    def counting(self) -> list[Judged]:
        """The attempts that may count, by time of submission."""
        able = [each for each in self.judged if not each.refused]
        return able[-1:] if self.rules.counts == "latest" else able

    def grading(self, judged: Judged) -> Grading | None:
        """The grading of an attempt; None if there is none yet."""
        return self.gradings.get(judged.attempt.sha256)


@dataclass(frozen=True)
class Priced:
    """A graded attempt and what it is worth."""

    judged: Judged
    grading: Grading
    free: int  # late days that cost nothing
    score: float  # with points by hand, before lateness
    points: float

    @property
    def paid(self) -> int:
        """The late days that cost points."""
        return self.judged.late_days - self.free


def reckon(case: Case, terms: LateDays, spent: int) -> tuple[Entry, int]:
    """The entry, and how many of the term's free days it uses, of which `spent` are gone."""
    if case.excused:
        return _blank(case, "excused", ["Excused: this assignment does not count."]), 0
    entry, used = _open(case, policy.usable(case.rules.late, terms, spent))
    if case.held:
        lines = ["The grade is held back for now: ask the staff."]
        entry = _blank(case, "held", lines, manual=0.0)
    elif terms.total is not None and used:
        left = plural(max(0, terms.total - spent - used), "free late day")
        entry.explanation.append(f"The term has {left} left.")
    return entry, used


def _open(case: Case, usable: int) -> tuple[Entry, int]:
    counting, lines = case.counting, _attempt_lines(case)
    late = case.rules.late
    if not counting and case.manual:
        return _by_hand(case, lines), 0
    if not counting:
        lines.append("Nothing that counts has been handed in.")
        return _blank(case, "missing", lines), 0
    free = [policy.free_days(each.late_days, usable, late) for each in counting]
    gradings = [case.grading(each) for each in counting]
    if None in gradings:
        lines.append("It has not been graded yet.")
        return _blank(case, "ungraded", lines), max(free)
    graded = [each for each in gradings if each is not None]
    if any(each.is_fault for each in graded):
        lines.append("The grader itself failed: the staff will grade it again.")
        return _blank(case, "fault", lines), max(free)
    priced = [_price(case, *each) for each in zip(counting, graded, free, strict=True)]
    return _graded(case, priced, lines)


def _price(case: Case, judged: Judged, grading: Grading, free: int) -> Priced:
    score = max(0.0, rounded(grading.earned + case.by_hand))
    late = case.rules.late
    points = policy.priced(score, case.out_of, judged.late_days - free, late)
    return Priced(judged, grading, free, score, rounded(points))


def _graded(case: Case, priced: list[Priced], lines: list[str]) -> tuple[Entry, int]:
    """The entry of work that is graded, whichever of it counts."""
    if case.rules.counts == "all":
        chosen = priced
    else:  # of equally good ones the one that spends least, and of these the first
        chosen = [max(priced, key=lambda each: (each.points, -each.free))]
    if case.rules.counts == "best" and len(priced) > 1:
        lines.append(f"The best of {len(priced)} attempts counts, that of {_at(case, chosen[0])}.")
    for each in chosen:
        lines += _arithmetic(case, each, heading=len(chosen) > 1)
    points = rounded(sum(each.points for each in chosen) / len(chosen))
    if len(chosen) > 1:
        lines.append(f"The mean of {len(chosen)} attempts: {plural(points, 'point')}.")
    lines.append(f"Grade: {points:g} of {plural(case.out_of, 'point')}.")
    if case.rules.regrade_until:
        lines.append(f"A regrade may be asked for until {_time(case, case.rules.regrade_until)}.")
    entry = _blank(
        case,
        "graded",
        lines,
        raw=rounded(sum(each.grading.earned for each in chosen) / len(chosen)),
        points=points,
        late_days=max(each.judged.late_days for each in chosen),
        parts=_parts(case, chosen),
        sha256=chosen[-1].judged.attempt.sha256,
    )
    return entry, max(each.free for each in chosen)


def _by_hand(case: Case, lines: list[str]) -> Entry:
    """The entry of a student who handed nothing in, and has points by hand."""
    points = max(0.0, case.by_hand)
    lines += ["Nothing that counts has been handed in.", *_manual_lines(case)]
    lines.append(f"Grade: {points:g} of {plural(case.out_of, 'point')}.")
    return _blank(case, "graded", lines, raw=0.0, points=points, parts=_parts(case, []))


def _blank(case: Case, status: Status, lines: list[str], **known: Any) -> Entry:
    """An entry without points, or with those that are known."""
    counting = case.counting
    values: dict[str, Any] = {
        "student": case.student.id,
        "name": case.student.name,
        "assignment": case.rules.id,
        "status": status,
        "raw": None,
        "points": None,
        "out_of": case.out_of,
        "late_days": counting[-1].late_days if counting else 0,
        "parts": {},
        "manual": case.by_hand,
        "explanation": lines,
        "sha256": counting[-1].attempt.sha256 if counting else "",
    }
    return Entry(**(values | known))


def _parts(case: Case, chosen: list[Priced]) -> dict[str, tuple[float, float]]:
    """The mean of each part over the attempts that count, with its points by hand."""
    if len(chosen) == 1 and not case.manual:  # as of most students; what follows takes longer
        only = chosen[0].grading.parts
        return {part: (only.get(part, (0.0, 0.0))[0], all_) for part, all_ in case.possible.items()}
    by_hand: dict[str, float] = {}
    for manual in case.manual:
        by_hand[manual.part] = by_hand.get(manual.part, 0.0) + manual.points
    parts = {}
    for part, possible in case.possible.items():
        earned = sum([each.grading.parts.get(part, (0.0, 0.0))[0] for each in chosen])
        mean = earned / max(len(chosen), 1)
        parts[part] = rounded(mean + by_hand.get(part, 0.0)), possible
    return parts


def _attempt_lines(case: Case) -> list[str]:
    """When each attempt was made, and why some do not count."""
    due = _time(case, case.due)
    lines = [f"Due {due}{', extended' if case.due != case.rules.due.astimezone(UTC) else ''}."]
    for each in case.judged:
        late = f", {plural(each.late_days, 'day')} late" if each.late_days else ", in time"
        reason = f": {each.refused}; it does not count" if each.refused else ""
        when = _time(case, each.attempt.submitted_at)
        lines.append(f"Handed in {when}{reason or late}.")
    return lines


def _arithmetic(case: Case, priced: Priced, heading: bool) -> list[str]:
    """From the tests' points to what counts."""
    late, out_of = case.rules.late, case.out_of
    lines = [f"The attempt of {_at(case, priced)}:"] if heading else []
    lines.append(f"The tests give {priced.grading.earned:g} of {plural(out_of, 'point')}.")
    lines += _manual_lines(case)
    if case.manual:
        lines.append(f"Together {plural(priced.score, 'point')}.")
    if priced.free:
        lines.append(
            f"{plural(priced.free, 'late day')} {agreeing(priced.free, 'costs', 'cost')} nothing."
        )
    if priced.paid and late.points_per_day:
        left = max(0.0, 1 - late.points_per_day * priced.paid)
        after = rounded(priced.score * left)
        lines.append(
            f"{plural(priced.paid, 'late day')} at {late.points_per_day:.4g} of the score each: "
            f"{priced.score:g} x {left:.4g} = {plural(after, 'point')}."
        )
    if priced.paid and late.cap < 1:
        most = rounded(late.cap * out_of)
        lines.append(
            f"Late work earns at most {plural(most, 'point')}: {plural(priced.points, 'point')}."
        )
    return lines


def _manual_lines(case: Case) -> list[str]:
    """The points by hand, each with its comment."""
    lines = []
    for each in case.manual:
        where = f" in part {each.part}" if each.part else ""
        comment = f": {each.comment}" if each.comment else "."
        lines.append(f"By hand {each.points:+g}{where}{comment}")
    return lines


def _at(case: Case, priced: Priced) -> str:
    return _time(case, priced.judged.attempt.submitted_at)


def _time(case: Case, time: datetime) -> str:
    """A time as students read it, by the course's clock."""
    return _shown(time, case.zone)


@lru_cache(maxsize=64)  # most students have the same due times
def _shown(time: datetime, zone: ZoneInfo) -> str:
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def rounded(value: float) -> float:
    """Points, rounded to 4 places to drop floating-point noise."""
    return round(value, 4)
