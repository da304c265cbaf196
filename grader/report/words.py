"""Words and numbers that the reports share."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from grader.verdict.result import FunctionResult, Outcome, Result, State, TestResult

# Control, format and half characters, odd line ends: a terminal would obey them, XML forbids some.
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

EXPLAINED = {
    Outcome.PASSED: "",
    Outcome.CARRIED: "Full marks: only what it rests on is wrong.",
    Outcome.FAILED: "Your code gave a wrong answer.",
    Outcome.ERROR: "Your code raised an exception.",
    Outcome.TIMEOUT: "Your code did not answer in time.",
    Outcome.MEMORY: "Your code exceeded its memory limit.",
    Outcome.CRASH: "Your code's process ended, or sent a malformed reply.",
    Outcome.NOT_IMPLEMENTED: "The TODO is still there.",
    Outcome.NOT_RUN: "The submission's total time ran out before this test.",
    Outcome.GRADER_FAULT: "The grader itself failed here. This is not your code's fault.",
}


STATES = {
    State.RIGHT: "right",
    State.WRONG: "wrong",
    State.NOT_WRITTEN: "not yet written",
    State.UNKNOWN: "not decided",
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


def full(test: TestResult) -> bool:
    """Whether the test has all its points: it is passed, or carried."""
    return test.outcome.is_full


def explanation(test: TestResult) -> str:
    """What went wrong: the test's own message, or what its outcome means."""
    return clean(test.message.strip()) or EXPLAINED[test.outcome]


def summary(result: Result) -> str:
    """The result in one sentence."""
    if not result.usable:
        return "The grader itself failed: this grade must not be used."
    done = sum(map(passed, result.tests))
    counted = f"{done} of {len(result.tests)} tests passed"
    carried = sum(map(full, result.tests)) - done
    counted += f", {carried} more {'has' if carried == 1 else 'have'} full marks" if carried else ""
    if done == len(result.tests):
        return f"{counted}: everything works."
    part = max(result.parts, key=lambda part: part.max_score - part.score, default=None)
    if part is None or part.max_score <= part.score:
        return f"{counted}."
    missing = points(part.max_score - part.score)
    return f"{counted}. Part {clean(part.id)} has the most points left: {missing}."


@dataclass(frozen=True)
class Group:
    """The tests of one part that are listed under one function."""

    function: FunctionResult | None
    tests: tuple[TestResult, ...]


def groups(result: Result, part: str) -> list[Group]:
    """The tests of a part by function, in the order of their first tests.

    A test stands under the function that makes it fail if it judges that one, else under the first
    that it judges.
    """
    known = {function.name: function for function in result.functions}
    tests: dict[str, list[TestResult]] = {}
    for test in result.tests:
        if test.part == part:
            own = [name for name in test.blame if name in test.about] or list(test.about)
            tests.setdefault(own[0] if own and own[0] in known else "", []).append(test)
    return [Group(known.get(name), tuple(each)) for name, each in tests.items()]


def verdict(function: FunctionResult) -> str:
    """A function's state in a few words, with the name of its mistake if that is known."""
    said = f": {function.diagnosis}" if function.diagnosis else ""
    return clean(f"{STATES[function.state]}{said}")


def isolation(result: Result) -> str:
    """How student code was isolated, in one line."""
    layers = ", ".join(result.isolation.layers)
    return clean(f"{result.isolation.kind} ({layers})" if layers else result.isolation.kind)
