"""The table of a sweep: one CSV, a row a cell, whole at every moment."""

from __future__ import annotations

import csv
import fcntl
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from course.errors import UserError
from course.files import is_file, make_folder, read_text, write_aside

KINDS = {
    "data": str, "seed": int, "steps": int, "batch_size": int, "eval_batches": int,
    "model": str, "pe_type": str, "block_size": int, "n_embd": int, "learning_rate": float,
    "train_loss": float, "val_loss": float, "seconds": float,
}  # fmt: skip
OPTIONAL = ("pe_type", "n_embd")  # of a model that has none
SETTING = tuple(KINDS)[:5]
Row = dict[str, Any]


def read(
    path: Path, columns: Sequence[str] = tuple(KINDS), optional: Sequence[str] = OPTIONAL
) -> list[Row]:
    """The rows of a table; an absent file has none, an empty field of `optional` is None.

    Raises UserError, with file and line, for what is no such table.
    """
    if not is_file(path):
        return []
    rows = []
    lines = csv.DictReader(io.StringIO(read_text(path)))
    try:
        absent = [name for name in columns if name not in (lines.fieldnames or ())]
        if absent:
            raise UserError(f"{path} is no table of cells: it has no column {absent[0]!r}")
        for line in lines:
            empty = [name for name in optional if line.get(name) == ""]
            rows.append({n: None if n in empty else KINDS[n](line[n]) for n in columns})
    except (csv.Error, TypeError, ValueError) as error:
        raise UserError(f"{path}, line {lines.line_num}: {error}") from error
    return rows


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write the table anew, aside and then renamed: a kill leaves the old one or the new one."""
    write_csv(path, tuple(KINDS), [[row[name] for name in KINDS] for row in rows])


def write_csv(path: Path, columns: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    """A CSV with this head, whole or not at all; None is an empty field."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *lines])
    with write_aside(path) as file:
        file.write(text.getvalue().encode())


def check_setting(path: Path, rows: Sequence[Row], setting: Row) -> None:
    """Raise UserError where the table's cells were trained on other data or for other steps."""
    for row in rows:
        for name in SETTING:
            if row[name] != setting[name]:
                raise UserError(
                    f"{path} holds cells with {name} {row[name]}, this sweep has {setting[name]}: "
                    "name another folder with --out"
                )


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Within it, no other sweep writes this folder's table. Raises UserError where one does."""
    try:
        make_folder(folder)
        lock = (folder / "table.lock").open("w")
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"{folder}: another sweep is writing this table") from error
        yield
