"""Reads a class folder's `course.toml`: assignments, deadlines, late policy.

    course = read(Path("autumn"))       # a folder with course.toml, ledger.sqlite and store/
    course.find("a5").due               # an aware time

A time is ISO, such as "2026-10-09T23:59" in the course's time zone, or with an offset of its own.
Every key is checked, and an unknown one is an error: a misspelt key would silently mean nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta

from course.files import read_text
from grader import assignment as assignments
from grader import strict
from grader.assignment import Assignment
from grader.errors import UserError

FILE = "course.toml"
TIMES = ("due", "regrade_until")

Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True)
class Late:
    """What lateness costs in one assignment. A late day is a day by the course's clock."""

    days_free: Count | None = None  # at most, from the term's; None: any (0 if it has no total)
    grace_minutes: Count = 0  # every deadline, that of a late day too, is this much later
    points_per_day: Share = 0.0  # the share of the score that each late day costs, unless free
    last_day: Count | None = None  # the last late day on which work counts; None: no limit
    cap: Share = 1.0  # the most that work with a paid late day can earn, as a share of the points


@dataclass(frozen=True)
class Rules:
    """One assignment of the course: when it is due, and which work counts."""

    id: str  # the folder's full name once read; the file may have a short one
    due: datetime  # aware
    counts: Literal["latest", "best", "all"] = "latest"  # all: the mean
    late: Late = field(default_factory=Late)
    attempts_per_day: Positive | None = None  # of the course's days; later ones do not count
    visibility: Literal["sentence", "hint", "none"] | None = None  # None: as assignment.toml says
    groups: bool = False  # handed in by the roster's groups
    regrade_until: datetime | None = None  # when students may last ask for a regrade; aware

    @property
    def assignment(self) -> Assignment:
        """What the grader knows of it: parts, points, files, what students see of a mistake."""
        known = assignments.find(self.id)
        return replace(known, diagnosis=self.visibility) if self.visibility else known


@dataclass(frozen=True)
class LateDays:
    """Late days that cost nothing, each student's own for the whole term."""

    total: Count | None = None  # None: each assignment's days_free are its own


@dataclass(frozen=True)
class About:
    """The course itself."""

    id: str
    name: str = ""
    timezone: str = "UTC"  # an IANA name
    anonymous: bool = False  # staff see pseudonyms until the grades are released


@dataclass(frozen=True)
class Course:
    """A course.toml, checked, with aware times and full assignment names."""

    course: About
    assignments: Annotated[tuple[Rules, ...], Meta(min_length=1)]
    late_days: LateDays = field(default_factory=LateDays)
    folder: Path = Path()

    @property
    def id(self) -> str:
        """Its short name, such as "autumn-2026"."""
        return self.course.id

    @property
    def name(self) -> str:
        """Its name as people read it."""
        return self.course.name or self.course.id

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone."""
        return ZoneInfo(self.course.timezone)

    @property
    def ledger_path(self) -> Path:
        """Where the ledger is."""
        return self.folder / "ledger.sqlite"

    @property
    def store_path(self) -> Path:
        """Where submissions are kept."""
        return self.folder / "store"

    def find(self, name: str) -> Rules:
        """The rules of one assignment, by its name or a short one; raises UserError."""
        full = assignments.find(name).id
        for rules in self.assignments:
            if rules.id == full:
                return rules
        valid = ", ".join(rules.id for rules in self.assignments)
        raise UserError(f"{full!r} is not in {self.folder / FILE}: choose from {valid}")


def read(folder: Path) -> Course:
    """The course in a class folder; raises UserError, with the file and the key."""
    path = folder / FILE
    if not path.is_file():
        raise UserError(f"{path} does not exist: `grader class init {folder}` makes one")
    return parse(read_text(path), folder)


def parse(text: str, folder: Path) -> Course:
    """The course in the text of the course.toml of a folder; raises UserError."""
    try:
        return _checked(tomllib.loads(text), folder)
    except (ValueError, UserError) as error:
        raise UserError(f"{folder / FILE}: {error}") from None


def to_time(value: object, zone: ZoneInfo, what: str) -> datetime:
    """An aware time from ISO text, or from TOML's own time; without an offset it is in `zone`.

    Raises ValueError, which begins with `what`.
    """
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        if len(str(value)) <= len("2026-10-09"):
            raise ValueError
        time = time if time.tzinfo else time.replace(tzinfo=zone)
        time.astimezone(ZoneInfo("UTC"))  # the year 1 or 9999 may have no equal there
    except (ValueError, OverflowError):
        raise ValueError(f'{what} = {value!r} is not a time such as "2026-10-09T23:59"') from None
    return time


def _checked(table: dict[str, Any], folder: Path) -> Course:
    zone = _zone(table)
    for rules in _tables(table):
        for key in TIMES:
            if key in rules:
                what = f"{rules.get('id', 'an assignment')}: {key}"
                rules[key] = to_time(rules[key], zone, what)
        if isinstance(rules.get("id"), str):
            rules["id"] = assignments.find(rules["id"]).id
    course = strict.from_json(table, Course)
    ids = [rules.id for rules in course.assignments]
    for each in ids:
        if ids.count(each) > 1:
            raise ValueError(f"assignments: {each!r} is there twice")
    return replace(course, folder=folder)


def _zone(table: dict[str, Any]) -> ZoneInfo:
    about = table.get("course")
    name = about.get("timezone", "UTC") if isinstance(about, dict) else "UTC"
    return to_zone(name, "timezone =")


def to_zone(name: Any, what: str) -> ZoneInfo:
    """A zone by its name; ValueError for another one, which begins with `what`."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        valid = 'an IANA name such as "Europe/London"'
        raise ValueError(f"{what} {name!r} is not a time zone: give {valid}") from None


def _tables(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables of `assignments`; the schema reports whatever else is there."""
    values = table.get("assignments")
    if "folder" in table:
        raise ValueError("'folder' is not a key: choose from course, assignments, late_days")
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []
