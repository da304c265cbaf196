"""When a submission was made, if its source does not say: `--at` for all, or a list `--times`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.classroom import roster
from grader.classroom.course_file import to_time
from grader.classroom.people import Owner
from grader.classroom.records import Student
from grader.classroom.sources import Item
from grader.errors import UserError

HOW = "give --at TIME (or due, now, modified), or --times with a csv of id,time"


@dataclass(frozen=True)
class Times:
    """The staff's word on the times of one collection."""

    due: datetime
    zone: ZoneInfo
    at: str = ""  # ISO time, or "due" (all in time), "now", "modified" (of the file); "": not said
    listed: Mapping[str, datetime] = field(default_factory=dict)  # {student or group: time}

    def check(self, students: Iterable[Student]) -> None:
        """Raises UserError if the list names somebody who is not in the roster."""
        known = {name for each in students for name in (*each.owners, each.group)}
        for name in self.listed:
            if name not in known:
                raise UserError(f"--times: {name!r} is neither a student nor a group in the roster")

    def of(self, item: Item, owner: Owner) -> datetime:
        """When an item was submitted. Raises UserError if nothing says it."""
        for name in (owner.name, owner.name.partition(":")[2], *owner.members):
            if name in self.listed:
                return self.listed[name]
        if item.submitted_at is not None:
            return item.submitted_at
        if item.is_late and self.at == "due":
            raise UserError(f"{item.label} is marked as late: give its time with --times")
        if not self.at:
            raise UserError(f"nothing says when {item.label} was submitted: {HOW}")
        return self._said(item.path)

    def _said(self, path: Path) -> datetime:
        if self.at == "due":
            return self.due
        if self.at == "now":
            return datetime.now(UTC)
        if self.at == "modified":
            return _modified(path)
        try:
            return to_time(self.at, self.zone, "--at")
        except ValueError as error:
            raise UserError(f"{error}, and not due, now or modified") from None


def read(path: Path, zone: ZoneInfo) -> dict[str, datetime]:
    """A list of times: a csv with the columns id and time. Raises UserError."""
    times = {}
    for number, row in roster.rows(path, ("id", "time"), ("id", "time")):
        try:
            times[row["id"]] = to_time(row["time"], zone, "time")
        except ValueError as error:
            raise UserError(f"{path}, line {number}: {error}") from None
    return times


def _modified(path: Path) -> datetime:
    """When the newest file of a submission was last changed."""
    if path.is_symlink():  # it is refused later, and leads anywhere
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    files = [each for each in path.rglob("*") if not each.is_symlink()] if path.is_dir() else [path]
    newest = max((each.stat().st_mtime for each in files if each.is_file()), default=None)
    if newest is None:
        raise UserError(f"{path} holds no file")
    return datetime.fromtimestamp(newest, UTC)
