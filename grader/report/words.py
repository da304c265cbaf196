"""Words and numbers that the reports share."""

from __future__ import annotations

import unicodedata

from grader.verdict.result import Outcome, Result, TestResult

# Control, format and half characters, odd line ends: a terminal would obey them, XML forbids some.
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

EXPLAINED = {
    Outcome.PASSED: "",
    Outcome.FAILED: "Your code gave a wrong answer.",
    Outcome.ERROR: "Your code raised an exception.",
    Outcome.TIMEOUT: "Your code did not answer in time.",
    Outcome.MEMORY: "Your code exceeded its memory limit.",
    Outcome.CRASH: "Your code's process ended, or sent a malformed reply.",
    Outcome.NOT_IMPLEMENTED: "The TODO is still there.",
    Outcome.NOT_RUN: "The submission's total time ran out before this test.",
    Outcome.GRADER_FAULT: "The grader itself failed here. This is not your code's fault.",
}


def clean(text: str) -> str:
    """`text` with unprintable characters escaped; line breaks stay, and tabs become spaces."""
    return "".join(
        letter
        if letter == "\n" or unicodedata.category(letter) not in UNPRINTABLE
        else letter.encode("unicode_escape").decode()
        for letter in text.expandtabs(4)
    )


def points(value: float) -> str:
    """12.0 -> "12", 7.25 -> "7.25": at most two places."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def passed(test: TestResult) -> bool:
    """Whether the test is passed; nothing else counts as passed."""
    return test.outcome is Outcome.PASSED


def explanation(test: TestResult) -> str:
    """What went wrong: the test's own message, or what its outcome means."""
    return clean(test.message.strip()) or EXPLAINED[test.outcome]


def summary(result: Result) -> str:
    """The result in one sentence."""
    if not result.usable:
        return "The grader itself failed: this grade must not be used."
    done = sum(map(passed, result.tests))
    counted = f"{done} of {len(result.tests)} tests passed"
    if done == len(result.tests):
        return f"{counted}: everything works."
    part = max(result.parts, key=lambda part: part.max_score - part.score, default=None)
    if part is None or part.max_score <= part.score:
        return f"{counted}."
    missing = points(part.max_score - part.score)
    return f"{counted}. Part {clean(part.id)} has the most points left: {missing}."


def isolation(result: Result) -> str:
    """How student code was isolated, in one line."""
    layers = ", ".join(result.isolation.layers)
    return clean(f"{result.isolation.kind} ({layers})" if layers else result.isolation.kind)
