"""The result as one self-contained HTML page, for the student.

Everything in it is escaped: names, messages and source lines are the student's and not trusted.
The page has no script, and its Content-Security-Policy lets none run; the filter by outcome
is CSS.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.report.templates import environment
from grader.report.words import (
    Group,
    explanation,
    full,
    groups,
    isolation,
    passed,
    points,
    summary,
    verdict,
)
from grader.verdict.result import Outcome, PartResult, Result, State, TestResult

# The icon and colour of an outcome; its word is next to it, so colour is never the only sign.
TONES = {
    Outcome.PASSED: "good",
    Outcome.CARRIED: "good",
    Outcome.FAILED: "bad",
    Outcome.ERROR: "bad",
    Outcome.TIMEOUT: "halt",
    Outcome.MEMORY: "halt",
    Outcome.CRASH: "halt",
    Outcome.NOT_IMPLEMENTED: "todo",
    Outcome.NOT_RUN: "idle",
    Outcome.GRADER_FAULT: "fault",
}

STATE_TONES = {
    State.RIGHT: "good",
    State.WRONG: "bad",
    State.NOT_WRITTEN: "todo",
    State.UNKNOWN: "idle",
}


@dataclass(frozen=True)
class Section:
    """One part with its tests."""

    part: PartResult
    groups: tuple[Group, ...]

    @property
    def tests(self) -> tuple[TestResult, ...]:
        """Its tests, function by function."""
        return tuple(test for group in self.groups for test in group.tests)

    @property
    def done(self) -> int:
        """How many of its tests have full marks."""
        return sum(map(full, self.tests))


def render(result: Result) -> str:
    """The page's text."""
    templates = environment("grader", "report")
    templates.filters.update(points=points, explanation=explanation, percent=percent)
    templates.filters["verdict"] = verdict
    templates.tests.update(passed=passed, full=full)
    return templates.get_template("page.html.jinja").render(
        result=result,
        sections=sections(result),
        summary=summary(result),
        isolation=isolation(result),
        tones=TONES | STATE_TONES,
        todo=sum(not full(test) for test in result.tests),
    )


def sections(result: Result) -> list[Section]:
    """The parts with their tests; tests of a part that the result does not list come last."""
    known = {part.id: part for part in result.parts}
    for test in result.tests:
        known.setdefault(test.part, PartResult(test.part, "Other tests", 0.0, 0.0))
    return [Section(part, tuple(groups(result, part.id))) for part in known.values()]


def percent(score: float, max_score: float) -> float:
    """The share of the points, 0 to 100; 0 if there are no points."""
    return round(min(max(100 * score / max_score, 0), 100), 2) if max_score > 0 else 0.0
