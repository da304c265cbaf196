"""What work counts and what lateness costs: arithmetic over times of submission alone.

When something was graded plays no part, and nothing is stored: a moved deadline or a late extension
changes every grade that depends on it.

A late day is a day by the course's clock: what is due on Friday at 23:59 is one day late until
Saturday 23:59, whether the clocks change that night or not. Grace moves each of these deadlines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from grader.classroom.course_file import Late, LateDays, Rules
from grader.classroom.records import Attempt
from grader.classroom.words import agreeing, plural


@dataclass(frozen=True)
class Judged:
    """An attempt under the rules."""

    attempt: Attempt
    late_days: int
    refused: str = ""  # why it does not count, as the student reads it; "": it counts


def due_for(rules: Rules, extensions: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> datetime:
    """When an assignment is due for one student: the latest of all that was granted, in UTC.

    extensions: each {"until": ISO time} or {"days": of the course's clock, beyond the due time}.
    """
    times = [rules.due.astimezone(UTC)]  # local times of a repeated hour would not compare
    for each in extensions:
        if "until" in each:
            times.append(datetime.fromisoformat(each["until"]).astimezone(UTC))
        else:
            times.append(days_after(rules.due, each["days"], zone))
    return max(times)


def days_after(time: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same hour by the clock of `zone`, some days later, in UTC."""
    if days == 0:  # an addition would forget which of the two hours a clock change repeats
        return time.astimezone(UTC)
    return (time.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def late_days(submitted_at: datetime, due: datetime, grace_minutes: int, zone: ZoneInfo) -> int:
    """How many late days a submission has; 0 if it is in time."""
    counted = submitted_at.astimezone(UTC) - timedelta(minutes=grace_minutes)
    days = max(0, (counted - due.astimezone(UTC)).days - 1)  # too few by 1 to 2
    while counted > days_after(due, days, zone):
        days += 1
    return days


def judge(attempts: Iterable[Attempt], rules: Rules, due: datetime, zone: ZoneInfo) -> list[Judged]:
    """One student's attempts by time of submission, each with its late days.

    The same files again at once are the same attempt, made when they first came.
    """
    judged: list[Judged] = []
    per_day: Counter[Any] = Counter()
    before = ""
    for attempt in sorted(attempts, key=lambda each: (each.submitted_at, each.id)):
        if attempt.sha256 and attempt.sha256 == before:
            continue
        days = late_days(attempt.submitted_at, due, rules.late.grace_minutes, zone)
        day = attempt.submitted_at.astimezone(zone).date()
        if not attempt.refusal:
            before = attempt.sha256
            per_day[day] += 1
        judged.append(Judged(attempt, days, _refusal(attempt, rules, days, per_day[day])))
    return judged


def _refusal(attempt: Attempt, rules: Rules, days: int, number: int) -> str:
    if attempt.refusal:
        return f"it could not be read: {attempt.refusal}"
    if rules.late.last_day is not None and days > rules.late.last_day:
        return f"it is {plural(days, 'day')} late, and late day {rules.late.last_day} is the last"
    if rules.attempts_per_day and number > rules.attempts_per_day:
        most = rules.attempts_per_day
        count = agreeing(most, "counts", "count")
        return f"it is attempt {number} of that day, and {most} a day {count}"
    return ""


def priced(score: float, out_of: float, paid_days: int, late: Late) -> float:
    """The points that are left of a score after `paid_days`; never less than 0."""
    if paid_days == 0:
        return max(0.0, score)
    left = max(0.0, score) * max(0.0, 1 - late.points_per_day * paid_days)
    return min(left, late.cap * out_of)


def usable(late: Late, terms: LateDays, spent: int) -> int:
    """How many free days one assignment may use, of a term of which `spent` are gone."""
    if terms.total is None:
        return late.days_free or 0
    left = max(0, terms.total - spent)
    return left if late.days_free is None else min(left, late.days_free)


def free_days(days: int, usable_days: int, late: Late) -> int:
    """How many free days are spent on work that is `days` late: the fewest that save the most.

    This does not depend on its score: full marks are taken for it, so that no grade that comes
    later changes what was spent.
    """
    low, high = 0, min(days, usable_days)
    best = priced(1.0, 1.0, days - high, late)
    while low < high:  # fewer free days never leave more points
        middle = (low + high) // 2
        if priced(1.0, 1.0, days - middle, late) == best:
            high = middle
        else:
            low = middle + 1
    return low
