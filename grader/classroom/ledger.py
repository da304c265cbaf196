"""The ledger of a class: one SQLite file, append-only, from which every grade is computed.

    with Ledger.open(course.ledger_path) as ledger:
        ledger.add_grading(grading, result.to_json())
        ledger.current("a5_mingpt_perceiver")      # {sha256: the grading that counts}

Several writes inside `with ledger.writing():` are one, whole or not at all.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from grader.classroom.database import Database, decoded
from grader.classroom.migrations import WITH_STATES
from grader.classroom.records import Attempt, Event, Grading, Student, to_text, to_utc
from grader.errors import UserError

_notes = msgspec.json.Decoder(tuple[str, ...])
_parts = msgspec.json.Decoder(dict[str, tuple[float, float]])


class Ledger(Database):
    """An open ledger; use it in a `with` block, or call `close`."""

    # The roster

    def set_roster(self, students: Iterable[Student], source: str, who: str) -> None:
        """Makes this the roster; the earlier ones stay in the ledger."""
        with self.writing():
            roster = self.insert("rosters", source=source, who=who, at=_now())
            self.each(
                "INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)",
                [(roster, s.id, s.name, s.email, s.section, s.group) for s in students],
            )

    def students(self) -> list[Student]:
        """The latest roster, by id."""
        rows = self.rows(
            "SELECT id, name, email, section, team FROM students "
            "WHERE roster = (SELECT max(id) FROM rosters) ORDER BY id"
        )
        return [Student(*row) for row in rows]

    # Attempts

    def add_attempt(self, attempt: Attempt, who: str) -> bool:
        """Records a submission; False if it is there already (a new member is added to it)."""
        with self.writing():
            before = self.one(
                "SELECT id FROM attempts WHERE (assignment, owner, submitted_at, sha256, refusal) "
                "= (?, ?, ?, ?, ?)",
                *(attempt.assignment, attempt.owner, to_text(attempt.submitted_at)),
                *(attempt.sha256, attempt.refusal),
            )
            number = before or self.insert(
                "attempts",
                assignment=attempt.assignment,
                owner=attempt.owner,
                sha256=attempt.sha256,
                submitted_at=to_text(attempt.submitted_at),
                source=attempt.source,
                notes=json.dumps(attempt.notes),
                refusal=attempt.refusal,
                who=who,
                at=_now(),
            )
            self.each(
                "INSERT OR IGNORE INTO members VALUES (?, ?)",
                [(number, student) for student in attempt.members],
            )
        return before is None

    def attempts(self, assignment: str | None = None) -> list[Attempt]:
        """The attempts of one assignment, or all, by time of submission."""
        where, values = _where(assignment=assignment)
        members: dict[int, list[str]] = {}
        for number, student in self.rows(
            f"SELECT attempt, student FROM members JOIN attempts ON id = attempt {where}", *values
        ):
            members.setdefault(number, []).append(student)
        rows = self.rows(
            "SELECT id, assignment, owner, sha256, submitted_at, source, notes, refusal "
            f"FROM attempts {where} ORDER BY submitted_at, id",
            *values,
        )
        with decoded(self.path):
            return [_attempt(members, *row) for row in rows]

    def handed_in(self, assignment: str) -> list[str]:
        """The sha256 of every attempt that was not refused, by time."""
        rows = self.rows(
            "SELECT sha256 FROM attempts WHERE assignment = ? AND refusal = '' "
            "ORDER BY submitted_at, id",
            assignment,
        )
        return [sha256 for (sha256,) in rows]

    def count(self) -> int:
        """How many attempts there are."""
        return int(self.one("SELECT count(*) FROM attempts"))

    # Gradings

    def add_grading(self, grading: Grading, result: Mapping[str, Any], accept: bool = True) -> bool:
        """Records a grading and its result (docs/result.md); False if its key has one already.

        A fault does not count as one, so that it can be graded again. accept: it counts from now.
        """
        with self.writing():
            there = "SELECT id FROM gradings WHERE key = ? AND is_fault = 0"
            if self.one(there, grading.key) is not None:
                return False
            number = self.insert(
                "gradings",
                key=grading.key,
                assignment=grading.assignment,
                sha256=grading.sha256,
                earned=grading.earned,
                possible=grading.possible,
                parts=json.dumps(grading.parts),
                is_fault=int(grading.is_fault),
                who=grading.who,
                at=_now(),
                why=grading.why,
                accepted=self._next_accepted() if accept else 0,
            )
            text = json.dumps(result, separators=(",", ":")).encode()
            self.insert("results", grading=number, json=zlib.compress(text))
        return True

    def gradings(self, assignment: str | None = None) -> list[Grading]:
        """Every grading of one assignment, or all, in the order of recording."""
        where, values = _where(assignment=assignment)
        rows = self.rows(
            "SELECT key, assignment, sha256, earned, possible, parts, is_fault, who, why, at, "
            f"accepted, id FROM gradings {where} ORDER BY id",
            *values,
        )
        with decoded(self.path):
            return [_grading(*row) for row in rows]

    def current(self, assignment: str) -> dict[str, Grading]:
        """{sha256: the grading that counts}: the last accepted, a fault only if nothing else is."""
        accepted = [each for each in self.gradings(assignment) if each.accepted]
        accepted.sort(key=lambda each: (not each.is_fault, each.accepted))
        return {each.sha256: each for each in accepted}

    def graded_keys(self, assignment: str) -> set[str]:
        """The keys that need no grading: those of every grading but faults, accepted or not."""
        rows = self.rows(
            "SELECT key FROM gradings WHERE assignment = ? AND is_fault = 0", assignment
        )
        return {key for (key,) in rows}

    def result(self, grading: int) -> dict[str, Any]:
        """The full result of a grading, by its id; `Result.from_json` reads it."""
        data = self.one("SELECT json FROM results WHERE grading = ?", grading)
        if data is None:
            raise UserError(f"{self.path} has no grading {grading}")
        with decoded(self.path):
            value: dict[str, Any] = json.loads(zlib.decompress(data))
        return value

    def add_state(self, stamp: str, state: Mapping[str, str]) -> None:
        """Records what gradings are of (keys.py), once."""
        with self.writing():
            statement = "INSERT OR IGNORE INTO states VALUES (?, ?, ?)"
            self.do(statement, stamp, json.dumps(state), _now())

    def states(self) -> dict[str, dict[str, str]]:
        """{stamp: state} of all gradings since ledgers keep them; none in an older ledger."""
        if self.one("PRAGMA user_version") < WITH_STATES:
            return {}
        rows = self.rows("SELECT stamp, state FROM states ORDER BY at DESC, stamp")
        with decoded(self.path):
            return {stamp: msgspec.json.decode(text, type=dict[str, str]) for stamp, text in rows}

    def accept(self, gradings: Iterable[int], who: str, why: str, assignment: str = "") -> int:
        """Makes these gradings count, by id; returns the event's id, for `undo`."""
        with self.writing():
            new = {number: self._next_accepted() + n for n, number in enumerate(gradings)}
            old = {number: self._accepted(number) for number in new}
            self._set_accepted(new)
            return self.add_event(Event("accept", who, why, assignment, data={"before": old}))

    def undo(self, event: int, who: str, why: str) -> int:
        """Takes back an `accept` or an `undo`; returns the new event's id. Raises UserError."""
        with self.writing():
            kinds = "kind IN ('accept', 'undo')"
            row = f"FROM events WHERE id = ? AND {kinds}"
            data = self.one(f"SELECT data {row}", event)
            if data is None:
                raise UserError(f"event {event} is not a regrade that was accepted, or an undo")
            before = {int(number): value for number, value in json.loads(data)["before"].items()}
            old = {number: self._accepted(number) for number in before}
            self._set_accepted(before)
            assignment = str(self.one(f"SELECT assignment {row}", event))
            data = {"before": old, "of": event}
            return self.add_event(Event("undo", who, why, assignment, data=data))

    # Events

    def add_event(self, event: Event) -> int:
        """Records a decision of the staff, with the time of now; returns its id."""
        with self.writing():
            return self.insert(
                "events",
                kind=event.kind,
                assignment=event.assignment,
                owner=event.owner,
                data=json.dumps(event.data),
                who=event.who,
                at=_now(),
                why=event.why,
            )

    def events(self, kind: str | None = None, assignment: str | None = None) -> list[Event]:
        """The events of a kind, of an assignment, or all, in the order of recording."""
        where, values = _where(kind=kind, assignment=assignment)
        rows = self.rows(
            "SELECT kind, who, why, assignment, owner, data, at, id "
            f"FROM events {where} ORDER BY id",
            *values,
        )
        with decoded(self.path):
            return [_event(*row) for row in rows]

    @property
    def salt(self) -> str:
        """Drawn once for each ledger, from which pseudonyms are made."""
        return str(self.one("SELECT value FROM facts WHERE name = 'salt'"))

    def _accepted(self, grading: int) -> int:
        value = self.one("SELECT accepted FROM gradings WHERE id = ?", grading)
        if value is None:
            raise UserError(f"{self.path} has no grading {grading}")
        return int(value)

    def _next_accepted(self) -> int:
        return int(self.one("SELECT coalesce(max(accepted), 0) + 1 FROM gradings"))

    def _set_accepted(self, values: Mapping[int, int]) -> None:
        self.each(
            "UPDATE gradings SET accepted = ? WHERE id = ?",
            [(value, number) for number, value in values.items()],
        )


def _where(**wanted: str | None) -> tuple[str, list[str]]:
    """An SQL condition for the values that are not None."""
    chosen = {name: value for name, value in wanted.items() if value is not None}
    text = " AND ".join(f"{name} = ?" for name in chosen)
    return f"WHERE {text}" if text else "", list(chosen.values())


def _attempt(members: Mapping[int, list[str]], *row: Any) -> Attempt:
    number, assignment, owner, sha256, submitted_at, source, notes, refusal = row
    return Attempt(
        *(assignment, owner, sha256, to_utc(submitted_at), source),
        *(tuple(members.get(number, ())), _notes.decode(notes), refusal, number),
    )


def _grading(*row: Any) -> Grading:
    *first, parts, is_fault, who, why, at, accepted, number = row
    key, assignment, sha256, earned, possible = first
    return Grading(
        *(key, assignment, sha256, earned, possible, _parts.decode(parts), bool(is_fault)),
        *(who, why, to_utc(at), accepted, number),
    )


def _event(*row: Any) -> Event:
    kind, who, why, assignment, owner, data, at, number = row
    return Event(kind, who, why, assignment, owner, json.loads(data), to_utc(at), number)


def _now() -> str:
    return to_text(datetime.now(UTC))
