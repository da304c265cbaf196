"""A text that a command works on: from a user's file, from the registry, or embedded.

A text is read and checked whole before anything is computed, so that a broken line is reported with
its file and number at once, not in the middle of a training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course import data
from course.errors import UserError
from course.files import read_text

SHOWN = 40  # characters quoted from a broken line


@dataclass(frozen=True)
class Text:
    """A text and its name in error messages."""

    name: str
    content: str

    @property
    def sha256(self) -> str:
        """Identifies the text: a run resumes only with the same one."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def lines(self) -> list[str]:
        """Its lines, without empty ones at the end."""
        return self.content.rstrip("\n").split("\n")

    def place(self, number: int) -> str:
        """Where line `number` is, counted from 1, for a message."""
        return f"{self.name}, line {number}"

    def not_valid(self, number: int, valid: str) -> UserError:
        """The error in a line that is not valid. valid: what each line must be."""
        start = self.lines[number - 1].rstrip("\r")[:SHOWN]
        return UserError(f"{self.place(number)}: {start!r} is not valid, each line is {valid}")


def read(path: Path) -> Text:
    """The text of a file, named by its path. Raises UserError if it is missing or not UTF-8."""
    return Text(str(path), read_text(path))


def find(dataset: str, file: str, data_dir: Path | None, embedded: Callable[[], str]) -> Text:
    """The text of a set's file; `embedded` makes that of the set "embedded"."""
    if dataset == "embedded":
        return Text(f"embedded {file}", embedded())
    return read(data.load(dataset, data_dir, [file])[file])
