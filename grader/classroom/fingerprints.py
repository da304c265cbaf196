"""The file with the fingerprints of a class's unexplained mistakes (unexplained.py).

They are no part of a result, which students may read; they lie next to the ledger, one line a
grading, and can be had again by grading again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from course.errors import UserError

FILE = "fingerprints.jsonl"


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


def _line(text: bytes) -> Line | None:
    try:
        return msgspec.json.decode(text, type=Line)
    except msgspec.MsgspecError:
        return None
