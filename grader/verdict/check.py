"""The public tests on a student's own work, in this process: what `grader check` runs."""

from __future__ import annotations

import time

import torch

from grader.assignment import Assignment
from grader.boundary.local import LocalStudent
from grader.intake.submission import Tree
from grader.verdict import workspace
from grader.verdict.outcomes import Explainer
from grader.verdict.plugin import Suite
from grader.verdict.result import Result
from grader.verdict.run import run_suite, to_result
from grader.verdict.students import open_here, texts


def check(assignment: Assignment, tree: Tree, parts: tuple[str, ...] | None = None) -> Result:
    """Runs the public tests on `tree`. A test that breaks is the work's error, not a fault."""
    started = time.monotonic()
    torch.set_num_threads(1)  # small products; more threads only wait for each other
    layout = workspace.public(assignment, tree)
    with open_here(layout) as opened:
        suite = Suite(
            student=opened.student,
            reference=LocalStudent(assignment.solution, layout.probes),
            explainer=Explainer(texts(layout.files), hidden=False, root=opened.root),
            visibility="public",
            parts=frozenset(parts) if parts else None,
        )
        run_suite(suite, assignment.tests)
    return to_result(assignment, tree, suite, opened.isolation(), time.monotonic() - started)
