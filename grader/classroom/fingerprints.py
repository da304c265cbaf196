"""What a wrong function's tests saw, as a few letters: equal ones come from the same mistake.

Staff find with them the mistakes that many students make and that nobody has described yet. They
are no part of a result, which students may read; they lie next to the ledger, one line a grading,
and can be had again by grading again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from course.errors import UserError
from grader.verdict.diagnosis import Sign, signs_of
from grader.verdict.grade import Graded
from grader.verdict.result import State

FILE = "fingerprints.jsonl"
DIGITS = 3  # significant: float32 sums differ by less from one right way to another


class Line(msgspec.Struct):
    """One line of the file."""

    key: str  # of the grading
    functions: dict[str, str]  # {function: fingerprint}


@dataclass(frozen=True)
class Fingerprints:
    """The file in a class folder."""

    folder: Path

    def add(self, key: str, functions: Mapping[str, str]) -> None:
        """Adds a line for a grading; none if it has no fingerprint."""
        if not functions:
            return
        path = self.folder / FILE
        try:
            with path.open("ab") as file:  # "\n" first: a killed write may have left half a line
                file.write(b"\n" + msgspec.json.encode(Line(key, dict(functions))) + b"\n")
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror or error}") from None

    def read(self) -> dict[str, dict[str, str]]:
        """{key of a grading: {function: fingerprint}}; half a line is left out."""
        path = self.folder / FILE
        if not path.is_file():
            return {}
        lines = (_line(each) for each in path.read_bytes().splitlines() if each)
        return {line.key: line.functions for line in lines if line is not None}


def of(graded: Graded) -> dict[str, str]:
    """The fingerprints of a grading's wrong functions that no known mistake explains."""
    wrong = [f for f in graded.result.functions if f.state is State.WRONG and not f.diagnosis]
    signs = {function.name: signs_of(function.name, graded.blamer) for function in wrong}
    return {name: fingerprint(own) for name, own in signs.items() if own}


def fingerprint(signs: Mapping[str, Sign]) -> str:
    """16 letters that stand for the signs of one function, {test: sign}."""
    digest = hashlib.sha256()
    for test, sign in sorted(signs.items()):
        prints = [(p.kind, *(f"{n:.{DIGITS - 1}e}" for n in p.numbers)) for p in sign.prints]
        digest.update(msgspec.json.encode((test, sign.outcome, sign.message, prints)))
    return digest.hexdigest()[:16]


def _line(text: bytes) -> Line | None:
    try:
        return msgspec.json.decode(text, type=Line)
    except msgspec.MsgspecError:
        return None
