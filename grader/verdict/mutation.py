"""The share of small mutants of a solution that lose points (`grader audit --mutants`).

# suites/<assignment>/equivalent.toml: survivors that compute the same
[[mutant]]
unit = "CausalSelfAttention.forward"
change = "1 -> 2 (3)"
reason = "transpose(1, 2) is transpose(2, 1)"
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from grader import strict
from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox
from grader.errors import BadAssignment
from grader.intake.submission import take
from grader.verdict import pool
from grader.verdict.grade import Options, examine
from grader.verdict.mutants import Mutant, mutants

FILE = "equivalent.toml"


@dataclass(frozen=True)
class Equivalent:
    """A mutant that computes the same, and why."""

    unit: str
    change: str
    reason: str


@dataclass(frozen=True)
class _Equivalents:
    mutant: tuple[Equivalent, ...] = ()


@dataclass(frozen=True)
class Finding:
    """How one mutant was graded."""

    mutant: Mutant
    killed: bool
    blamed: bool  # the mutated function is one of those to blame
    problem: str = ""  # why the grade is not usable


def mutation(
    assignment: Assignment,
    count: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    console: Console | None = None,
) -> bool:
    """Grades `count` mutants drawn with `seed` (None: all), prints survivors and the score.

    True if every mutant that is not listed as equivalent loses points, the mutated function is
    blamed, and every listed one that was drawn survives.
    """
    started = time.monotonic()
    console = console or Console(highlight=False, soft_wrap=True)
    equivalents = {(each.unit, each.change) for each in read_equivalents(assignment)}
    chosen = mutants(assignment)
    known = {(mutant.unit, mutant.change) for mutant in chosen}
    if count is not None and count < len(chosen):
        chosen = sorted(random.Random(seed).sample(chosen, count), key=chosen.index)
    findings = pool.over(assignment, chosen, _examine, "mutants", jobs)
    lines = [_line(finding, equivalents) for finding in findings]
    lines += [
        f"{FILE}: {unit}: {change}: no such mutant" for unit, change in sorted(equivalents - known)
    ]
    problems = [line for line in lines if line]
    for line in problems:
        console.print(line, markup=False)
    killed = sum(finding.killed for finding in findings)
    same = sum((f.mutant.unit, f.mutant.change) in equivalents for f in findings)
    drawn = "all" if len(findings) == len(known) else f"seed {seed}"
    console.print(
        f"mutants {assignment.id}: {killed} of {len(findings)} ({drawn}) lose points, "
        f"{100 * killed / max(len(findings), 1):.1f} %; {same} are equivalent, "
        f"{100 * killed / max(len(findings) - same, 1):.1f} % of the others; "
        f"{sum(f.blamed for f in findings)} blamed; {time.monotonic() - started:.0f} s",
        markup=False,
    )
    return not problems


def read_equivalents(assignment: Assignment) -> tuple[Equivalent, ...]:
    """The suite's list; empty without one. Raises BadAssignment."""
    path: Path = assignment.suite / FILE
    if not path.is_file():
        return ()
    try:
        return strict.read_toml(path, _Equivalents).mutant
    except (OSError, ValueError) as error:
        raise BadAssignment(f"{path}: {error}") from None


def _line(finding: Finding, equivalents: set[tuple[str, str]]) -> str:
    """What is wrong with the suite, or with its list; empty if nothing is."""
    mutant = finding.mutant
    listed = (mutant.unit, mutant.change) in equivalents
    if finding.problem:
        what = finding.problem
    elif finding.killed and listed:
        what = f"loses points, though {FILE} lists it"
    elif not finding.killed and not listed:
        what = "survives"
    elif finding.killed and not finding.blamed:
        what = "is not blamed"
    else:
        return ""
    return f"{mutant.unit}: {mutant.change}: {what}"


def _examine(assignment: Assignment, mutant: Mutant, sandbox: Sandbox) -> Finding:
    """Grades the quick tests until one loses points; the slow ones only if none does."""
    tree = take(assignment.solution, assignment)
    tree = tree.altered(mutant.unit, {**tree.files, **mutant.files})
    for quick in (True, False):
        options = Options(quick=quick, until_lost=True, sandbox=sandbox)
        result = examine(assignment, tree, options).result
        if not result.usable:
            return Finding(mutant, False, False, f"the grade is not usable: {result.faults}")
        lost = [test for test in result.tests if test.score < test.max_score]
        if lost:
            blamed = any(mutant.unit in test.blame for test in lost)
            return Finding(mutant, True, blamed or not quick)
    return Finding(mutant, False, False)
