"""The command `grader`: each verb calls one module, imported only when it is used.

Exit codes: 0 done (a grade is done whatever its score), 1 checks failed, 2 wrong usage, 3 the
grader's own fault.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader import assignment as assignments
from grader.errors import USAGE, UserError, one_line, printable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from grader.boundary.sandbox import Sandbox
    from grader.intake.submission import Parcel
    from grader.verdict.result import Result

DONE, FAILED, FAULT, INTERRUPTED = 0, 1, 3, 130
# Click's class for wrong usage; newer versions of typer carry a click of their own.
UsageError: Any = typer.BadParameter.__base__

app = typer.Typer(
    name="grader",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Grades submissions to the course's assignments.\n\n"
    "ASSIGNMENT is the folder's name or its first letters, such as a5. A submission is a folder, "
    ".zip, .tar, .tar.gz, .tgz or .ipynb; the default is the assignment's own src/.",
    epilog="Exit codes: 0 done, 1 checks failed, 2 wrong usage, 3 the grader's own fault.",
)


class IsolationChoice(StrEnum):
    """How student code is kept apart from the grader."""

    AUTO = "auto"
    SANDBOX = "sandbox"
    PROCESS = "process"


Name = Annotated[str, typer.Argument(metavar="ASSIGNMENT", help="Such as a5.")]
AnyName = Annotated[
    str | None, typer.Argument(metavar="[ASSIGNMENT]", help="Such as a5; default: all.")
]
Work = Annotated[
    Path | None,
    typer.Option(
        "--submission", "-s", metavar="PATH", help="The submission; default: the assignment's src/."
    ),
]
Parts = Annotated[
    list[str] | None,
    typer.Option("--part", metavar="ID", help="Only this part, such as e; may be repeated."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show where errors arose, and timings.")
]


@app.command()
def check(name: Name, submission: Work = None, part: Parts = None, verbose: Verbose = False) -> int:
    """Run the public tests on your own work, in this process: quick, for students."""
    assignment = assignments.find(name)
    from grader.intake.submission import take

    tree = take(submission or assignment.src, assignment)
    parts = _parts(part, assignment)
    from grader.verdict.check import check as check_public

    result = check_public(assignment, tree, parts=parts)
    _show(result, verbose)
    if not result.usable:
        return FAULT
    return DONE if all(test.outcome == "passed" for test in result.tests) else FAILED


@app.command()
def grade(
    name: Name,
    submission: Work = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the full result (docs/result.md).")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the student's page.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JUnit's XML, for CI systems.")
    ] = None,
    gradescope: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write Gradescope's results.json.")
    ] = None,
    isolation: Annotated[
        IsolationChoice,
        typer.Option(help="auto: the sandbox; process: trusts the submission with this machine."),
    ] = IsolationChoice.AUTO,
    part: Parts = None,
    verbose: Verbose = False,
) -> int:
    """Grade one submission with the hidden tests, in a sandbox."""
    assignment = assignments.find(name)
    from grader import output
    from grader.intake.submission import look, unpack

    parcel = look(submission or assignment.src, assignment)
    parts = _parts(part, assignment)
    wanted = {"json": json, "html": html, "junit": junit, "gradescope": gradescope}
    targets = {kind: path for kind, path in wanted.items() if path}
    output.check_targets(list(targets.values()))
    from grader.verdict.grade import Options, grade_with_output

    with _sandbox(isolation.value, parcel, assignment) as sandbox:
        tree = unpack(parcel, assignment, sandbox)
        if not targets:
            name = re.sub(r"[^\w.-]+", "_", tree.name)
            folder = Path("runs") / "grades" / assignment.id / f"{name}-{tree.sha256[:8]}"
            targets = output.run_folder(folder)
            output.check_run_folder(folder)
        options = Options(isolation=isolation.value, parts=parts, sandbox=sandbox)
        result, printed = grade_with_output(assignment, tree, options)
    try:
        output.write(targets, result, printed)
    finally:  # show the score even if the disk is full
        _show(result, verbose)
    for kind, path in targets.items():
        print(printable(f"{kind:<10} {path}"))
    return DONE if result.usable else FAULT


@app.command()
def skeleton(
    name: AnyName = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if src/ is out of date.")
    ] = False,
) -> int:
    """Generate src/, which students fill in, from solution/ (for staff)."""
    from grader.authoring import skeleton as skeletons

    if name is None and not check:
        raise UserError(
            f"skeleton: name an assignment ({', '.join(assignments.names())}), or use --check"
        )
    chosen = [assignments.find(name)] if name else assignments.all_assignments()
    if not check:
        changed = skeletons.write(chosen[0])
        for file in changed:
            print(f"{chosen[0].id}/{file} written")
        print(f"{chosen[0].id}: {len(changed)} files changed")
        return DONE
    wrong = [f"{each.id}/{line}" for each in chosen for line in skeletons.check(each)]
    for line in wrong:
        print(line)
    advice = "; `grader skeleton ASSIGNMENT` regenerates them" if wrong else ""
    print(f"{len(chosen)} skeletons checked, {len(wrong)} files differ{advice}")
    return FAILED if wrong else DONE


@app.command()
def audit(
    name: AnyName = None,
    full: Annotated[
        bool, typer.Option("--full", help="Run every mistake against the whole suite.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Cases at once; default: one per core.")
    ] = None,
) -> int:
    """Check a hidden suite: solution full marks, skeleton none, mistakes caught (for staff)."""
    chosen = [assignments.find(name)] if name else assignments.all_assignments()
    from grader.verdict.audit import audit as audit_suite

    sound = [audit_suite(each, full=full, jobs=jobs) for each in chosen]
    return DONE if all(sound) else FAILED


@app.command()
def doctor() -> int:
    """Report what this machine has, and how to get what it lacks."""
    from rich.console import Console

    from grader import doctor as examined

    findings = examined.examine()
    examined.show(findings, Console())
    return FAILED if any(finding.state is examined.State.BROKEN for finding in findings) else DONE


def _sandbox(
    isolation: str, parcel: Parcel, assignment: assignments.Assignment
) -> AbstractContextManager[Sandbox | None]:
    """The sandbox to read and grade a submission in; none for the checkout's own work."""
    if parcel.own:
        return nullcontext()
    from grader.boundary.sandbox import Sandbox, choose_isolation
    from grader.verdict.students import protected_folders

    kind, _ = choose_isolation(isolation, trusted=False)
    return Sandbox(kind, assignment.limits.threads, protected_folders())


def _parts(chosen: list[str] | None, assignment: assignments.Assignment) -> tuple[str, ...] | None:
    for part in chosen or ():
        if part not in assignment.part_titles:
            valid = ", ".join(assignment.part_titles)
            raise UserError(
                f"--part {part!r} is not a part of {assignment.id}: choose from {valid}"
            )
    return tuple(chosen) if chosen else None


def _show(result: Result, verbose: bool) -> None:
    from rich.console import Console

    from grader.report import terminal

    terminal.show(result, Console(), verbose)


def run(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code; a user's mistake is one line on stderr."""
    argv = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    command = typer.main.get_command(app)
    try:
        code = command.main(args=argv, prog_name="grader", standalone_mode=False) or DONE
        # typer turns Ctrl-C into an exit code and prints nothing
        return _error("stopped", INTERRUPTED) if code == INTERRUPTED else code
    except UserError as error:
        return _error(one_line(error), USAGE)
    except UsageError as error:  # an unknown verb or option
        verb = next((word for word in argv if not word.startswith("-")), "")
        known = verb if verb in getattr(command, "commands", ()) else ""
        return _error(
            f"{one_line(error.format_message())} See: grader {known} --help".replace("  ", " "),
            USAGE,
        )
    except (KeyboardInterrupt, typer.Abort):
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
