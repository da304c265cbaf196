"""The table of a sweep: whole at every moment, and one writer at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.errors import UserError
from course.table import Table, only_one

COLUMNS = {"model": str, "n_embd": int, "loss": float}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    table = Table(tmp_path / "table.csv", COLUMNS, optional=("n_embd",))
    assert table.read() == []
    rows = [
        {"model": "bow", "n_embd": 32, "loss": 2.1},
        {"model": "b", "n_embd": None, "loss": 2.4},
    ]
    table.write(rows)
    assert table.read() == rows


def test_another_file_is_not_a_table(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("name,age\nAda,36\n")
    with pytest.raises(UserError, match=r"table\.csv is not a table of a study: .*'model'"):
        Table(path, COLUMNS, of="a study").read()


def test_one_writer_at_a_time_and_then_the_next(tmp_path: Path) -> None:
    with only_one(tmp_path):
        second = only_one(tmp_path)
        with pytest.raises(UserError, match="another sweep is writing this table"):
            second.__enter__()
    with only_one(tmp_path):
        assert (tmp_path / "table.lock").exists()
