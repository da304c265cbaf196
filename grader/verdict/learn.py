"""Grades a suite's known mistakes and keeps the signs that they leave (`grader audit --learn`)."""

from __future__ import annotations

from rich.console import Console

from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.boundary.sandbox import Sandbox
from grader.intake import graft
from grader.intake.submission import Tree, take
from grader.secret import secret
from grader.verdict import patches, pool
from grader.verdict.diagnosis import Diagnoser, Known, signs_of
from grader.verdict.grade import Options, examine
from grader.verdict.patches import Patch


def learn(assignment: Assignment, jobs: int | None = None, console: Console | None = None) -> bool:
    """Learns every mistake of a suite, and says where the signs lie; True."""
    diagnoser = learnt(assignment, jobs)
    path = diagnoser.save(assignment, secret())
    alone = sum(diagnoser.is_unique(known) for known in diagnoser.known)
    console = console or Console(highlight=False, soft_wrap=True)
    console.print(
        f"learn {assignment.id}: {alone} of {len(diagnoser.known)} mistakes leave signs of their "
        f"own, in {path}",
        markup=False,
    )
    return True


def learnt(assignment: Assignment, jobs: int | None = None) -> Diagnoser:
    """What a suite's mistakes, and right code, show."""
    tree = take(assignment.solution, assignment)
    right = examine(assignment, tree, Options(quick=True, prints=True)).prints
    return Diagnoser(tuple(signs(assignment, jobs)), right)


def signs(assignment: Assignment, jobs: int | None = None) -> list[Known]:
    """The signs of every mistake, in the order of their names."""
    mistakes = patches.read_all(assignment.suite / "mistakes")
    return pool.over(assignment, mistakes, signs_in, "learn", jobs)


def signs_in(assignment: Assignment, patch: Patch, sandbox: Sandbox) -> Known:
    """The signs of one mistake, from the tests about the functions that it changes."""
    units = changed_units(assignment, patch)
    about = None if any("/" in name for name in units) else frozenset(units)
    return signs_among(assignment, patch, Options(about=about, quick=True, sandbox=sandbox))


def signs_among(assignment: Assignment, patch: Patch, options: Options) -> Known:
    """The signs of one mistake: those of each function that is to blame for a test."""
    graded = examine(assignment, changed(assignment, [patch]), options)
    names = {name for test in graded.result.tests for name in test.blame}
    signs = {name: signs_of(name, graded.blamer) for name in sorted(names)}
    return Known(patch.name, patch.sentence, signs)


def changed_units(assignment: Assignment, patch: Patch) -> set[str]:
    """The functions that a mistake changes, and the files in which it changes something else."""
    sources = skeleton.marked(assignment)
    texts = {name: text for name, (text, _) in sources.items()}
    units = {name: [unit.name for unit in own] for name, (_, own) in sources.items()}
    files = changed(assignment, [patch]).files
    return graft.differences({name: files[name].decode() for name in texts}, texts, units)


def changed(assignment: Assignment, changes: list[Patch]) -> Tree:
    """The solution with these patches."""
    tree = take(assignment.solution, assignment)
    files = tree.files
    for patch in changes:
        files = patches.apply(patch, files)
    return tree.altered(" and ".join(patch.name for patch in changes), files)
