"""Tests a hidden suite: the solution gets full marks, the skeleton none, every mistake is caught.

    report = audit(find("a5"))     # prints what is wrong, and a one-line summary
    report.ok

`suites/<assignment>/mistakes/` holds classic errors (patches.py), each with the parts in which it
must lose points; `alternatives/` unusual but correct work, which must get full marks. Cases run
in parallel, each process with one warm sandbox. Without `full`, a mistake runs the tests of its
parts until each has lost points, those about the functions that it changes first; an alternative
runs no test that passes without them; and neither runs the slow tests, unless the patch needs them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from rich.console import Console

from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.boundary.sandbox import Sandbox
from grader.errors import UserError
from grader.intake.submission import Tree, take
from grader.verdict import patches, pool
from grader.verdict.grade import Options, grade
from grader.verdict.patches import Patch
from grader.verdict.result import Outcome, Result


class Kind(StrEnum):
    """What a case is, which decides its expected grade."""

    SOLUTION = "solution"
    SKELETON = "skeleton"
    TODO = "TODO"  # the solution but for one function
    MISTAKE = "mistake"
    ALTERNATIVE = "alternative"


@dataclass(frozen=True)
class Case:
    """One submission to grade; `patch` of a mistake or alternative, `unit` of a TODO."""

    kind: Kind
    patch: Patch | None = None
    unit: str = ""

    @property
    def name(self) -> str:
        """For messages, such as "mistake no_mask"."""
        return f"{self.kind} {self.patch.name if self.patch else self.unit}".rstrip()

    @property
    def is_quick(self) -> bool:
        """Whether it does not need the tests marked slow."""
        return not self.patch.slow if self.patch else self.kind is Kind.TODO


@dataclass(frozen=True)
class Finding:
    """How a case was graded; `problem` is empty if that is as it should be."""

    case: Case
    score: float
    max_score: float
    problem: str
    seconds: float
    passed: frozenset[str] = frozenset()  # the tests that passed, without those carried


@dataclass(frozen=True)
class Report:
    """An audit; true if the suite is sound."""

    assignment: Assignment
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every case is as it should be."""
        return not any(finding.problem for finding in self.findings)

    def __bool__(self) -> bool:
        return self.ok

    def summary(self) -> str:
        """The audit in one line."""
        solution, blank = self._of(Kind.SOLUTION)[0], self._of(Kind.SKELETON)[0]
        mistakes, alternatives = self._of(Kind.MISTAKE), self._of(Kind.ALTERNATIVE)
        return (
            f"audit {self.assignment.id}: "
            f"solution {solution.score:g}/{self.assignment.points:g}, skeleton {blank.score:g}, "
            f"{_sound(mistakes)} of {len(mistakes)} mistakes caught, "
            f"{_sound(alternatives)} of {len(alternatives)} alternatives full, {self.seconds:.0f} s"
        )

    def _of(self, kind: Kind) -> list[Finding]:
        return [finding for finding in self.findings if finding.case.kind is kind]


def audit(
    assignment: Assignment,
    full: bool = False,
    jobs: int | None = None,
    console: Console | None = None,
) -> Report:
    """Audits a suite, `jobs` cases in parallel (None: one per core), and prints its findings.

    Raises UserError for a patch that does not fit, IsolationUnavailable if nothing can run.
    """
    started = time.monotonic()
    console = console or Console(highlight=False, soft_wrap=True)
    cases = read_cases(assignment)
    for case in cases:
        tree_of(assignment, case)  # check that every patch fits before any runs
    findings = _examine_all(assignment, cases, full, jobs)
    report = Report(assignment, tuple(findings), time.monotonic() - started)
    for finding in report.findings:
        if finding.problem:
            console.print(f"{finding.case.name}: {finding.problem}", markup=False)
    console.print(report.summary(), markup=False)
    return report


def read_cases(assignment: Assignment) -> list[Case]:
    """All cases of an assignment; raises UserError."""
    mistakes = patches.read_all(assignment.suite / "mistakes")
    for patch in mistakes:
        if not patch.parts or not set(patch.parts) <= set(assignment.part_titles):
            valid = ", ".join(assignment.part_titles)
            raise UserError(f"mistakes/{patch.name}.toml: parts {list(patch.parts)}: use {valid}")
    return [
        Case(Kind.SOLUTION),
        Case(Kind.SKELETON),
        *(Case(Kind.TODO, unit=unit) for unit in skeleton.units(assignment)),
        *(Case(Kind.MISTAKE, patch) for patch in mistakes),
        *(
            Case(Kind.ALTERNATIVE, patch)
            for patch in patches.read_all(assignment.suite / "alternatives")
        ),
    ]


def tree_of(assignment: Assignment, case: Case) -> Tree:
    """The submission of a case; raises UserError."""
    tree = take(assignment.solution, assignment)
    files = tree.files
    if case.kind is Kind.SKELETON:
        blank = skeleton.build(assignment)
        files = {name: blank[name].encode() for name in assignment.student_files}
    elif case.unit:
        files = {n: t.encode() for n, t in skeleton.without(assignment, {case.unit}).items()}
    elif case.patch:
        files = patches.apply(case.patch, files)
    return tree.altered(case.name, files)


@dataclass(frozen=True)
class _Job:
    """A case and how to grade it; `skip` names tests that need not run."""

    case: Case
    full: bool
    skip: frozenset[str] = frozenset()


def _examine_all(
    assignment: Assignment, cases: list[Case], full: bool, jobs: int | None
) -> list[Finding]:
    """Grades all cases, the alternatives last and the slow ones of them first."""
    first = [_Job(case, full) for case in cases if case.kind is not Kind.ALTERNATIVE]
    last = sorted((c for c in cases if c.kind is Kind.ALTERNATIVE), key=lambda c: c.is_quick)
    with pool.opened(assignment, jobs) as workers:
        findings = workers.over(first, _examine, "audit")
        passed = {} if full else {each.case.unit: each.passed for each in findings}
        alternatives = [_Job(case, full, _untouched(case, passed)) for case in last]
        return findings + workers.over(alternatives, _examine, "alternatives")


def _untouched(case: Case, passed: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The tests that never call what an alternative changes: each passes without it.

    passed: the tests that pass without a function, by its name.
    """
    names = case.patch.functions if case.patch else ()
    tests = [passed.get(name, frozenset()) for name in names]
    return frozenset.intersection(*tests) if tests else frozenset()


def _examine(assignment: Assignment, job: _Job, sandbox: Sandbox) -> Finding:
    """Grades one case and reports what is wrong with the suite, if anything."""
    started = time.monotonic()
    case = job.case
    tree = tree_of(assignment, case)
    quick = not job.full and case.is_quick
    options = Options(quick=quick, skip=job.skip, sandbox=sandbox)
    if case.kind is Kind.MISTAKE and case.patch and not job.full:
        result = _until_lost(assignment, tree, case.patch, options)
    else:
        result = grade(assignment, tree, options)
    problem = _problem(assignment, case, result)
    passed = frozenset(test.name for test in result.tests if test.outcome is Outcome.PASSED)
    seconds = time.monotonic() - started
    return Finding(case, result.score, result.max_score, problem, seconds, passed)


def _until_lost(assignment: Assignment, tree: Tree, patch: Patch, options: Options) -> Result:
    """Grades a mistake until each of its parts has lost points.

    A test that is about all that is wrong cannot be carried, so that nobody else needs to be
    tried: most mistakes fail one at once.
    """
    options = replace(options, parts=patch.parts, until_lost=True)
    if patch.functions:
        own = replace(options, about=patch.functions, blame=False)
        result = grade(assignment, tree, own)
        ran = [test for test in result.tests if test.outcome is not Outcome.NOT_RUN]
        lost = [test for test in ran if test.score < test.max_score]
        sure = {test.part for test in lost if patch.functions <= set(test.about)}
        if sure >= set(patch.parts):
            return result
    return grade(assignment, tree, options)


def _problem(assignment: Assignment, case: Case, result: Result) -> str:
    """What is wrong, in one line; empty if nothing is."""
    faults = [
        *result.faults,
        *(f"{t.name}: {t.message}" for t in result.tests if t.outcome is Outcome.GRADER_FAULT),
    ]
    if faults or not result.usable:
        return f"the grade is not usable: {'; '.join(faults)[:500]}"
    if case.kind is Kind.SKELETON:
        passed = [test.name for test in result.tests if test.score]
        return f"{result.score:g} points for no work: {', '.join(passed)}" if passed else ""
    if case.kind is Kind.TODO:
        return _wrong_marks(case.unit, result)
    if case.kind is Kind.MISTAKE and case.patch:
        lost = {part.id for part in result.parts if part.score < part.max_score}
        missed = [part for part in case.patch.parts if part not in lost]
        return f"not caught in part {', '.join(missed)}: {case.patch.sentence}" if missed else ""
    if case.kind is Kind.SOLUTION and result.max_score != assignment.points:
        return f"the suite has {result.max_score:g} points, not {assignment.points:g}"
    failed = [f"{t.name} ({t.message})" for t in result.tests if t.outcome is not Outcome.PASSED]
    return f"no full marks: {', '.join(failed)}" if failed else ""


def _wrong_marks(unit: str, result: Result) -> str:
    """What is wrong with the `about` marks if this unit alone is not written."""
    own = [test for test in result.tests if unit in test.about]
    free = [test.name for test in own if test.score]
    other = [test for test in result.tests if test not in own and test.score < test.max_score]
    silent = [t.name for t in own if not t.outcome.is_full and unit not in t.blame]
    if not own:
        return "no test is about it"
    if free:
        return f"points without it in tests about it: {', '.join(free)}"
    if other:
        return f"tests that are not about it lose points: {', '.join(t.name for t in other)}"
    return f"not blamed for {', '.join(silent)}" if silent else ""


def _sound(findings: list[Finding]) -> int:
    return sum(not finding.problem for finding in findings)
