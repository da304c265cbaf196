"""What the staff decided for each student: extensions, excuses, holds, manual points.

Every decision is an event of the ledger, about a student, a group, or everybody (owner ""):

    extend   {"until": ISO time} or {"days": number}    the last one of each owner counts
    excuse   {"on": whether it holds}                    the last one of each owner counts
    hold     {"on": whether it holds}                    the last one of each owner counts
    adjust   {"part": id or "", "points": number}        all add up; `why` is the comment
    adjust   {"withdraws": id of an earlier adjust}      takes that one back
    release  {"on": whether it holds}                    for an assignment, the last one counts
    board    {"on": whether it holds, "name": text}      the last one of each owner counts
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from grader.classroom.records import Event
from grader.classroom.words import agreeing, plural

# {kind of event: (taken back, in force)}
SWITCHED = {
    "excuse": ("counts again", "excused"),
    "hold": ("shown again", "held back"),
    "release": ("not shown", "shown"),
}


def told(event: Event, zone: ZoneInfo) -> str:
    """What an event decided, in words."""
    data = event.data
    if event.kind == "extend":
        return _extended(data, zone)
    if event.kind == "adjust":
        if "withdraws" in data:
            return f"adjustment {data['withdraws']} withdrawn"
        return points_told(data["points"], data["part"])
    if event.kind == "board":
        return f"on the board as {data['name']}" if data["on"] else "off the board"
    return SWITCHED[event.kind][data["on"]] if event.kind in SWITCHED else event.kind


def _extended(data: Mapping[str, Any], zone: ZoneInfo) -> str:
    if "until" in data:
        until = datetime.fromisoformat(data["until"]).astimezone(zone)
        return f"until {until:%Y-%m-%d %H:%M %Z}"
    return days_told(data["days"])


def days_told(days: int | None) -> str:
    """An extension by days, in words."""
    return f"{plural(days, 'day')} more" if days else "no extension any more"


def points_told(points: float, part: str) -> str:
    """Points by hand, in words; none are a comment."""
    number = f"{points:+g} {agreeing(points, 'point', 'points')}" if points else "a comment"
    return f"{number} in part {part}" if part else number


@dataclass(frozen=True)
class Manual:
    """Points given or taken by hand."""

    part: str  # "": no part of its own
    points: float
    comment: str
    event: int  # its id in the ledger


@dataclass(frozen=True)
class Decisions:
    """The decisions of one ledger, by kind, assignment and owner."""

    last: Mapping[tuple[str, str, str], Mapping[str, Any]]  # {(kind, assignment, owner): data}
    manuals: Mapping[tuple[str, str], list[Manual]]  # {(assignment, owner): adjustments}

    @classmethod
    def of(cls, events: Iterable[Event]) -> Decisions:
        """The decisions that hold after all these events, in the order of recording."""
        events = list(events)
        withdrawn = {each.data.get("withdraws") for each in events if each.kind == "adjust"}
        last: dict[tuple[str, str, str], Mapping[str, Any]] = {
            (each.kind, each.assignment, each.owner): each.data for each in events
        }
        manuals: dict[tuple[str, str], list[Manual]] = {}
        for each in events:
            if each.kind == "adjust" and "points" in each.data and each.id not in withdrawn:
                manual = Manual(each.data["part"], each.data["points"], each.why, each.id)
                manuals.setdefault((each.assignment, each.owner), []).append(manual)
        return cls(last, manuals)

    def without(self, kind: str) -> Decisions:
        """All but those of one kind, as staff look behind a "hold"."""
        return replace(self, last={key: each for key, each in self.last.items() if key[0] != kind})

    def extensions(self, assignment: str, owners: Iterable[str]) -> list[Mapping[str, Any]]:
        """The extension of each of the owners that has one, and everybody's."""
        keys = [("extend", assignment, owner) for owner in self._concerned(owners)]
        return [self.last[key] for key in keys if key in self.last]

    def holds(self, kind: str, assignment: str, owners: Iterable[str]) -> bool:
        """Whether an "excuse" or "hold" is in force for any of the owners, or for everybody."""
        keys = [
            (kind, name, owner) for owner in self._concerned(owners) for name in (assignment, "")
        ]
        return any(self.last[key]["on"] for key in keys if key in self.last)

    @cached_property
    def _owners(self) -> frozenset[str]:
        """Everybody about whom something was decided; most students are not among them."""
        return frozenset(owner for _, _, owner in self.last)

    def _concerned(self, owners: Iterable[str]) -> list[str]:
        return [owner for owner in ("", *owners) if owner in self._owners]

    def released(self, assignment: str) -> bool:
        """Whether the students may see their grades in it."""
        return bool(self.last.get(("release", assignment, ""), {}).get("on", False))

    def board(self, assignment: str) -> dict[str, str]:
        """{owner: the name on the leaderboard} of those who asked to be on it."""
        return {
            owner: str(data["name"])
            for (kind, name, owner), data in self.last.items()
            if (kind, name) == ("board", assignment) and data["on"]
        }

    def manual(self, assignment: str, owners: Iterable[str]) -> list[Manual]:
        """The points by hand of all the owners."""
        return [each for owner in owners for each in self.manuals.get((assignment, owner), [])]
