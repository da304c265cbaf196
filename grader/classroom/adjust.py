"""The staff's decisions, checked and written to the ledger as events (decisions.py).

`owner` is a student's id or a group of the roster; the functions return the event's id.
"""

from __future__ import annotations

from datetime import datetime

from grader.classroom.course_file import Rules
from grader.classroom.ledger import Ledger
from grader.classroom.people import unknown
from grader.classroom.records import TEAM, Event, Kind, to_text
from grader.errors import UserError

MOST_DAYS = 366
MOST_POINTS = 10_000.0  # more is a slip of the keyboard; nan is not less


def owner_named(ledger: Ledger, name: str) -> str:
    """A student's id or "group:" and a group's name, from either. Raises UserError."""
    students = ledger.students()
    ids = {student.id for student in students}
    teams = {student.group for student in students if student.group}
    if name in ids:
        return name
    if name.removeprefix(TEAM) in teams:
        return TEAM + name.removeprefix(TEAM)
    raise UserError(unknown(name, students, "neither a student nor a group"))


def extend(
    ledger: Ledger,
    rules: Rules,
    owner: str,
    who: str,
    why: str,
    until: datetime | None = None,
    days: int | None = None,
) -> int:
    """Gives more time: until an aware time, or days beyond the due time, wherever that moves.

    It replaces an earlier extension of the same owner; 0 days takes it back. Raises UserError.
    """
    if (until is None) == (days is None):
        raise UserError("give either --until TIME or --days N")
    if until is not None:
        _check_later(until, rules)
        return decide(ledger, "extend", rules.id, owner, who, why, until=to_text(until))
    if not 0 <= (days or 0) <= MOST_DAYS:
        raise UserError(f"--days {days} is not valid: give 0 to {MOST_DAYS}")
    return decide(ledger, "extend", rules.id, owner, who, why, days=days)


def _check_later(until: datetime, rules: Rules) -> None:
    """Raises UserError for a time that gives nothing: it would only end an earlier extension."""
    if until <= rules.due:
        times = (until.astimezone(rules.due.tzinfo), rules.due)
        given, due = (f"{time:%Y-%m-%d %H:%M}" for time in times)
        raise UserError(
            f"--until {given} is not after {due}, when {rules.id} is due: give a later time, or "
            "--days 0 to take an extension back"
        )


def excuse(
    ledger: Ledger, rules: Rules | None, owner: str, who: str, why: str, on: bool = True
) -> int:
    """An assignment, or without `rules` every one, does not count for the owner; or it does."""
    return decide(ledger, "excuse", rules.id if rules else "", owner, who, why, on=on)


def hold(
    ledger: Ledger, rules: Rules | None, owner: str, who: str, why: str, on: bool = True
) -> int:
    """A grade, or without `rules` every one, is shown to nobody; or it is again."""
    return decide(ledger, "hold", rules.id if rules else "", owner, who, why, on=on)


def release(ledger: Ledger, rules: Rules, who: str, why: str, on: bool = True) -> int:
    """The students may see their grades in an assignment; or they may not."""
    return decide(ledger, "release", rules.id, "", who, why, on=on)


def adjust(
    ledger: Ledger, rules: Rules, owner: str, who: str, why: str, points: float, part: str = ""
) -> int:
    """Adds points by hand, before lateness; `why` is the comment that the student reads.

    They stay whatever is graded again. points may be negative, or 0 for a comment alone.
    """
    titles = rules.assignment.part_titles
    if part and part not in titles:
        raise UserError(f"{part!r} is not a part of {rules.id}: choose from {', '.join(titles)}")
    if not abs(points) <= MOST_POINTS:
        most = f"{MOST_POINTS:g}"
        raise UserError(f"--points {points:g} is not valid: give a number from -{most} to {most}")
    return decide(ledger, "adjust", rules.id, owner, who, why, part=part, points=points)


def withdraw(ledger: Ledger, rules: Rules, owner: str, event: int, who: str, why: str) -> int:
    """Takes back an adjustment of an owner, by the id of its event. Raises UserError."""
    known = [
        each.id
        for each in ledger.events("adjust", rules.id)
        if each.owner == owner and "points" in each.data
    ]
    if event not in known:
        valid = ", ".join(map(str, known)) or "(none)"
        raise UserError(
            f"{event} is not an adjustment of {owner} in {rules.id}: choose from {valid}"
        )
    return decide(ledger, "adjust", rules.id, owner, who, why, withdraws=event)


def decide(
    ledger: Ledger, kind: Kind, assignment: str, owner: str, who: str, why: str, **data: object
) -> int:
    """Records a decision with its reason; the event's id. Raises UserError without a reason."""
    if not why.strip():
        raise UserError("--why is empty: say it in a few words, the ledger keeps it")
    return ledger.add_event(Event(kind, who, why.strip(), assignment, owner, data))
