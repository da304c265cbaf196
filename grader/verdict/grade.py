"""One submission through the hidden suite: lays out its files, runs it, checks the points."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

import torch

from grader.assignment import Assignment
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import Sandbox
from grader.errors import UserError
from grader.intake.submission import Tree
from grader.secret import secret
from grader.trace import Prints
from grader.verdict import workspace
from grader.verdict.blame import Blamer
from grader.verdict.diagnosis import Diagnoser, path_of
from grader.verdict.grafts import Grafts
from grader.verdict.needs import Needs
from grader.verdict.outcomes import Explainer
from grader.verdict.plugin import Suite
from grader.verdict.result import Result, score_parts
from grader.verdict.run import run_suite, to_result
from grader.verdict.students import open_student, texts


@dataclass(frozen=True)
class Options:
    """How to grade; the defaults are those of the command line."""

    isolation: str = "auto"  # "auto" | "sandbox" | "container" | "process" | "none" (trusted: here)
    parts: tuple[str, ...] | None = None  # None: all
    about: frozenset[str] | None = None  # only the tests about one of these functions; None: all
    skip: frozenset[str] = frozenset()  # without the tests of these names
    quick: bool = False  # without the tests that are marked slow
    until_lost: bool = False  # stop once each part has lost points, to audit a mistake
    blame: bool = True  # find who is to blame, and carry points
    prints: bool = False  # note what each test sees
    sandbox: Sandbox | None = None  # a running one to fork from, instead of our own


@dataclass(frozen=True)
class Graded:
    """A result, and what else came of it."""

    result: Result
    printed: bytes  # by the student's code, for staff
    blamer: Blamer  # what the grafts showed
    prints: Mapping[str, Prints]  # {test: what it saw}, if asked for


def grade(assignment: Assignment, tree: Tree, options: Options = Options()) -> Result:
    """Runs the hidden suite on `tree`; raises IsolationUnavailable, never for student code."""
    return examine(assignment, tree, options).result


def examine(assignment: Assignment, tree: Tree, options: Options = Options()) -> Graded:
    """The same, with all that comes of it."""
    started = time.monotonic()
    torch.set_num_threads(1)  # small products; more threads only wait for each other
    if not assignment.solution.is_dir():
        raise UserError(
            f"{assignment.solution} does not exist, and a grade needs it; "
            "`grader check` runs the public tests"
        )
    layout = workspace.hidden(assignment, tree)
    isolation = options.isolation
    with open_student(assignment, layout, isolation, tree.own, options.sandbox) as opened:
        grafts = Grafts(assignment, layout, opened.sandbox, opened.another)
        kept = cache(partial(path_of, assignment, secret()))  # it reads the whole suite
        blamer = Blamer(grafts, lambda: Needs.load(kept().with_suffix(".needs.json")))
        wants_sentences = assignment.diagnosis == "sentence"
        suite = Suite(
            student=opened.student,
            reference=LocalStudent(assignment.solution, layout.probes),
            explainer=Explainer(texts(layout.files), hidden=True, root=opened.root),
            visibility="hidden",
            secret=secret(),
            parts=frozenset(options.parts) if options.parts else None,
            about=options.about,
            skip=options.skip,
            quick=options.quick,
            until_lost=options.until_lost,
            deadline=time.monotonic() + assignment.limits.total_seconds,
            blamer=blamer if options.blame else None,
            prints={} if options.prints else None,
            carry=assignment.carry_errors,
            learnt=lambda: Diagnoser.load(kept()) if wants_sentences else Diagnoser(),
        )
        try:
            run_suite(suite, assignment.suite)
        finally:
            grafts.close()
        in_force = opened.isolation()
    if suite.is_whole:
        _check_points(assignment, suite)
    result = to_result(assignment, tree, suite, in_force, time.monotonic() - started)
    return Graded(result, opened.printed, blamer, suite.prints or {})


def _check_points(assignment: Assignment, suite: Suite) -> None:
    """Adds a fault if the suite's points are not those that the assignment promises."""
    promised = {part.id: part.points for part in assignment.parts}
    for part in score_parts(assignment.part_titles, tuple(suite.results)):
        if part.max_score != promised[part.id]:
            suite.faults.append(
                f"part {part.id}: the suite has {part.max_score:g} points, but assignment.toml has "
                f"{promised[part.id]:g}"
            )
    unknown = {test.part for test in suite.results} - promised.keys()
    suite.faults += [f"part {part}: not in assignment.toml" for part in sorted(unknown)]
