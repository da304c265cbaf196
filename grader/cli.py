"""The command `grader`: each verb calls one module, imported only when it is used.

Exit codes: 0 done (a grade is done whatever its score), 1 checks failed, 2 wrong usage, 3 the
grader's own fault.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from course.errors import FAILED, INTERRUPTED, reader_is_gone
from grader import assignment as assignments
from grader.assignment import Assignment
from grader.classroom.cli import classroom
from grader.errors import USAGE, UserError, one_line, printable
from grader.publishing import VERBS
from grader.verbs import Verbs, command_path

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from grader.boundary.sandbox import Sandbox
    from grader.intake.submission import Parcel
    from grader.verdict.result import Result

DONE, FAULT = 0, 3

path_option = partial(click.option, type=click.Path(path_type=Path))
report = partial(path_option, metavar="FILE")
# `find` is looked up late: tests replace it.
assignment_name = partial(click.argument, "assignment", type=lambda name: assignments.find(name))
one = assignment_name(help="Such as a5.")
one_or_all = assignment_name(required=False, help="Such as a5; default: all.")
work = path_option(
    "--submission", "-s", metavar="PATH", help="The submission; default: the assignment's src/."
)
parts = click.option(
    "--part", multiple=True, metavar="ID", help="Only this part, such as e; may be repeated."
)
loud = click.option("--verbose", "-v", is_flag=True, help="Show where errors arose, and timings.")


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 checks failed, 2 wrong usage, 3 the grader's own fault.",
)
def app() -> None:
    """Grades submissions to the course's assignments.

    ASSIGNMENT is the folder's name or its first letters, such as a5. A submission is a folder,
    .zip, .tar, .tar.gz, .tgz or .ipynb; the default is the assignment's own src/.
    """


@app.command()
@one
@work
@parts
@loud
def check(
    assignment: Assignment, submission: Path | None, part: tuple[str, ...], verbose: bool
) -> int:
    """Run the public tests on your own work, in this process: quick, for students."""
    from grader.intake.submission import take

    tree = take(submission or assignment.src.resolve(), assignment)
    _check_parts(part, assignment)
    from grader.verdict.check import check as check_public

    result = check_public(assignment, tree, parts=part or None)
    _show(result, verbose)
    if not result.usable:
        return FAULT
    return DONE if all(test.outcome == "passed" for test in result.tests) else FAILED


@app.command()
@one
@work
@report("--json", help="Write the full result (docs/result.md).")
@report("--html", help="Write the student's page.")
@report("--junit", help="Write JUnit's XML, for CI systems.")
@report("--gradescope", help="Write Gradescope's results.json.")
@click.option(
    "--isolation",
    type=click.Choice(["auto", "sandbox", "container", "process"]),
    default="auto",
    show_default=True,
    help="auto: the sandbox, or where the kernel allows none the container (docs/security.md); "
    "process: trusts the submission with this machine.",
)
@parts
@loud
def grade(
    assignment: Assignment,
    submission: Path | None,
    isolation: str,
    part: tuple[str, ...],
    verbose: bool,
    **reports: Path | None,
) -> int:
    """Grade one submission with the hidden tests, in a sandbox."""
    from grader import output
    from grader.intake.submission import look, unpack

    parcel = look(submission or assignment.src, assignment)
    _check_parts(part, assignment)
    targets = {kind: path for kind in output.RENDER if (path := reports[kind])}
    output.check_targets(list(targets.values()))
    from grader.verdict.grade import Options, examine

    with _sandbox(isolation, parcel, assignment) as sandbox:
        tree = unpack(parcel, assignment, sandbox)
        targets = targets or output.run_folder(assignment.id, f"{tree.name}-{tree.sha256[:8]}")
        options = Options(isolation=isolation, parts=part or None, sandbox=sandbox)
        graded = examine(assignment, tree, options)
    try:
        output.write(targets, graded.result, graded.printed)
    finally:  # show the score even if the disk is full
        _show(graded.result, verbose)
    for kind, path in targets.items():
        print(printable(f"{kind:<10} {path}"))
    return DONE if graded.result.usable else FAULT


@app.command()
@one_or_all
@click.option("--check", is_flag=True, help="Write nothing; fail if src/ is out of date.")
def skeleton(assignment: Assignment | None, check: bool) -> int:
    """Generate src/, which students fill in, from solution/ (for staff)."""
    from grader.authoring import skeleton as skeletons

    if check:
        return _check_skeletons(_chosen(assignment))
    if assignment is None:
        valid = ", ".join(assignments.names())
        raise UserError(f"skeleton: name an assignment ({valid}), or use --check")
    changed = skeletons.write(assignment)
    for file in changed:
        print(f"{assignment.id}/{file} written")
    print(f"{assignment.id}: {len(changed)} files changed")
    return DONE


def _check_skeletons(chosen: list[Assignment]) -> int:
    from grader.authoring import skeleton as skeletons

    wrong = [f"{each.id}/{line}" for each in chosen for line in skeletons.check(each)]
    for line in wrong:
        print(line)
    advice = "; `grader skeleton ASSIGNMENT` regenerates them" if wrong else ""
    print(f"{len(chosen)} skeletons checked, {len(wrong)} files differ{advice}")
    return FAILED if wrong else DONE


@app.command()
@one_or_all
@click.option("--full", is_flag=True, help="Run every mistake against the whole suite.")
@click.option("--learn", is_flag=True, help="Learn what each mistake looks like, to name it.")
@click.option(
    "--mutants",
    type=click.IntRange(1),
    is_flag=False,
    flag_value=10**9,
    metavar="[N]",
    help="Grade N small mutants of the solution instead; default: all.",
)
@click.option("--seed", default=0, help="Which N mutants are drawn.")
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Cases at once; default: one per core."
)
def audit(
    assignment: Assignment | None,
    full: bool,
    learn: bool,
    mutants: int | None,
    seed: int,
    jobs: int | None,
) -> int:
    """Check a hidden suite: solution full marks, skeleton none, mistakes caught (for staff)."""
    from grader.verdict.audit import audit as audit_suite
    from grader.verdict.learn import learn as learn_mistakes
    from grader.verdict.mutation import mutation

    if learn and mutants is not None:
        raise UserError("--learn and --mutants are two runs: give one of them")

    def run(each: Assignment) -> bool:
        if not each.solution.is_dir():
            raise UserError(f"{each.solution} does not exist: an audit needs the staff's checkout")
        if learn:
            return learn_mistakes(each, jobs)
        if mutants is not None:
            return mutation(each, mutants, seed, jobs)
        return bool(audit_suite(each, full=full, jobs=jobs))

    sound = [run(each) for each in _chosen(assignment)]
    return DONE if all(sound) else FAILED


@app.command()
def doctor() -> int:
    """Report what this machine has, and how to get what it lacks."""
    from rich.console import Console

    from grader import doctor as examined

    findings = examined.examine()
    examined.show(findings, Console())
    return FAILED if any(finding.state is examined.State.BROKEN for finding in findings) else DONE


app.commands.update({verb.name or "": verb for verb in (*VERBS, classroom)})


def _chosen(assignment: Assignment | None) -> list[Assignment]:
    return [assignment] if assignment else assignments.all_assignments()


def _sandbox(
    isolation: str, parcel: Parcel, assignment: Assignment
) -> AbstractContextManager[Sandbox | None]:
    """The sandbox to read and grade a submission in; none for the checkout's own work."""
    if parcel.own:
        return nullcontext()
    from grader.boundary.sandbox import Sandbox, choose_isolation
    from grader.verdict.students import protected_folders

    kind, _ = choose_isolation(isolation, trusted=False)
    return Sandbox(kind, assignment.limits.threads, protected_folders())


def _check_parts(parts: tuple[str, ...], assignment: Assignment) -> None:
    valid = assignment.part_titles
    for part in parts:
        if part not in valid:
            what = f"--part {part!r} is not a part of {assignment.id}"
            raise UserError(f"{what}: choose from {', '.join(valid)}")


def _show(result: Result, verbose: bool) -> None:
    from rich.console import Console

    from grader.report import terminal

    terminal.show(result, Console(), verbose)


def run(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code; a user's mistake is one line on stderr."""
    argv = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        with app.make_context("grader", argv) as context:
            code = int(app.invoke(context))
            sys.stdout.flush()  # a reader that is gone shows here, not uncaught at exit
            return code
    except click.exceptions.Exit as done:  # after --help
        return done.exit_code
    except UserError as error:
        return _error(one_line(error), USAGE)
    except click.UsageError as error:  # an unknown verb or option
        command = error.ctx.command_path if error.ctx else command_path(app, argv)
        return _error(f"{one_line(error.format_message())} See: {command} --help", USAGE)
    except BrokenPipeError as error:
        return FAILED if reader_is_gone() else _fault(error)
    except KeyboardInterrupt:
        return _error("stopped", INTERRUPTED)
    except Exception as error:
        return _fault(error)


def _fault(error: Exception) -> int:
    """Reports an error not the user's: IsolationUnavailable is the machine's, the rest are ours."""
    from grader.boundary.errors import IsolationUnavailable, SandboxError

    if isinstance(error, IsolationUnavailable):
        return _error(one_line(error), USAGE)
    if not isinstance(error, SandboxError):
        lines = "".join(traceback.format_exception(error)).splitlines()
        for line in lines:  # indented, so that none looks like one of our messages
            print(f"  {printable(line)}", file=sys.stderr)
    return _error(f"the grader's own fault: {type(error).__name__}: {one_line(error)}", FAULT)


def _error(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
