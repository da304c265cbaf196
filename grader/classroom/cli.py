"""The command `grader class`: each verb calls one module, imported only when it is used."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.classroom import decide_cli, grade_cli, options, out_cli
from grader.classroom.words import plural
from grader.errors import UserError, printable
from grader.verbs import Verbs

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from grader.boundary.sandbox import Sandbox
    from grader.classroom.collect import Summary
    from grader.classroom.course_file import Course, Rules

DONE, FAILED = 0, 1
KINDS = "Whose export it is: canvas, moodle, gradescope, or folder for none."


@click.group("class", cls=Verbs, invoke_without_command=True)
@click.pass_context
def classroom(context: click.Context) -> int:
    """Grade a whole class: collect, grade, decide, export (for staff)."""
    # A gradebook is a million small objects without cycles: the collector would look at them for a
    # quarter of the time and find nothing.
    gc.set_threshold(2**20)
    if context.invoked_subcommand is None:
        print(context.get_help())
    return DONE


@classroom.command()
@click.argument("folder", type=click.Path(path_type=Path), help="Made if it is not there.")
@click.option(
    "--assignment",
    "-a",
    "due",
    nargs=2,
    multiple=True,
    metavar="NAME TIME",
    help="An assignment and when it is due, such as a5 2026-10-09T23:59; may be repeated.",
)
@click.option("--timezone", "-z", metavar="ZONE", help="Such as Europe/London.")
@click.option("--name", default="", help="The course's name, as people read it.")
@options.path_option("--roster", metavar="CSV", help="The students: id,name,email,section,group.")
@options.who
def init(
    folder: Path,
    due: tuple[tuple[str, str], ...],
    timezone: str | None,
    name: str,
    roster: Path | None,
    who: str,
) -> int:
    """Make a class's folder: course.toml, the ledger and the store; what is there stays."""
    from grader.classroom import setting_up

    for line in setting_up.init(folder, due, timezone, name, roster, who):
        print(printable(line))
    return DONE


@classroom.command("roster")
@click.argument("path", metavar="CSV", type=click.Path(path_type=Path))
@options.folder
@options.who
def roster_(path: Path, folder: Path, who: str) -> int:
    """Take a csv of all students (id,name,email,section,group) as the roster from now on."""
    from grader.classroom import setting_up

    with options.opened(folder) as (_, ledger):
        print(printable(setting_up.set_roster(ledger, path, who)))
    return DONE


@classroom.command()
@options.assignment
@click.argument(
    "source",
    type=click.Path(path_type=Path),
    help="A folder or zip with one submission for each student, a learning system's export, or a "
    "csv of git repositories: id,repository,commit,time.",
)
@options.folder
@click.option("--from", "kind", default="auto", show_default=True, help=KINDS)
@click.option(
    "--at", default="", metavar="TIME", help="When all were submitted: or due, now, modified."
)
@options.path_option("--times", metavar="CSV", help="When each was submitted: id,time.")
@click.option("--skip-strangers", is_flag=True, help="Leave out whoever is not in the roster.")
@click.option(
    "--isolation",
    type=click.Choice(["auto", "sandbox", "container", "process"]),
    default="auto",
    help="As in `grader grade`.",
)
@options.who
def collect(
    assignment: str,
    source: Path,
    folder: Path,
    kind: str,
    at: str,
    times: Path | None,
    skip_strangers: bool,
    isolation: str,
    who: str,
) -> int:
    """Take in submissions, each once; nothing is graded yet."""
    from grader.classroom import downloads
    from grader.classroom import times as lists
    from grader.classroom.collect import Collection

    if kind not in downloads.KINDS:
        raise UserError(f"--from {kind!r} is not valid: choose from {', '.join(downloads.KINDS)}")
    with options.opened(folder) as (course, ledger):
        rules = course.find(assignment)
        listed = lists.read(times, course.zone) if times else {}
        known = lists.Times(rules.due, course.zone, at, listed)
        with _sandbox(isolation, rules, course) as sandbox:
            collection = Collection(course, rules, ledger, sandbox, known, who, skip_strangers)
            return _show_summary(collection.run(source, kind))


def _show_summary(summary: Summary) -> int:
    for kind, lines in (("refused", summary.refused), ("not fetched", summary.failed)):
        for line in lines:
            print(printable(f"{kind}: {line}"))
    for stranger in summary.strangers:
        print(printable(f"skipped, not in the roster: {stranger}"))
    counts = f"{plural(summary.new, 'new submission')}, {summary.known} known before"
    print(f"{counts}, {len(summary.refused)} refused, {len(summary.failed)} not fetched")
    return FAILED if summary.refused or summary.failed else DONE


def _sandbox(isolation: str, rules: Rules, course: Course) -> AbstractContextManager[Sandbox]:
    """The sandbox in which submissions are read; student code does not see the class's folder."""
    from grader.boundary.sandbox import Sandbox, choose_isolation
    from grader.verdict.students import protected_folders

    kind, _ = choose_isolation(isolation, trusted=False)
    hidden = [*protected_folders(), course.folder.absolute()]
    return Sandbox(kind, rules.assignment.limits.threads, hidden)


@classroom.command()
@click.argument("student", required=False, help="Explain this student's grades; default: all.")
@options.folder
def status(student: str | None, folder: Path) -> int:
    """Show where the class stands, or one student's grades with their arithmetic."""
    from rich.console import Console

    from grader.classroom import overview

    console = Console(highlight=False, soft_wrap=student is not None)
    with options.opened(folder) as (course, ledger):
        if student is None:
            overview.show(course, ledger, console)
        else:
            overview.explain(course, ledger, student, console)
    return DONE


for verb in (*decide_cli.VERBS, *grade_cli.VERBS, *out_cli.VERBS):
    classroom.add_command(verb)
