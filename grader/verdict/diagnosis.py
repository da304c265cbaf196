"""Names a student's mistake: one of those in the suite's mistakes/ that leaves the same prints.

`grader audit --learn` grades every mistake and keeps, for each function that is to blame, how the
tests about it ended and the prints of what they saw (trace.py). A student's function has a known
mistake if it leaves exactly these, and no other mistake does. Prints depend on the secret, the
suite and the solution; they lie in the cache, and without them nothing is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

import course.data
from course.files import write_aside
from grader.assignment import Assignment
from grader.trace import Prints, equal
from grader.verdict.blame import Blamer
from grader.verdict.outcomes import Ending
from grader.verdict.result import Outcome


@dataclass(frozen=True)
class Sign:
    """How one test ended on a function alone in the reference, and what it saw."""

    outcome: str
    message: str
    prints: Prints

    def equals(self, other: Sign) -> bool:
        """Whether both come from the same behaviour, up to rounding."""
        same = (self.outcome, self.message) == (other.outcome, other.message)
        return same and equal(self.prints, other.prints)


Signs = Mapping[str, Sign]  # {test: sign}, of the tests about a function that fail


@dataclass(frozen=True)
class Known:
    """A mistake of the suite, and the signs that it leaves: {function: signs}."""

    name: str
    sentence: str
    signs: Mapping[str, Signs]


@dataclass(frozen=True)
class Diagnoser:
    """The known mistakes of one suite under one secret."""

    known: tuple[Known, ...] = ()
    right: Mapping[str, Prints] = field(default_factory=dict)  # {test: what it sees of right code}

    @classmethod
    def load(cls, path: Path) -> Diagnoser:
        """Those that were learnt, none if nothing was, or if it is of another suite or secret."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError):
            return cls()

    def save(self, assignment: Assignment, secret: str) -> Path:
        """Writes them to the cache, whole or not at all; returns where."""
        path = path_of(assignment, secret)
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_aside(path) as file:
            file.write(msgspec.json.encode(self))
        return path

    def is_unique(self, known: Known) -> bool:
        """Whether no mistake with another sentence leaves the same signs in a function."""
        return any(
            known.sentence == self.sentence_of(unit, signs) for unit, signs in known.signs.items()
        )

    def sentence(self, unit: str, blamer: Blamer) -> str:
        """The sentence of the only mistake that leaves the unit's signs; empty if none does."""
        return self.sentence_of(unit, signs_of(unit, blamer))

    def sentence_of(self, unit: str, signs: Signs) -> str:
        """The same, of signs."""
        if not any(self._tells(test, sign) for test, sign in signs.items()):
            return ""
        found = {known.sentence for known in self.known if _equal(signs, known.signs.get(unit))}
        return found.pop() if len(found) == 1 else ""

    def _tells(self, test: str, sign: Sign) -> bool:
        """Whether a test saw a wrong value: many a mistake ends in the same exception."""
        right = self.right.get(test, ())
        return not equal(sign.prints, right[: len(sign.prints)])


def signs_of(unit: str, blamer: Blamer) -> dict[str, Sign]:
    """The signs that a unit leaves alone in the reference, in the tests about it."""
    own = [failure.test for failure in blamer.failures if unit in failure.about]
    trials = {test: blamer.alone(test, frozenset({unit})) for test in own}
    return {
        test: _sign(ending)
        for test, ending in trials.items()
        if ending is not None and ending.outcome is not Outcome.PASSED
    }


def _sign(ending: Ending) -> Sign:
    return Sign(ending.outcome.value, ending.message, ending.prints)


def _equal(signs: Signs, others: Signs | None) -> bool:
    if not signs or others is None or signs.keys() != others.keys():
        return False
    return all(sign.equals(others[test]) for test, sign in signs.items())


def path_of(assignment: Assignment, secret: str) -> Path:
    """Where what was learnt of this suite, solution and secret lies."""
    digest = hashlib.sha256(secret.encode())
    grader = Path(__file__).resolve().parents[1]
    for folder in (assignment.suite, assignment.solution, assignment.given_folder, grader):
        for path in sorted(folder.glob("*.py") if folder is grader else folder.rglob("*")):
            if path.suffix in (".py", ".toml"):
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    name = f"{assignment.id}-{digest.hexdigest()[:20]}.json"
    return course.data.cache_dir() / "mistakes" / name
