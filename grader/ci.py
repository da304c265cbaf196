"""The public tests of the assignments in a repository, for CI: `grader ci`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course.errors import UserError, one_line
from course.files import make_folder, write_all
from grader.assignment import Assignment
from grader.errors import Refused
from grader.report import ci as report
from grader.report import junit as junit_report
from grader.verdict.result import Result


@dataclass(frozen=True)
class Checked:
    """What the public tests showed of one assignment."""

    assignment: Assignment
    line: str  # for the log
    wrong: bool
    result: Result | None = None  # None if its files were refused


def check(assignment: Assignment, annotations: bool = False) -> Checked:
    """Runs the public tests on src/; prints annotations as it goes."""
    from grader.intake.submission import take
    from grader.verdict.check import check as check_public

    try:
        result = check_public(assignment, take(assignment.src.resolve(), assignment))
    except Refused as error:
        return Checked(assignment, f"{assignment.id}: {one_line(error)}", wrong=True)
    if annotations:
        for line in report.commands(result):
            print(line)
    wrong = not result.usable or report.is_wrong(result)
    return Checked(assignment, f"{assignment.id}: {_words(result, wrong)}", wrong, result)


def _words(result: Result, wrong: bool) -> str:
    if not report.is_begun(result):
        return "not begun"
    full = sum(test.outcome.is_full for test in result.tests)
    state = "something is wrong" if wrong else "nothing is wrong"
    return f"{full} of {len(result.tests)} public tests passed, {state}"


def write(outcomes: Sequence[Checked], summary: Path | None, junit: Path | None) -> None:
    """Appends the Markdown to `summary`, writes XML into `junit`. Raises UserError."""
    if summary:
        _append(summary, "\n".join(map(_markdown, outcomes)))
    if junit:
        results = [outcome.result for outcome in outcomes if outcome.result is not None]
        texts = {f"{each.assignment}.xml": junit_report.render(each) for each in results}
        write_all(junit, {name: text.encode() for name, text in texts.items()})


def _markdown(outcome: Checked) -> str:
    if outcome.result is None or not report.is_begun(outcome.result):
        return f"## {outcome.assignment.title}\n\n{outcome.line}\n"
    return report.markdown(outcome.result)


def _append(path: Path, text: str) -> None:
    """GitHub's file may hold what an earlier step wrote."""
    try:
        make_folder(path.parent)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
