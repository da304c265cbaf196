"""The verbs of `grader class` with which staff decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from grader.classroom import options
from grader.classroom.decisions import SWITCHED, days_told, points_told
from grader.errors import UserError, printable

DONE = 0


@click.command()
@options.assignment
@options.owner
@click.option(
    "--points",
    type=options.NUMBER,
    default=0.0,
    metavar="N",
    help="Added; may be negative; default: 0, a comment.",
)
@click.option("--part", default="", metavar="ID", help="The part they belong to.")
@click.option(
    "--withdraw", type=int, metavar="EVENT", help="Take back the adjustment of this number."
)
@options.why
@options.folder
@options.who
def adjust(
    assignment: str,
    owner: str,
    points: float,
    part: str,
    withdraw: int | None,
    why: str,
    folder: Path,
    who: str,
) -> int:
    """Give points by hand, or a comment: students read --why; both outlast every regrade."""
    from grader.classroom import adjust as decisions

    if withdraw is not None and (points or part):
        raise UserError("--withdraw takes back an earlier adjustment: give no --points or --part")
    with options.opened(folder) as (course, ledger):
        rules, name = course.find(assignment), decisions.owner_named(ledger, owner)
        if withdraw is None:
            event = decisions.adjust(ledger, rules, name, who, why, points, part)
            told = points_told(points, part)
        else:
            event = decisions.withdraw(ledger, rules, name, withdraw, who, why)
            told = f"adjustment {withdraw} withdrawn"
    return _tell(event, rules.id, name, told)


@click.command()
@options.assignment
@options.owner
@click.option("--until", metavar="TIME", help="Such as 2026-10-11T23:59; or --days.")
@click.option("--days", type=int, metavar="N", help="Days beyond the due time; 0 takes it back.")
@options.why
@options.folder
@options.who
def extend(
    assignment: str,
    owner: str,
    until: str | None,
    days: int | None,
    why: str,
    folder: Path,
    who: str,
) -> int:
    """Give a student or a group more time; it replaces an earlier extension."""
    from grader.classroom import adjust as decisions
    from grader.classroom.course_file import to_time

    with options.opened(folder) as (course, ledger):
        rules, name = course.find(assignment), decisions.owner_named(ledger, owner)
        try:
            time = to_time(until, course.zone, "--until") if until is not None else None
        except ValueError as error:
            raise UserError(str(error)) from None
        event = decisions.extend(ledger, rules, name, who, why, time, days)
    return _tell(event, rules.id, name, f"until {until}" if until else days_told(days))


@click.command()
@options.owner
@options.assignment_or_all
@options.off
@options.why
@options.folder
@options.who
def excuse(off: bool, **given: Any) -> int:
    """Excuse a student or a group: the assignment does not count, and is EX in exports."""
    return _switch("excuse", off, **given)


@click.command()
@options.owner
@options.assignment_or_all
@options.off
@options.why
@options.folder
@options.who
def hold(off: bool, **given: Any) -> int:
    """Hold a student's grades back: no page and no export shows them."""
    return _switch("hold", off, **given)


@click.command()
@options.assignment
@options.off
@options.why_if_any
@options.folder
@options.who
def release(assignment: str, off: bool, why: str, folder: Path, who: str) -> int:
    """Let students see their grades in an assignment; before, no page of theirs shows them."""
    from grader.classroom import adjust as decisions

    with options.opened(folder) as (course, ledger):
        rules = course.find(assignment)
        event = decisions.release(ledger, rules, who, why, on=not off)
    return _tell(event, rules.id, "everybody", SWITCHED["release"][not off])


@click.command()
@options.assignment
@options.owner
@click.option("--name", default="", metavar="TEXT", help="What the board calls them.")
@options.off
@options.why_if_any
@options.folder
@options.who
def enter(
    assignment: str, owner: str, name: str, off: bool, why: str, folder: Path, who: str
) -> int:
    """Put a student or a group that asks for it on an assignment's leaderboard."""
    from grader.classroom import leaderboard

    with options.opened(folder) as (course, ledger):
        rules = course.find(assignment)
        event = leaderboard.enter(ledger, rules, owner, name, who, why, on=not off)
    return _tell(event, rules.id, owner, "off the board" if off else f"on the board as {name}")


def _switch(
    verb: str,
    off: bool,
    owner: str,
    assignment: str | None,
    why: str,
    folder: Path,
    who: str,
) -> int:
    """Excuses or holds, or takes it back."""
    from grader.classroom import adjust as decisions

    with options.opened(folder) as (course, ledger):
        rules = course.find(assignment) if assignment else None
        name = decisions.owner_named(ledger, owner)
        event = getattr(decisions, verb)(ledger, rules, name, who, why, on=not off)
    return _tell(event, rules.id if rules else "all", name, SWITCHED[verb][not off])


def _tell(event: int, assignment: str, owner: str, what: str) -> int:
    print(printable(f"{event}: {assignment}: {owner}: {what}"))
    return DONE


VERBS = (adjust, extend, excuse, hold, release, enter)
