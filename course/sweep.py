"""Run the jobs of a sweep or a study side by side, and write the table after each.

    with only_one(folder):
        rows = table.read()
        rows = run(table, rows, jobs_for(rows), work)

A job is anything that `work` turns into rows of the table. Processes are for work in Python and
torch, threads for work that waits for other programs.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from course.devices import available_cores, set_threads
from course.errors import UserError
from course.processes import end_with_parent
from course.table import Row, Table

Work = Callable[[Any], Sequence[Row]]
_of_process: dict[str, Work] = {}  # what this worker process does with a job


def run(
    table: Table,
    rows: Sequence[Row],
    jobs: Sequence[Any],
    work: Work,
    workers: int | None = None,
    threads: bool = False,
    on_rows: Callable[[Sequence[Row]], None] = lambda rows: None,
) -> list[Row]:
    """Do the jobs in their order, and return all rows of the table.

    rows: those in the table now. workers: how many jobs at once, by default one per core; each is
    a thread if `threads`, else a process with one thread of torch's. on_rows: called with a job's
    rows once they are in the table. Raises a job's error, and drops the jobs that have not begun.
    Raises UserError if a process is killed.
    """
    rows = list(rows)
    workers = min(workers or available_cores(), max(len(jobs), 1))
    with _pool(workers, work, threads) as pool:
        futures = [pool.submit(work if threads else _work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                rows += future.result()
                table.write(rows)
                on_rows(future.result())
        except BrokenProcessPool as error:
            raise UserError(
                "a process of the sweep was killed, perhaps for lack of memory; "
                "the same command resumes from the table"
            ) from error
        except BaseException:  # a job's error, or Ctrl-C: do not wait for the other processes
            for process in multiprocessing.active_children():
                process.terminate()
            pool.shutdown(cancel_futures=True)
            raise
    return rows


def _pool(workers: int, work: Work, threads: bool) -> Executor:
    if threads:
        return ThreadPoolExecutor(workers)
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, _start, (work,))


def _start(work: Work) -> None:
    """Set up a worker process; it receives `work`, and the data in it, only once."""
    end_with_parent()
    set_threads(1)
    _of_process["work"] = work


def _work(job: Any) -> Sequence[Row]:
    return _of_process["work"](job)
