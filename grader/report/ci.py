"""A result for CI: a Markdown summary, and GitHub's annotations at the lines that went wrong.

GitHub shows what is appended to the file $GITHUB_STEP_SUMMARY, and reads annotations from a step's
output (`::error file=src/model.py,line=3,title=...::message`; its docs, "Workflow commands").
"""

from __future__ import annotations

import re

from grader.report.words import clean, explanation, full, points, summary
from grader.verdict.result import Outcome, Result, TestResult

OPEN = (Outcome.NOT_IMPLEMENTED, Outcome.NOT_RUN)  # says nothing about what is written
SIGNS = {Outcome.NOT_IMPLEMENTED: "to do", Outcome.GRADER_FAULT: "grader fault"}


def is_wrong(result: Result) -> bool:
    """Whether something that the student wrote is wrong; a TODO that still stands is not."""
    return any(not full(test) and test.outcome not in OPEN for test in result.tests)


def is_begun(result: Result) -> bool:
    """Whether any test met something else than a TODO."""
    return any(test.outcome not in OPEN for test in result.tests)


def markdown(result: Result) -> str:
    """The summary of one assignment, as Markdown."""
    lines = [f"## {_text(result.title)}", ""]
    if result.usable:
        score = f"{points(result.score)} of {points(result.max_score)} public points"
        lines += [f"**{score}.** {_text(summary(result))}", ""]
    else:
        lines += [f"**{_text(summary(result))}**", ""]
    lines += ["| part | test | outcome | points |", "|---|---|---|---|"]
    lines += [_row(test) for test in result.tests]
    return "\n".join(lines) + "\n"


def _row(test: TestResult) -> str:
    outcome = SIGNS.get(test.outcome, str(test.outcome))
    said = [test.title] if full(test) or test.outcome in OPEN else [test.title, explanation(test)]
    if len(said) > 1 and test.hint:
        said.append(f"Hint: {test.hint}")
    score = f"{points(test.score)}/{points(test.max_score)}"
    return f"| {_text(test.part)} | {'<br>'.join(map(_text, said))} | {outcome} | {score} |"


def _text(text: str) -> str:
    """Plain text inside Markdown: none of it is read as markup, and it stays in its cell."""
    text = re.sub(r"([\\`*_{}\[\]<>()#+!|~$@&])", r"\\\1", clean(text))
    return "<br>".join(text.splitlines())


def commands(result: Result) -> list[str]:
    """One workflow command for each test that shows a mistake, at the student's last line."""
    return [
        _annotation(result, test)
        for test in result.tests
        if not full(test) and test.outcome not in OPEN
    ]


def _annotation(result: Result, test: TestResult) -> str:
    values = {"title": f"{test.part}: {test.title}"}
    if test.frames:
        frame = test.frames[-1]
        values = {"file": f"{result.assignment}/{frame.file}", "line": str(frame.line)} | values
    properties = ",".join(f"{name}={_property(value)}" for name, value in values.items())
    message = "\n".join(filter(None, [explanation(test), test.hint]))
    return f"::error {properties}::{_data(clean(message))}"


def _data(text: str) -> str:
    """A command's message: what would end it is escaped, as GitHub's own toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")
