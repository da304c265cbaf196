"""The table of a sweep or a study: one CSV, one row per cell, whole at every moment.

table = Table(folder / "table.csv", {"model": str, "n_embd": int, "loss": float}, ("n_embd",))
with only_one(folder):
    rows = table.read()
    table.write([*rows, {"model": "bigram", "n_embd": None, "loss": 2.45}])
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from course.errors import UserError
from course.files import is_file, make_folder, read_text, write_aside

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A CSV file: `columns` are {name: function from text to value}, in order.

    An empty field in one of the `optional` columns is None. of: what the rows are, for messages.
    """

    path: Path
    columns: Mapping[str, Callable[[str], Any]]
    optional: Sequence[str] = ()
    of: str = "cells"

    def read(self) -> list[Row]:
        """Its rows; none if the file does not exist. Raises UserError naming file and line."""
        if not is_file(self.path):
            return []
        lines = csv.DictReader(io.StringIO(read_text(self.path)), restval="")
        try:
            absent = [name for name in self.columns if name not in (lines.fieldnames or ())]
            if absent:
                raise UserError(
                    f"{self.path} is not a table of {self.of}: it has no column {absent[0]!r}"
                )
            return [self._row(line) for line in lines]
        except (csv.Error, TypeError, ValueError) as error:
            raise UserError(f"{self.path}, line {lines.line_num}: {error}") from error

    def _row(self, line: dict[str, str]) -> Row:
        empty = {name for name in self.optional if line.get(name) == ""}
        return {
            name: None if name in empty else make(line[name]) for name, make in self.columns.items()
        }

    def write(self, rows: Sequence[Row]) -> None:
        """Rewrite the table; a kill leaves the old one or the new one."""
        write_csv(
            self.path, tuple(self.columns), [[r[name] for name in self.columns] for r in rows]
        )


def write_csv(path: Path, columns: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    """Write a CSV with this header, whole or not at all; None is an empty field."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *lines])
    with write_aside(path) as file:
        file.write(text.getvalue().encode())


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Lock this folder's table against other writers. Raises UserError if it is locked already."""
    lock = filelock.FileLock(folder / "table.lock", timeout=0)
    try:
        make_folder(folder)
        lock.acquire()
    except filelock.Timeout:
        raise UserError(f"{folder}: another sweep is writing this table") from None
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
