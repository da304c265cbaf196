"""Makes a class's folder: course.toml, an empty ledger and an empty store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from course.files import make_folder, write_all
from grader import assignment as assignments
from grader.classroom import course_file
from grader.classroom import roster as rosters
from grader.classroom.ledger import Ledger
from grader.classroom.words import plural
from grader.errors import UserError

ASSIGNMENT = """
[[assignments]]
id = {id}
due = {due}
counts = "latest"            # or "best", or "all": the mean
# groups = true              # handed in by the roster's groups
# attempts_per_day = 5
# visibility = "hint"        # what students see of a mistake: "sentence", "hint" or "none"
# regrade_until = "2026-12-18T18:00"

[assignments.late]
grace_minutes = 0            # every deadline is this much later
points_per_day = 0.0         # the share of the score that a late day costs, such as 0.1
# days_free = 2              # late days that cost nothing, at most
# last_day = 5               # later work does not count
# cap = 0.8                  # the most that late work earns, as a share of the points
"""
HEAD = """[course]
id = {id}
name = {name}
timezone = {timezone}

[late_days]
# total = 5                  # free late days of each student over the term
"""


def init(
    folder: Path,
    due: Sequence[tuple[str, str]],
    timezone: str | None,
    name: str,
    roster: Path | None,
    who: str,
) -> list[str]:
    """Makes what is not there yet; returns what was done, a line each. Raises UserError.

    due: the assignments, each with its ISO time.
    """
    if roster:
        rosters.read(roster)  # before anything is written
    lines = _course(folder, due, timezone, name)
    course = course_file.read(folder)
    try:
        make_folder(course.store_path)
    except OSError as error:
        raise UserError(f"cannot write {course.store_path}: {error.strerror or error}") from None
    with Ledger.open(course.ledger_path, create=True) as ledger:
        if roster:
            lines.append(set_roster(ledger, roster, who))
    return lines


def set_roster(ledger: Ledger, path: Path, who: str) -> str:
    """Takes a csv as the roster; returns what changed, in a line. Raises UserError."""
    before = {student.id for student in ledger.students()}
    students = rosters.read(path)
    ledger.set_roster(students, path.name, who)
    now = {student.id for student in students}
    changes = f"{len(now - before)} new, {len(before - now)} no longer there"
    return f"{plural(len(students), 'student')} in the roster: {changes}"


def _course(
    folder: Path, due: Sequence[tuple[str, str]], timezone: str | None, name: str
) -> list[str]:
    path = folder / course_file.FILE
    if path.exists():
        if due or timezone or name:
            raise UserError(
                f"{path} exists: edit it, or give none of --assignment, --timezone, --name"
            )
        return [f"{path} stays as it is"]
    if not due or not timezone:
        raise UserError(
            f"{path} does not exist: to make it, give --timezone ZONE, and --assignment NAME TIME "
            "for each assignment"
        )
    _check(due, timezone)
    text = HEAD.format(
        id=_quoted(folder.resolve().name), name=_quoted(name), timezone=_quoted(timezone)
    )
    text += "".join(ASSIGNMENT.format(id=_quoted(each), due=_quoted(time)) for each, time in due)
    course_file.parse(text, folder)
    write_all(folder, {course_file.FILE: text.encode()})
    return [f"{path} written: read it through, and edit the late policy"]


def _check(due: Sequence[tuple[str, str]], timezone: str) -> None:
    """Raises UserError, with the flag: no file is there yet that a message could name."""
    try:
        zone = course_file.to_zone(timezone, "--timezone")
        for name, time in due:
            assignments.find(name)
            course_file.to_time(time, zone, f"--assignment {name}")
    except ValueError as error:
        raise UserError(str(error)) from None


def _quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
