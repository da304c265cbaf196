"""The names that run.py works on: from a file, from the registry's `names`, or embedded.

A file is read and checked whole before anything is computed, so that a broken line is reported
with its number at once, not in the middle of a training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import embedded

from course import data
from course.errors import UserError
from course.files import read_text

DATASETS = ("embedded", "names")
FILE = "names.txt"
END = "."  # ends a name in the vocabulary
FEWEST = 10  # names: with fewer, dev and test would be empty
SHOWN = 40  # characters quoted from a broken line


def find(path: str | None, dataset: str, data_dir: Path | None) -> list[str]:
    """The names, from `path` if it is given. Raises UserError if they are not valid names."""
    if path is None and dataset == "embedded":
        return embedded.build()
    path = Path(path) if path is not None else data.load(dataset, data_dir, [FILE])[FILE]
    names = read_text(path).rstrip("\n").split("\n")
    check(names, str(path))
    return names


def check(names: Sequence[str], source: str) -> None:
    """Raise UserError, with file and line, for a line that is not a name."""
    for number, name in enumerate(names, 1):
        if not name or END in name or name != name.strip():
            raise UserError(
                f"{source}, line {number}: {name[:SHOWN]!r} is not valid, each line is a name "
                f"without {END!r} or surrounding white space"
            )
    if len(names) < FEWEST:
        raise UserError(f"{source} has {len(names)} names: at least {FEWEST} are needed")


def sha256(names: Sequence[str]) -> str:
    """The digest of the names as a file, which identifies a data set."""
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()
