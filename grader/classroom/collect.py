"""From a source of submissions into the store and the ledger: each once, none lost.

Whose each is and when it was made is settled for all of them before the first is recorded. What
intake refuses is recorded as an attempt with its reason. The same command again records nothing
twice, and goes on where a stopped one was.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import filelock
from tqdm import tqdm

from grader.boundary.sandbox import Sandbox
from grader.classroom import downloads, repositories, sources
from grader.classroom.course_file import Course, Rules
from grader.classroom.ledger import Ledger
from grader.classroom.people import Claim, Owner, People
from grader.classroom.records import Attempt
from grader.classroom.sources import Item
from grader.classroom.store import Store
from grader.classroom.times import Times
from grader.classroom.words import agreeing
from grader.errors import Refused, UserError
from grader.intake.submission import take

SHOWN = 5  # names that a message lists
WHAT = "give a folder, a .zip or a .csv of git repositories"


@dataclass
class Summary:
    """What came of a collection."""

    new: int = 0
    known: int = 0  # in the ledger before
    refused: list[str] = field(default_factory=list)  # recorded, a line each
    failed: list[str] = field(default_factory=list)  # not recorded, since git did not give them
    strangers: list[str] = field(default_factory=list)  # skipped: not in the roster


@dataclass(frozen=True)
class Collection:
    """One run of `collect`."""

    course: Course
    rules: Rules
    ledger: Ledger
    sandbox: Sandbox | None
    times: Times
    who: str
    skip_strangers: bool = False

    def run(self, path: Path, kind: str) -> Summary:
        """Collects all that `path` holds. kind: one of downloads.KINDS. Raises UserError."""
        summary = Summary()
        self.times.check(self.ledger.students())
        with _scratch(self.course.folder) as scratch:
            settled = self._settled(path, self._items(path, kind, scratch), summary)
            bar = tqdm(settled, "collect", unit="submission", leave=False, disable=None)
            for item, owner, time in bar:
                self._fetch_and_record(item, owner, time, path, summary)
        return summary

    def _items(self, path: Path, kind: str, scratch: Path) -> list[Item]:
        if path.is_dir():
            return downloads.items(path, kind, scratch / "loose", self._is_somebodys)
        if not path.is_file():
            raise UserError(f"{path} does not exist: {WHAT}")
        if self.times.at == "modified":
            raise UserError(f"--at modified is for a folder of submissions, and {path} is none")
        if path.suffix.lower() == ".csv":
            return repositories.items(path, self.course.zone, scratch)
        if path.suffix.lower() == ".zip":
            inside = sources.unpacked(path, scratch / "unpacked")
            return downloads.items(inside, kind, scratch / "loose", self._is_somebodys)
        raise UserError(f"{path} does not hold a class's submissions: {WHAT}")

    def _is_somebodys(self, claim: Claim) -> bool:
        return self._people.owner([claim]) is not None

    @cached_property
    def _people(self) -> People:
        return People(self.ledger.students(), self.rules.groups)

    def _settled(
        self, path: Path, items: list[Item], summary: Summary
    ) -> list[tuple[Item, Owner, datetime]]:
        """Each with its owner and time; raises UserError for one without."""
        people, settled, strangers = self._people, [], []
        for item in items:
            owner = people.owner(item.claims)
            if owner is None:
                strangers.append(item)
            else:
                settled.append((item, owner, self.times.of(item, owner)))
        summary.strangers = [item.label for item in strangers]
        if strangers and not self.skip_strangers:
            raise UserError(f"{path}: {_nobodys(strangers)}")
        return settled

    def _fetch_and_record(
        self, item: Item, owner: Owner, time: datetime, source: Path, summary: Summary
    ) -> None:
        if item.fetch is None:
            self._record(item, owner, time, source, summary)
            return
        try:
            path = item.fetch()
        except UserError as error:
            summary.failed.append(str(error))
            return
        self._record(replace(item, path=path), owner, time, source, summary)
        path.unlink()

    def _record(
        self, item: Item, owner: Owner, time: datetime, source: Path, summary: Summary
    ) -> None:
        sha256, refusal = "", ""
        notes: tuple[str, ...] = ()
        try:
            tree = take(item.path, self.rules.assignment, self.sandbox)
            sha256, notes = Store(self.course.store_path).put(tree), tree.notes
        except Refused as error:
            refusal = str(error).removeprefix(f"{item.path}: ")
            summary.refused.append(f"{owner.name}: {item.label}: {refusal}")
        attempt = Attempt(
            assignment=self.rules.id,
            owner=owner.name,
            sha256=sha256,
            submitted_at=time,
            source=f"{source.name}: {item.label}",
            members=owner.members,
            notes=notes,
            refusal=refusal,
        )
        if self.ledger.add_attempt(attempt, self.who):
            summary.new += 1
        else:
            summary.known += 1


def _nobodys(items: list[Item]) -> str:
    """Why items have no owner, and what to do."""
    names = ", ".join(repr(item.label) for item in items[:SHOWN])
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    are = agreeing(len(items), "is", "are")
    if all(sources.is_packed(item.path) for item in items):
        advice = "; if it is a zip of zips, unpack it and collect each"
    else:
        advice = ""
    return (
        f"{names}{more} {are} not in the roster; name each by a student's id, add the student to "
        f"the roster, or give --skip-strangers{advice}"
    )


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A new folder for what is unpacked, on the disk of the class; one process at a time has it.

    That of a process that was killed is removed by the next one.
    """
    scratch = folder / ".collecting"
    lock = filelock.FileLock(folder / ".collecting.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise UserError(f"another process collects into {folder}: wait until it is done") from None
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from None
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        _make(scratch)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        lock.release()


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from None
