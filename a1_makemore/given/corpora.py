"""The names that run.py works on: from a file, from the registry's `names`, or embedded."""

from __future__ import annotations

from pathlib import Path

import embedded

from course import text
from course.errors import UserError
from course.text import Text

DATASETS = ("embedded", "names")
FILE = "names.txt"
END = "."  # ends a name in the vocabulary
FEWEST = 10  # names: with fewer, dev and test would be empty


def find(path: str | None, dataset: str, data_dir: Path | None) -> Text:
    """One name per line, from `path` if it is given. Raises UserError for a line that is none."""
    if path is not None:
        names = text.read(Path(path))
    else:
        names = text.find(dataset, FILE, data_dir, embedded.text)
    check(names)
    return names


def check(names: Text) -> None:
    """Raise UserError, with file and line, for a line that is not a name."""
    for number, name in enumerate(names.lines, 1):
        if not name or END in name or name != name.strip():
            raise names.not_valid(number, f"a name without {END!r} or surrounding white space")
    if len(names.lines) < FEWEST:
        raise UserError(f"{names.name} has {len(names.lines)} names: at least {FEWEST} are needed")
