"""The columns of the sweep's table, and which cells may share a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from course.errors import UserError
from course.table import Row, Table

SETTING = {"data": str, "seed": int, "steps": int, "batch_size": int, "eval_batches": int}
CELL = {"model": str, "pe_type": str, "block_size": int, "n_embd": int, "learning_rate": float}
LOSSES = {"train_loss": float, "val_loss": float}
KINDS = SETTING | CELL | LOSSES | {"seconds": float}
OPTIONAL = ("pe_type", "n_embd")  # some models have none


def of_cells(path: Path) -> Table:
    """The table of a sweep at `path`, whether or not it exists yet."""
    return Table(path, KINDS, OPTIONAL)


def check_setting(path: Path, rows: Sequence[Row], setting: Row) -> None:
    """Raise UserError if the table's cells were trained with a different setting."""
    for row in rows:
        for name in SETTING:
            if row[name] != setting[name]:
                raise UserError(
                    f"{path} holds cells with {name} {row[name]}, this sweep has {setting[name]}: "
                    "name another folder with --out"
                )
