"""Grades many submissions of one assignment side by side, each process with one warm sandbox."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.util import Finalize
from typing import TypeVar

import torch
from tqdm import tqdm

from course.processes import end_with_parent
from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox, choose_isolation

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Work = Callable[[Assignment, Item, Sandbox], Answer]


class Pool:
    """Processes that grade submissions of one assignment."""

    def __init__(self, assignment: Assignment, executor: ProcessPoolExecutor) -> None:
        """executor: with `_start` in each of its processes."""
        self._assignment, self._executor = assignment, executor

    def over(self, items: Sequence[Item], work: Work[Item, Answer], what: str) -> list[Answer]:
        """[work(assignment, item, sandbox), ...] in the items' order, with a progress bar.

        work: a function of a module, which runs in another process.
        """
        answers: dict[int, Answer] = {}
        waiting = {
            self._executor.submit(_do, work, self._assignment, item): number
            for number, item in enumerate(items)
        }
        done = as_completed(waiting)
        for each in tqdm(done, what, len(waiting), unit="case", leave=False, disable=None):
            answers[waiting[each]] = each.result()
        return [answers[number] for number in range(len(items))]


@contextmanager
def opened(assignment: Assignment, jobs: int | None = None) -> Iterator[Pool]:
    """A pool of `jobs` processes (None: one per core), which start when they are needed."""
    assignment = replace(assignment, limits=replace(assignment.limits, threads=1))
    fresh = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    jobs = jobs or len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(jobs, fresh, _start, (assignment,)) as executor:
        yield Pool(assignment, executor)


def over(
    assignment: Assignment,
    items: Sequence[Item],
    work: Work[Item, Answer],
    what: str,
    jobs: int | None = None,
) -> list[Answer]:
    """The same as Pool.over, in a pool of its own."""
    with opened(assignment, jobs) as pool:
        return pool.over(items, work, what)


_warm: dict[str, Sandbox] = {}  # this process's sandbox, from which every case is forked


def _start(assignment: Assignment) -> None:
    """A process of the pool begins: one thread, one sandbox."""
    end_with_parent()
    torch.set_num_threads(1)
    kind, _ = choose_isolation("auto", trusted=True)
    _warm["sandbox"] = Sandbox(kind, assignment.limits.threads)
    Finalize(None, _warm["sandbox"].close, exitpriority=10)


def _do(work: Work[Item, Answer], assignment: Assignment, item: Item) -> Answer:
    return work(assignment, item, _warm["sandbox"])
