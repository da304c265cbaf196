"""Grades on a cluster: Dask distributed carries one task a submission to workers.

    dask scheduler --scheduler-file scheduler.json
    dask worker --scheduler-file scheduler.json --nthreads 1        # one for each core, anywhere
    grader class grade -C autumn a5 --scheduler scheduler.json

A worker is started from the same checkout, with the same COURSE_SECRET (also by `sbatch`), and has
a warm sandbox of its own. One that is lost has its tasks done elsewhere; a task that loses worker
after worker is a grader's fault. Only this process writes the ledger. Whoever reaches the scheduler
can run code on its workers: keep it within a network that you trust, or use Dask's TLS.
"""

from __future__ import annotations

import json
import logging
import queue
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from course.files import read_text
from grader.classroom.records import Answer, Task
from grader.classroom.words import plural
from grader.classroom.work import fault, grade
from grader.errors import UserError, one_line

RETRIES = 2  # of a task whose worker raises, such as for want of memory
WATCH_SECONDS = 5.0  # between two looks at the workers while no answer comes
PATIENCE = 600.0  # seconds without an answer after which we say so; a5's suite may take 420
AHEAD = 4  # tasks sent for each worker: the next one is there when it is done
CONNECT_SECONDS = 10.0
NO_EXTRA = "--scheduler needs Dask: pip install -e '.[cluster]'"


@dataclass
class ClusterEngine:
    """A Dask cluster's workers; `close` it, or use it in a `with` block."""

    client: Any  # a distributed.Client
    where: str  # as the user typed it
    say: Callable[[str], None] = print  # a line to the user, such as that there are no workers
    work: Callable[[Task], Answer] = grade
    watch: float = WATCH_SECONDS
    patience: float = PATIENCE
    _tasks: dict[Any, Task] = field(default_factory=dict)  # {future: its task}

    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        """The answers, as they come; raises UserError if the scheduler is lost."""
        waiting, done = iter(tasks), queue.SimpleQueue[Any]()
        try:
            while True:
                self._send(waiting, done)
                if not self._tasks:
                    return
                future = self._next(done)
                yield self._answer(future, self._tasks.pop(future))
        finally:
            for future in self._tasks:
                future.cancel()
            self._tasks.clear()

    def close(self) -> None:
        """Leaves the cluster; its workers stay."""
        self.client.close()

    def __enter__(self) -> ClusterEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, waiting: Iterator[Task], done: queue.SimpleQueue[Any]) -> None:
        """Sends as many tasks as the workers can soon do: all at once may not fit its memory."""
        room = max(1, AHEAD * len(self._workers())) - len(self._tasks)
        for task in islice(waiting, max(0, room)):
            future = self.client.submit(
                *(self.work, task), key=f"grade-{task.key}", retries=RETRIES, pure=False
            )
            self._tasks[future] = task
            future.add_done_callback(done.put)

    def _next(self, done: queue.SimpleQueue[Any]) -> Any:
        """The next future that is done; says what is wrong while none is."""
        began, said = time.monotonic(), ""
        while True:
            try:
                return done.get(timeout=self.watch)
            except queue.Empty:
                line = self._trouble(time.monotonic() - began)
            if line and line != said:
                self.say(line)
            said = line

    def _trouble(self, seconds: float) -> str:
        """What keeps answers away, in one line; empty if nothing seems to."""
        workers = self._workers()
        if not workers:
            return f"no workers at {self.where}: start some with `dask worker`; waiting"
        if seconds > self.patience:
            minutes, few = plural(self.patience / 60, "minute"), len(workers) == 1
            logs = "its log" if few else "their logs"
            return f"no answer for {minutes} from {plural(len(workers), 'worker')}: see {logs}"
        return ""

    def _workers(self) -> dict[str, int]:
        """{worker's address: its threads}; raises UserError if the scheduler is gone."""
        try:
            threads: dict[str, int] = self.client.nthreads()
        except (OSError, TimeoutError, ValueError, RuntimeError):
            raise self._gone() from None
        return threads

    def _answer(self, future: Any, task: Task) -> Answer:
        """What a future brought; a task that kills its workers is the grader's fault."""
        if future.cancelled():  # its scheduler is gone, or somebody restarted the cluster
            raise self._gone()
        error = future.exception()
        if error is None:
            answer: Answer = future.result()
            return answer
        return fault(task, f"the workers that graded it failed: {one_line(error)}")

    def _gone(self) -> UserError:
        return UserError(
            f"the scheduler at {self.where} is lost: nothing graded is lost, and the same command "
            "goes on"
        )


def connect(scheduler: str, seconds: float = CONNECT_SECONDS, **options: Any) -> ClusterEngine:
    """The cluster at an address, such as "tcp://host:8786", or in a scheduler's file.

    options: those of ClusterEngine. Raises UserError if there is none.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UserError(NO_EXTRA) from None
    address = _address(scheduler)
    for name in ("distributed.client", "distributed.core", "distributed.comm", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the user gets one line, not theirs
    connected: Any = Client  # which has no annotations
    try:
        client = connected(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        reason = one_line(error) or type(error).__name__
        raise UserError(f"no scheduler answers at {address}: {reason}") from None
    return ClusterEngine(client, scheduler, **options)


def _address(scheduler: str) -> str:
    """The address that the user gave, or that of a scheduler's file. Raises UserError."""
    path = Path(scheduler)
    if path.is_file():
        try:
            return str(json.loads(read_text(path))["address"])
        except (ValueError, TypeError, LookupError):
            raise UserError(f"{path} is not a scheduler's file: it has no address") from None
    if "://" not in scheduler:
        what = f"--scheduler {scheduler!r} is neither a file nor an address"
        raise UserError(f'{what}: give a scheduler\'s file, or one such as "tcp://host:8786"')
    return scheduler
