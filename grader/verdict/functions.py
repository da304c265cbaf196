"""What the tests show of each function that students write, and what they say of one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from grader.verdict.blame import Blamer, Failure
from grader.verdict.diagnosis import Diagnoser
from grader.verdict.result import FunctionResult, Outcome, State, TestResult


def explained(results: Sequence[TestResult], blamer: Blamer) -> list[TestResult]:
    """The results with who is to blame for each failure."""
    failures = {failure.test: failure for failure in blamer.failures}
    return [
        _explained(test, failures[test.name], blamer) if test.name in failures else test
        for test in results
    ]


def _explained(test: TestResult, failure: Failure, blamer: Blamer) -> TestResult:
    test = replace(test, blame=tuple(_in_order(failure.blame, blamer)))
    if test.outcome is Outcome.CARRIED:
        return replace(test, message=_carried(test, blamer), frames=())
    if failure.about in blamer.impossible:
        what = f"it cannot be tried alone: {blamer.impossible[failure.about]}"
        return replace(test, message=f"{test.message}; {what}")
    if failure.together:
        own = blamer.alone(failure.test, failure.about)
        company = "with your other functions" if own and own.outcome.is_full else "together"
        each = " each" if len(test.about) > 1 else ""
        what = f"{_and(test.about)} {_are(test.about)}{each} right alone, and wrong {company}"
        return replace(test, message=f"{test.message}; {what}")
    return test


def _carried(test: TestResult, blamer: Blamer) -> str:
    """Why a test that failed has its points."""
    right = f"full marks here: your {_and(test.about)} {_are(test.about)} right"
    units = [name for name in test.blame if name in blamer.grafts.units]
    unwritten = [name for name in units if name in blamer.survey.unwritten]
    if not test.blame:
        return f"{right}; no other function of yours fails this test alone"
    if not units:
        return f"{right}; the given code of {_and(test.blame)} was changed"
    on = f"{_and(test.blame)}, on which {_it_rests(test.about)},"
    if unwritten == units:
        return f"{right}; {on} {_are(units)} not written yet"
    parts = sorted({blamer.grafts.units[name].part for name in units})
    return f"{right}; {on} {_are(units)} judged under {_and(parts)}"


def functions(
    results: Sequence[TestResult], blamer: Blamer, learnt: Callable[[], Diagnoser]
) -> tuple[FunctionResult, ...]:
    """Each function's state, and its mistake if that is known, in the handout's order.

    learnt: reads what was learnt of mistakes, only if a function is wrong.
    """
    units = blamer.grafts.units
    states = {name: _state(name, results, blamer) for name in units}
    wrong = [name for name, state in states.items() if state is State.WRONG]
    diagnoser = learnt() if wrong else Diagnoser()
    said = {name: diagnoser.sentence(name, blamer) for name in wrong}
    return tuple(
        FunctionResult(name, unit.part, states[name], said.get(name, ""))
        for name, unit in units.items()
    )


def _state(name: str, results: Sequence[TestResult], blamer: Blamer) -> State:
    if any(name in test.blame for test in results):
        return State.NOT_WRITTEN if name in blamer.survey.unwritten else State.WRONG
    own = [test for test in results if name in test.about]
    lost = [test for test in own if not test.outcome.is_full]
    if not own or any(not blamer.grafts.units.keys() & set(test.blame) for test in lost):
        return State.UNKNOWN
    return State.RIGHT


def _in_order(names: Iterable[str], blamer: Blamer) -> list[str]:
    order = {name: place for place, name in enumerate(blamer.grafts.units)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _it_rests(about: Sequence[str]) -> str:
    return "they rest" if len(about) > 1 else "it rests"


def hinted(
    results: Sequence[TestResult], functions: Sequence[FunctionResult], shown: str
) -> list[TestResult]:
    """The results without the hints that students are not to see.

    shown: "sentence" gives way to the name of a mistake, "hint" shows every hint, "none" no hint.
    """
    named = {function.name for function in functions if function.diagnosis}
    drop = {"sentence": named, "hint": set(), "none": {name for t in results for name in t.about}}
    return [
        replace(test, hint="") if drop[shown] & {*test.blame, *test.about} else test
        for test in results
    ]
