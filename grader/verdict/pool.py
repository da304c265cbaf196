"""Grades many submissions of one assignment side by side, each process with one warm sandbox."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing.util import Finalize
from typing import TypeVar

import torch
from tqdm import tqdm

from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox, choose_isolation

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Work = Callable[[Assignment, Item, Sandbox], Answer]


def over(
    assignment: Assignment,
    items: Sequence[Item],
    work: Work[Item, Answer],
    what: str,
    jobs: int | None = None,
) -> list[Answer]:
    """[work(assignment, item, sandbox), ...] in the items' order, with a progress bar.

    work: a function of a module, which runs in another process. jobs: at once; None: one per core.
    """
    assignment = replace(assignment, limits=replace(assignment.limits, threads=1))
    answers: dict[int, Answer] = {}
    fresh = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    jobs = min(jobs or len(os.sched_getaffinity(0)), max(len(items), 1))
    with ProcessPoolExecutor(jobs, fresh, _start, (assignment,)) as pool:
        waiting = {pool.submit(_do, work, assignment, item): n for n, item in enumerate(items)}
        done = as_completed(waiting)
        for each in tqdm(done, what, len(waiting), unit="case", leave=False, disable=None):
            answers[waiting[each]] = each.result()
    return [answers[number] for number in range(len(items))]


_warm: dict[str, Sandbox] = {}  # this process's sandbox, from which every case is forked


def _start(assignment: Assignment) -> None:
    """A process of the pool begins: one thread, one sandbox."""
    torch.set_num_threads(1)
    kind, _ = choose_isolation("auto", trusted=True)
    _warm["sandbox"] = Sandbox(kind, assignment.limits.threads)
    Finalize(None, _warm["sandbox"].close, exitpriority=10)


def _do(work: Work[Item, Answer], assignment: Assignment, item: Item) -> Answer:
    return work(assignment, item, _warm["sandbox"])
