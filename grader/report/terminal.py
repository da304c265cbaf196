"""The result as a table in a terminal, for humans; fits from about 40 columns up."""

from __future__ import annotations

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from grader.report.words import (
    clean,
    explanation,
    groups,
    isolation,
    passed,
    points,
    summary,
    verdict,
)
from grader.verdict.result import FunctionResult, Outcome, Result, State, TestResult

# Sign and style; the outcome's word is next to it, so colour is never the only sign.
SIGNS = {
    Outcome.PASSED: ("+", "green"),
    Outcome.CARRIED: ("+", "green"),
    Outcome.FAILED: ("x", "red"),
    Outcome.ERROR: ("x", "red"),
    Outcome.TIMEOUT: ("x", "yellow"),
    Outcome.MEMORY: ("x", "yellow"),
    Outcome.CRASH: ("x", "yellow"),
    Outcome.NOT_IMPLEMENTED: ("-", "blue"),
    Outcome.NOT_RUN: ("-", "dim"),
    Outcome.GRADER_FAULT: ("!", "bold magenta"),
}

STYLES = {
    State.RIGHT: "green",
    State.WRONG: "red",
    State.NOT_WRITTEN: "blue",
    State.UNKNOWN: "dim",
}


def show(result: Result, console: Console, verbose: bool = False) -> None:
    """Prints the result; `verbose` adds the student's own frames and each test's seconds."""
    table = Table(title=clean(result.title), title_justify="left", show_lines=False)
    table.add_column("outcome")
    table.add_column("test", ratio=1, overflow="fold")
    table.add_column("points", justify="right", no_wrap=True)
    titles = {part.id: part for part in result.parts}
    for part in dict.fromkeys([*titles, *(test.part for test in result.tests)]):
        table.add_section()
        row = titles.get(part)
        table.add_row(
            "",
            Text(clean(f"{part}  {row.title if row else 'other tests'}"), style="bold"),
            Text(_of(row.score, row.max_score) if row else "", style="bold"),
        )
        for group in groups(result, part):
            if group.function is not None:
                table.add_row("", _function(group.function))
            for test in group.tests:
                table.add_row(_outcome(test), _told(test, verbose), _of(test.score, test.max_score))
    console.print(table)
    _footer(result, console)


def _footer(result: Result, console: Console) -> None:
    style = "bold red" if not result.usable else "bold"
    console.print(
        Text(f"{points(result.score)} of {points(result.max_score)} points", style=style),
        Text(summary(result), style=style if not result.usable else ""),
    )
    for note in result.submission.notes:
        console.print(Text(f"note: {clean(note)}", style="dim"))
    for fault in result.faults:  # for staff; the student's page does not show them
        console.print(Text(f"fault: {clean(fault)}", style="magenta"))
    if result.isolation.warning:
        console.print(Text(f"warning: {clean(result.isolation.warning)}", style="yellow"))
    name, sha = clean(result.submission.name), result.submission.sha256[:12]
    line = f"{name} (sha256 {sha}), isolation: {isolation(result)}, {result.seconds:.1f} s"
    console.print(Text(line, style="dim"))


def _function(function: FunctionResult) -> Text:
    line = Text(f"your {clean(function.name)}: ", style="bold")
    return line.append(verdict(function), style=STYLES[function.state])


def _outcome(test: TestResult) -> Text:
    sign, style = SIGNS[test.outcome]
    return Text(f"{sign} {test.outcome}", style=style)


def _told(test: TestResult, verbose: bool) -> Group:
    lines = [Text(clean(test.title))]
    if not passed(test):
        lines.append(Text(explanation(test), style=SIGNS[test.outcome][1]))
        if test.hint:
            lines.append(Text(f"hint: {clean(test.hint)}", style="italic"))
    if verbose:
        for frame in test.frames:
            where = f"{frame.file}:{frame.line} in {frame.function}"
            lines.append(Text(clean(f"{where}\n    {frame.source.strip()}"), style="dim"))
        lines.append(Text(clean(f"{test.name}, {test.seconds:.2f} s"), style="dim"))
    return Group(*lines)


def _of(score: float, max_score: float) -> str:
    return f"{points(score)}/{points(max_score)}"
