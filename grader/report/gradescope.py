"""Gradescope's results.json.

Public tests are visible at once; hidden ones once the grades are published, since a sentence such
as "the future does not leak" is half the answer for those who still work. A result that is not
usable has no score at all: Gradescope then reports a failed autograder instead of a grade.
"""

from __future__ import annotations

import json
from typing import Any

from grader.report.words import (
    clean,
    explanation,
    full,
    isolation,
    passed,
    points,
    summary,
    verdict,
)
from grader.verdict.result import Result, TestResult

VISIBILITY = {"public": "visible", "hidden": "after_published"}


def render(result: Result) -> str:
    """The JSON text of results.json."""
    value: dict[str, Any] = {
        "output": _output(result),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(result.seconds),
        "extra_data": {"schema": result.schema, "sha256": result.submission.sha256},
    }
    if result.usable:
        value["score"] = result.score
        value["tests"] = [_test(test) for test in result.tests]
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _output(result: Result) -> str:
    lines = [result.title, summary(result)]
    if result.usable:
        lines += [
            f"{part.id}: {part.title}: {points(part.score)} of {points(part.max_score)}"
            for part in result.parts
        ]
        lines += [f"your {each.name}: {verdict(each)}" for each in result.functions]
    lines += result.submission.notes
    lines += [f"isolation: {isolation(result)}", f"sha256: {result.submission.sha256}"]
    return clean("\n".join(lines))


def _test(test: TestResult) -> dict[str, Any]:
    frames = [
        f"{frame.file}:{frame.line} in {frame.function}: {frame.source}" for frame in test.frames
    ]
    lines = [explanation(test), test.hint, *frames] if not passed(test) else []
    return {
        "name": clean(test.title),
        "name_format": "text",
        "number": test.part,
        "score": test.score,
        "max_score": test.max_score,
        "status": "passed" if full(test) else "failed",
        "output": clean("\n".join([str(test.outcome), *filter(None, lines)])),
        "output_format": "text",
        "visibility": VISIBILITY.get(test.visibility, "hidden"),
    }
