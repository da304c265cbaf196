"""The verbs of `grader class` that grade, grade again and write pages."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.classroom import options
from grader.classroom.words import agreeing, plural
from grader.errors import UserError, printable

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.classroom.batch import Job, Tally
    from grader.classroom.course_file import Course
    from grader.classroom.ledger import Ledger

DONE, FAULT = 0, 3

jobs_option = click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Processes here; default: one per core."
)
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS|FILE",
    help="A Dask scheduler, whose workers grade instead: tcp://host:8786, or its file.",
)


@click.command()
@options.assignment
@options.folder
@jobs_option
@scheduler_option
@options.who
def grade(assignment: str, folder: Path, jobs: int | None, scheduler: str | None, who: str) -> int:
    """Grade what has no grade yet; stopped at any moment, the same command goes on."""
    from grader.classroom import batch, keys, regrade

    with options.opened(folder) as (course, ledger), batch.locked(course):
        chosen = course.find(assignment).assignment
        keys.require_secret(ledger.states())
        todo = batch.waiting(ledger, chosen)
        tally = _run(course, ledger, todo, f"grade {chosen.id}", jobs, scheduler, who, "", True)
        print(f"{tally.graded} graded, {plural(tally.faults, 'grader fault')} among them")
        stale = regrade.since(ledger, chosen)
        if stale.count:
            them = agreeing(stale.count, "it", "them")
            advice = f"`grader class regrade {assignment}` grades {them} again"
            count = plural(stale.count, "grading")
            print(printable(f"{count} out of date ({stale.why}): {advice}"))
        if stale.waiting:
            print(stale.waiting)
    return FAULT if tally.faults else DONE


@click.command("regrade")
@options.assignment
@options.folder
@click.option("--owner", multiple=True, metavar="ID", help="Only this student's or group's work.")
@click.option("--accept", is_flag=True, help="What was graded again counts from now on.")
@click.option("--undo", is_flag=True, help="Take the last --accept, or --undo, back.")
@click.option("--why", default="", metavar="TEXT", help="Kept in the ledger.")
@jobs_option
@scheduler_option
@options.who
def regrade_(
    assignment: str,
    folder: Path,
    owner: tuple[str, ...],
    accept: bool,
    undo: bool,
    why: str,
    jobs: int | None,
    scheduler: str | None,
    who: str,
) -> int:
    """Grade again what a changed suite, secret or given file touches; shows before and after."""
    if accept and undo:
        raise UserError("--accept and --undo are two steps: give one of them")
    if (accept or undo) and not why:
        raise UserError(f"{'--accept' if accept else '--undo'} needs --why TEXT, for the ledger")
    from grader.classroom import keys

    with options.opened(folder) as (course, ledger):
        chosen = course.find(assignment).assignment
        if not undo:  # which is of the ledger alone
            keys.require_secret(ledger.states())
        if accept or undo:
            return _decide(ledger, chosen, accept, owner, who, why)
        return _again(course, ledger, chosen, owner, jobs, scheduler, who, why)


@click.command()
@options.folder
@options.path_option(
    "--out", metavar="FOLDER", help="Made, or renewed; default: pages in the class's folder."
)
@options.assignment_or_all
@click.option("--students", is_flag=True, help="A page for each student too.")
def report(folder: Path, out: Path | None, assignment: str | None, students: bool) -> int:
    """Write pages: the class at a glance, its tests, its mistakes; no server is needed."""
    from grader.classroom.pages import write

    with options.opened(folder) as (course, ledger):
        chosen = [course.find(assignment)] if assignment else list(course.assignments)
        for line in write.write(course, ledger, out or folder / "pages", chosen, students):
            print(printable(line))
    return DONE


VERBS = (grade, regrade_, report)


def _decide(
    ledger: Ledger, chosen: Assignment, accept: bool, owner: tuple[str, ...], who: str, why: str
) -> int:
    from grader.classroom import regrade

    if accept:
        count = regrade.accept(ledger, chosen, who, why, owner or None)
        them = agreeing(count, "it", "them")
        print(f"{plural(count, 'regrade')} accepted; `--undo` takes {them} back")
    elif owner:
        raise UserError("--undo takes a whole --accept back: leave out --owner")
    else:
        count = regrade.undo(ledger, chosen, who, why)
        print(f"{plural(count, 'grading')} {agreeing(count, 'is', 'are')} as before")
    return DONE


def _again(
    course: Course,
    ledger: Ledger,
    chosen: Assignment,
    owner: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
    who: str,
    why: str,
) -> int:
    from rich.console import Console

    from grader.classroom import batch, regrade
    from grader.classroom.decisions import Decisions
    from grader.classroom.pages import names

    with batch.locked(course):
        todo = regrade.plan(ledger, chosen, owner or None)
        stale = regrade.since(ledger, chosen, owner or None)
        if not stale.count and not stale.pending:
            print(f"nothing to grade again: {regrade.UNCHANGED}")
            return DONE
        if stale.count:
            print(printable(f"{plural(stale.count, 'grading')} out of date: {stale.why}"))
        title = f"regrade {chosen.id}"
        tally = _run(course, ledger, todo, title, jobs, scheduler, who, why or "regrade", False)
    pending = regrade.changes(ledger, chosen, owner or None)
    hidden = course.course.anonymous and not Decisions.of(ledger.events()).released(chosen.id)
    regrade.show(pending, Console(), names.shown(ledger.salt, hidden))
    if pending:
        print("nothing of it counts yet: --accept makes it count")
    if tally.faults:
        them = agreeing(tally.faults, "it", "them")
        print(f"{plural(tally.faults, 'grader fault')}: the same command tries {them} again")
    return FAULT if tally.faults else DONE


def _run(
    course: Course,
    ledger: Ledger,
    todo: list[Job],
    title: str,
    jobs: int | None,
    scheduler: str | None,
    who: str,
    why: str,
    accept: bool,
) -> Tally:
    """Grades the jobs here or on a cluster, with a bar."""
    from grader.classroom import batch, dask_engine
    from grader.classroom.engine import LocalEngine
    from grader.classroom.progress import Progress

    if not todo:
        return batch.Tally(0, 0)
    with ExitStack() as stack:
        engine: batch.Engine = LocalEngine(jobs)
        if scheduler is not None:
            engine = stack.enter_context(dask_engine.connect(scheduler))
        bar = stack.enter_context(Progress(len(todo), title))
        if isinstance(engine, dask_engine.ClusterEngine):
            engine.say = bar.say
        return batch.grade(course, ledger, todo, engine, who, why, accept, bar.done)
