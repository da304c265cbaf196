"""Grades on this machine: a few processes that stay, each with a warm sandbox.

    engine = LocalEngine(jobs=2)
    for answer in engine.run(tasks): ...

Each process has one task at a time, so it is known what a process that dies was doing. The task is
tried again in a new one, and then is a grader's fault: never points, never a zero. This process
holds the ledger; the others end with it, however it ends.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from course.processes import end_with_parent
from grader import assignment as assignments
from grader.boundary.sandbox import choose_isolation
from grader.classroom.records import Answer, Task
from grader.classroom.work import fault

TRIES = 2
SLACK = 300.0  # seconds beyond an assignment's total time: the last test, the start of a sandbox
END_SECONDS = 5.0  # for a process to end by itself
Work = Callable[[Task], Answer]

_spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork


@dataclass
class Slot:
    """One process, and the task that it has."""

    process: SpawnProcess
    wire: Connection
    task: Task | None = None
    deadline: float = 0.0  # of time.monotonic, for the task


@dataclass
class LocalEngine:
    """A pool of processes on this machine."""

    jobs: int | None = None  # at once; None: one for each core
    work: Work | None = None  # a function of a module; None: that of work.py
    tries: int = TRIES
    seconds: float | None = None  # for one task; None: from the assignment's limits
    _slots: list[Slot] = field(default_factory=list)
    _died: dict[str, int] = field(default_factory=dict)  # {key: processes that it has cost}

    def run(self, tasks: Iterable[Task]) -> Generator[Answer]:
        """The answers, as they come."""
        if self.work is None:
            choose_isolation("auto", trusted=False)  # here, once, rather than in every process
        waiting = iter(tasks)
        try:
            for task in itertools.islice(waiting, self.jobs or len(os.sched_getaffinity(0))):
                self._slots.append(self._start())
                self._give(self._slots[-1], task)
            while busy := [slot for slot in self._slots if slot.task is not None]:
                for slot in self._ready(busy):
                    answer = self._receive(slot)
                    if answer is None:
                        continue
                    slot.task = None
                    for task in itertools.islice(waiting, 1):
                        self._give(slot, task)
                    yield answer
        finally:
            self.close()

    def close(self) -> None:
        """Ends every process."""
        for slot in self._slots:
            slot.wire.close()
            if slot.task is not None:
                slot.process.terminate()
        while self._slots:
            _end(self._slots.pop().process)

    def _start(self) -> Slot:
        ours, theirs = _spawn.Pipe()
        process = _spawn.Process(target=_serve, args=(theirs, self.work), daemon=True)
        process.start()
        theirs.close()
        return Slot(process, ours)

    def _give(self, slot: Slot, task: Task) -> None:
        """Sends a task; that a process has ended is seen when its answer is read."""
        slot.task = task
        slot.deadline = time.monotonic() + (self.seconds or _seconds(task))
        try:
            slot.wire.send(task)
        except OSError:
            slot.deadline = 0.0

    def _ready(self, busy: list[Slot]) -> list[Slot]:
        """The slots that have something to say, or whose time is up."""
        first = min(slot.deadline for slot in busy)
        by_wire = {slot.wire: slot for slot in busy}
        ready = wait(list(by_wire), max(0.0, first - time.monotonic()))
        now = time.monotonic()
        late = [slot for slot in busy if slot.deadline <= now and slot.wire not in ready]
        return [by_wire[wire] for wire in ready if isinstance(wire, Connection)] + late

    def _receive(self, slot: Slot) -> Answer | None:
        """The answer of a slot; None if its process died and the task is tried again."""
        assert slot.task is not None  # only busy slots are asked
        try:
            if slot.wire.poll():
                answer: Answer = slot.wire.recv()
                return answer
            reason = "it took too long"
        except (EOFError, OSError):
            reason = ""
        return self._replace(slot, slot.task, reason)

    def _replace(self, slot: Slot, task: Task, reason: str) -> Answer | None:
        """A new process for a slot: it gets the task again, or the task is a fault."""
        slot.wire.close()
        if reason:
            slot.process.kill()
        _end(slot.process)
        reason = reason or f"exit code {slot.process.exitcode}"
        fresh = self._start()
        slot.process, slot.wire = fresh.process, fresh.wire
        self._died[task.key] = self._died.get(task.key, 0) + 1
        if self._died[task.key] < self.tries:
            self._give(slot, task)
            return None
        times = "once" if self.tries == 1 else f"{self.tries} times"
        return fault(task, f"the process that graded it was lost {times}: {reason}")


def _seconds(task: Task) -> float:
    return assignments.find(task.assignment).limits.total_seconds + SLACK


def _end(process: SpawnProcess) -> None:
    """Waits for a process to end, and kills it if it does not."""
    process.join(END_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


def _serve(wire: Connection, work: Work | None) -> None:
    """The whole life of a process of the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the coordinator
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))  # not at the end of a test
    end_with_parent()
    if work is None:
        from grader.classroom.work import grade, warm_up

        work = grade
        warm_up()  # while the first task is on its way
    with suppress(EOFError, OSError):  # the coordinator has closed the wire
        while True:
            task = wire.recv()
            answer = work(task)
            wire.send(answer)
