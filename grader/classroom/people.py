"""Whose a submission is: from what a folder, an export or a list says to a student or a group."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from grader.classroom.records import TEAM, Student
from grader.errors import UserError


@dataclass(frozen=True)
class Claim:
    """What a source says about one submitter; "" for what it does not say."""

    id: str = ""
    email: str = ""
    name: str = ""  # in any order and spelling: "Ada Lovelace", "Lovelace, Ada", "lovelaceada"
    # The system's own number, by chance perhaps another student's id: it only tells apart those
    # whom the name fits.
    number: str = ""


@dataclass(frozen=True)
class Owner:
    """Whose a submission is."""

    name: str  # a student's id, or "group:" and the group's name
    members: tuple[str, ...]  # the ids of the students it counts for


class People:
    """The roster, to look up in. groups: each student hands in for the whole group."""

    def __init__(self, students: Iterable[Student], groups: bool = False) -> None:
        self._groups = groups
        self._teams: dict[str, list[Student]] = {}
        self._ids: dict[str, Student] = {}
        self._known: dict[str, list[Student]] = {}  # by email and by name
        for student in students:
            self._ids[student.id.casefold()] = student
            if student.group:
                self._teams.setdefault(student.group, []).append(student)
            for key in {student.email.casefold(), *_spellings(student.name)} - {""}:
                self._known.setdefault(key, []).append(student)

    def owner(self, claims: Iterable[Claim]) -> Owner | None:
        """Whose it is, None if a submitter is nobody's; raises UserError if it could be either."""
        owners = [self._one(claim) for claim in claims]
        found = [each for each in owners if each]
        if not found or len(found) < len(owners):
            return None
        members = tuple(sorted({each for owner in found for each in owner.members}))
        names = {owner.name for owner in found}
        return Owner(names.pop() if len(names) == 1 else TEAM + "+".join(members), members)

    def _one(self, claim: Claim) -> Owner | None:
        student = self._student(claim)
        if student is None:
            return self._team(claim.id.removeprefix(TEAM) or claim.name) if self._groups else None
        if self._groups and student.group:
            return self._team(student.group)
        return Owner(student.id, (student.id,))

    def _student(self, claim: Claim) -> Student | None:
        if claim.id.casefold() in self._ids:
            return self._ids[claim.id.casefold()]
        for key in (claim.email.casefold(), claim.id.casefold(), *_spellings(claim.name)):
            students = self._known.get(key, []) if key else []
            if len(students) > 1:
                students = [each for each in students if each.id == claim.number] or students
            if len(students) > 1:
                ids = " or ".join(repr(each.id) for each in students)
                raise UserError(f"{key!r} may be {ids}: name the submission by the student's id")
            if students:
                return students[0]
        return None

    def _team(self, name: str) -> Owner | None:
        for team, students in self._teams.items():
            if name and squeezed(team) == squeezed(name):
                return Owner(TEAM + team, tuple(sorted(each.id for each in students)))
        return None


def _spellings(name: str) -> list[str]:
    """A name's ways to be written without spaces: as it is, and with its last word first."""
    last, comma, first = name.partition(",")
    if comma:
        return [squeezed(last + first), squeezed(first + last)]
    words = name.split()
    turned = "".join(words[-1:] + words[:-1])
    return list(dict.fromkeys([squeezed(name), squeezed(turned)]))


def squeezed(name: str) -> str:
    """A name's letters and digits alone, in lower case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name)).casefold()


def unknown(name: str, students: Iterable[Student], what: str) -> str:
    """That nobody is called so, and whose ids or names are near. what: "not" or "neither ..."."""
    keys: dict[str, dict[str, None]] = {}
    for each in students:
        for key in (each.name, *each.name.split(), each.id):
            keys.setdefault(key.casefold(), {})[each.id] = None
        if each.group and what != "not":
            keys.setdefault(each.group.casefold(), {})[each.group] = None
    near = difflib.get_close_matches(name.casefold(), keys, n=3, cutoff=0.6)
    ids = dict.fromkeys(repr(each) for key in near for each in keys[key])
    advice = f": did you mean {' or '.join(ids)}?" if ids else ""
    return f"{name!r} is {what} in the roster{advice}"
