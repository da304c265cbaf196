"""The verbs of `grader class` whose results leave the house, or look beyond it."""

from __future__ import annotations

from pathlib import Path

import click

from grader.classroom import options
from grader.classroom.words import plural
from grader.errors import UserError, printable

DONE = 0


@click.command()
@options.assignment
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT", help="A folder.")
@click.option(
    "--earlier",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The class of an earlier term, to compare with; may be repeated.",
)
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="The lowest score of a pair that is listed; equal submissions always are.",
)
@click.option(
    "--most",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="How many pairs are listed: the most alike ones.",
)
@options.folder
def similar(
    assignment: str, out: Path, earlier: tuple[Path, ...], least: float, most: int, folder: Path
) -> int:
    """Write pages into OUT that show which submissions are alike: places to look, no verdicts."""
    from grader.classroom import similar as similarities

    with options.opened(folder) as (course, ledger):
        rules = course.find(assignment)
        works = similarities.works(course, ledger, rules.id)
    for path in earlier:
        works += similarities.earlier(path, rules.id)
    found = similarities.compare(rules.assignment, works, least, most)
    for note in similarities.write(out, rules.assignment, found):
        print(printable(note))
    groups = plural(len(found.equal), "group")
    equal = f"{groups} of equal submissions, " if found.equal else ""
    print(printable(f"{out / 'index.html'}: {equal}{plural(len(found.pairs), 'pair')}"))
    return DONE


@click.command()
@click.argument("kind", metavar="KIND", help="The other system, or the format.")
@click.argument(
    "out", type=click.Path(path_type=Path), metavar="OUT", help="A file; classroom50: a folder."
)
@options.assignment_or_all
@options.path_option(
    "--fill", "template", metavar="FILE", help="The gradebook that the other system exported."
)
@click.option("--column", metavar="NAME", help="The assignment's column in it, if not obvious.")
@click.option(
    "--missing", type=options.NUMBER, metavar="N", help="Points of missing work; default: as is."
)
@click.option("--dry-run", is_flag=True, help="Show the differences and write nothing.")
@options.folder
def export(
    kind: str,
    out: Path,
    assignment: str | None,
    template: Path | None,
    column: str | None,
    missing: float | None,
    dry_run: bool,
    folder: Path,
) -> int:
    """Write grades to OUT; KIND: canvas, moodle, blackboard (filled), csv, classroom50 (made)."""
    from grader.classroom import exporting

    if kind not in exporting.KINDS:
        raise UserError(f"{kind!r} is not a kind: choose from {', '.join(exporting.KINDS)}")
    request = exporting.Request(kind, out, assignment, template, column, missing)
    with options.opened(folder) as (course, ledger):
        prepared = exporting.prepare(course, ledger, request)
    if not dry_run:  # first: what could not be written needs no list of differences
        prepared.write()
    for line in prepared.lines:
        print(printable(line))
    print("nothing was written" if dry_run else printable(f"{out} written"))
    return DONE


@click.command()
@options.assignment
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT", help="An HTML file.")
@options.folder
def leaderboard(assignment: str, out: Path, folder: Path) -> int:
    """Write a page of the best work to OUT: of those who were entered, by the names they chose."""
    from grader.classroom import leaderboard as boards

    with options.opened(folder) as (course, ledger):
        count = boards.write(out, course, ledger, course.find(assignment))
    print(printable(f"{out}: {plural(count, 'entry', 'entries')}"))
    return DONE


VERBS = (export, similar, leaderboard)
