"""Grades one submission in a process that stays, here or on a cluster.

The process keeps its sandbox, from which each submission's workers are forked, and all that it has
imported. It must not outlive a change of the suite or of the grader: a task made for another state
than the one that this process began with is refused (a grader's fault, never points).
"""

from __future__ import annotations

import threading
from dataclasses import replace
from multiprocessing.util import Finalize

import torch

from grader import assignment as assignments
from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox, choose_isolation
from grader.classroom.keys import stamp
from grader.classroom.records import Answer, Task
from grader.classroom.unexplained import fingerprints
from grader.errors import one_line
from grader.intake.submission import Tree
from grader.verdict.grade import Options, examine
from grader.verdict.result import Isolation, Result, Submission, score_parts
from grader.verdict.run import versions
from grader.verdict.students import protected_folders

_one = threading.Lock()  # pytest and the modules of a suite belong to the whole process
_warm: dict[str, Sandbox] = {}  # this process's sandbox
_stamps: dict[str, str] = {}  # {assignment: its stamp when this process first graded it}


def grade(task: Task) -> Answer:
    """Grades a submission; whatever goes wrong on our side is a grader's fault."""
    with _one:
        try:
            return _grade(task)
        except Exception as error:
            return fault(task, f"{type(error).__name__}: {one_line(error)}")


def fault(task: Task, reason: str) -> Answer:
    """The answer that says that the grader failed."""
    assignment = assignments.find(task.assignment)
    result = Result(
        assignment=assignment.id,
        title=assignment.title,
        submission=Submission(task.sha256[:12], task.sha256, tuple(sorted(task.files))),
        score=0.0,
        max_score=assignment.points,
        usable=False,
        isolation=Isolation("none"),
        parts=score_parts(assignment.part_titles, ()),
        tests=(),
        seconds=0.0,
        versions=versions(),
        faults=(reason,),
    )
    return Answer(task.key, task.assignment, task.sha256, result.to_json())


def warm_up() -> None:
    """Starts this process's sandbox; raises IsolationUnavailable or SandboxError."""
    if "sandbox" not in _warm:
        torch.set_num_threads(1)
        kind, _ = choose_isolation("auto", trusted=False)
        _warm["sandbox"] = Sandbox(kind, 1, protected_folders())
        Finalize(None, close, exitpriority=10)
    _warm["sandbox"].start()


def close() -> None:
    """Ends the sandbox and all its workers."""
    while _warm:
        _warm.popitem()[1].close()


def _grade(task: Task) -> Answer:
    assignment = _assignment(task)
    warm_up()
    tree = Tree(task.sha256[:12], dict(task.files), (), task.sha256)
    graded = examine(assignment, tree, Options(isolation="auto", sandbox=_warm["sandbox"]))
    result = graded.result.to_json()
    return Answer(task.key, task.assignment, task.sha256, result, fingerprints(graded))


def _assignment(task: Task) -> Assignment:
    """The assignment, with one thread; ValueError if it is in another state than the task's."""
    assignment = assignments.find(task.assignment)
    if _stamps.setdefault(assignment.id, stamp(assignment)) != task.stamp:
        raise ValueError(
            "this process has another suite, grader, secret or limits than the command that sent "
            "the work: start it again, with the same checkout and COURSE_SECRET"
        )
    return replace(assignment, limits=replace(assignment.limits, threads=1))
