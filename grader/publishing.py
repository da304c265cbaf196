"""The verbs that hand the course out, and what runs where it was handed to: release, bundle, ci."""

from __future__ import annotations

from pathlib import Path

import click

from grader import assignment as assignments
from grader.errors import UserError, printable
from grader.secret import secret

DONE, FAILED, FAULT = 0, 1, 3


def _find(name: str) -> assignments.Assignment:
    return assignments.find(name)  # looked up late: tests replace it


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="OUT")
@click.option(
    "--assignment",
    "chosen",
    multiple=True,
    type=_find,
    metavar="NAME",
    help="Only this assignment, such as a5; may be repeated.",
)
@click.option("--check", is_flag=True, help="Write nothing; only look for hidden lines.")
def release(folder: Path, chosen: tuple[assignments.Assignment, ...], check: bool) -> int:
    """Make or update the students' repository in OUT: no solutions, no hidden tests (for staff)."""
    from grader.authoring import release as releases

    chosen = chosen or tuple(assignments.all_assignments())
    if not chosen:
        raise UserError("there is no assignment to release")
    files = releases.build(chosen, chosen[0].root.parent)
    leaks = releases.leaks(files, chosen[0].root.parent)
    for leak in leaks:
        print(printable(str(leak)))
    if leaks:
        print(
            f"{len(leaks)} hidden lines, nothing was written; what students may see goes into "
            "grader/authoring/common_lines.txt"
        )
        return FAILED
    if check:
        print(f"{len(files)} files scanned, no hidden line")
        return DONE
    written = releases.write(folder, files, chosen[0].root.parent)
    for name in written.removed:
        print(printable(f"{name} removed"))
    counts = f"{len(written.changed)} written, {len(written.removed)} removed, {written.same} same"
    print(printable(f"{folder}: {len(files)} files, {counts}; no hidden line in them"))
    return DONE


@click.command()
@click.argument("assignment", type=_find)
@click.option(
    "--gradescope",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="OUT.zip",
    help="Write Gradescope's autograder zip.",
)
@click.option(
    "--attempts-per-day",
    type=click.IntRange(1),
    metavar="N",
    help="Grade no more than N submissions of a student a day; default: all.",
)
def bundle(assignment: assignments.Assignment, path: Path, attempts_per_day: int | None) -> int:
    """Pack an assignment's autograder, hidden tests included, for another system (for staff)."""
    from grader.authoring import bundle as bundles

    settings = bundles.Settings(assignment.id, attempts_per_day, secret())
    files = bundles.build(assignment, settings, assignment.root.parent)
    bundles.write(path, files)
    print(printable(f"{path}: {len(files)} files, hidden tests and solution among them"))
    if not secret():
        print("note: COURSE_SECRET is not set, so hidden inputs are those of the public default")
    return DONE


@click.command()
@click.argument("chosen", nargs=-1, type=_find, metavar="[ASSIGNMENT]...")
@click.option("--annotations", is_flag=True, help="Print GitHub's annotations.")
@click.option(
    "--summary",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append a Markdown summary to this file.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write JUnit's XML of each assignment here.",
)
def ci(
    chosen: tuple[assignments.Assignment, ...],
    annotations: bool,
    summary: Path | None,
    junit: Path | None,
) -> int:
    """Run the public tests of all assignments, as CI does; a TODO that still stands is no error."""
    from grader import ci as runs

    outcomes = []
    for assignment in chosen or tuple(assignments.all_assignments()):
        outcome = runs.check(assignment, annotations)
        print(printable(outcome.line))
        outcomes.append(outcome)
    runs.write(outcomes, summary, junit)
    if any(outcome.result is not None and not outcome.result.usable for outcome in outcomes):
        return FAULT
    return FAILED if any(outcome.wrong for outcome in outcomes) else DONE


VERBS = (release, bundle, ci)
