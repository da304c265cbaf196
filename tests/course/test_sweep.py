"""A sweep's jobs: each is in the table once it is done, whatever happens to the others."""

from __future__ import annotations

import operator
import signal
from functools import partial
from pathlib import Path

import pytest

from course.errors import UserError
from course.sweep import run
from course.table import Table


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path / "table.csv", {"cell": int})


def test_each_job_is_in_the_table_when_it_is_shown(table: Table) -> None:
    shown = []

    def show(rows) -> None:
        shown.extend(rows)
        assert shown == table.read()[1:]

    def work(job: int) -> list[dict]:
        return [{"cell": job}, {"cell": 2 * job}]

    rows = run(table, [{"cell": 0}], [1, 5], work, workers=1, threads=True, on_rows=show)
    assert rows == table.read() == [{"cell": cell} for cell in (0, 1, 2, 5, 10)]


def test_an_error_keeps_what_is_done(table: Table) -> None:
    def work(job: int) -> list[dict]:
        return [{"cell": 6 // job}]

    with pytest.raises(ZeroDivisionError):
        run(table, [], [3, 0], work, workers=1, threads=True)
    assert table.read() == [{"cell": 2}]


def test_processes_do_the_work(table: Table) -> None:
    """Each receives `work` once; a job is all that it is sent later."""
    rows = [{"cell": 7}]
    assert run(table, [], [1, 2], partial(operator.mul, rows), workers=1) == 3 * rows


def test_a_killed_process_is_a_users_error(table: Table) -> None:
    with pytest.raises(UserError, match=r"a process of the sweep was killed.* resumes"):
        run(table, [], [signal.SIGKILL], signal.raise_signal, workers=1)
