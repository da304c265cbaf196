"""What reports say of each function: its state, its mistake, and points that are carried."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as XML

import pytest

from grader.report import gradescope, html, junit
from grader.verdict.result import Outcome, Result, State
from tests.grader.report.results import ATTACK, Elements, function, made, result
from tests.grader.report.test_report import terminal_text

SENTENCE = "Twice the number instead of its square."
CARRIED = "full marks here: your area is right; square, on which it rests, is judged under a"


def page(shown: Result) -> str:
    return Elements(html.render(shown)).text.replace(" :", ":")


def xml(shown: Result) -> str:
    """All that JUnit's file says: properties, messages and texts."""
    elements = list(XML.fromstring(junit.render(shown)).iter())
    said = [f"{e.get('name')}: {e.get('value')}" for e in elements]
    return " ".join([*said, *(e.text or "" for e in elements)])


def all_output(shown: Result) -> str:
    value = json.loads(gradescope.render(shown))
    return "\n".join([value["output"], *(test["output"] for test in value["tests"])])


SAID: dict[str, Callable[[Result], str]] = {
    "terminal": lambda shown: terminal_text(shown, width=200),
    "html": page,
    "junit": xml,
    "gradescope": all_output,
}


@pytest.fixture(name="judged")
def _judged() -> Result:
    """A wrong function, a right one on it, one that is not written and one without a test."""
    tests = (
        made(Outcome.FAILED, 0, about=("square",), blame=("square",), message="It is wrong."),
        made(Outcome.CARRIED, 1, about=("area",), blame=("square",), message=CARRIED),
        made(Outcome.NOT_IMPLEMENTED, 2, about=("Scale.apply",), blame=("Scale.apply",)),
        made(Outcome.PASSED, 3, about=("area",)),
    )
    states = {"area": State.RIGHT, "Scale.apply": State.NOT_WRITTEN, "total": State.UNKNOWN}
    others = (function(name, state) for name, state in states.items())
    return result(*tests, functions=(function("square", State.WRONG, SENTENCE), *others))


@pytest.mark.parametrize("kind", SAID)
def test_every_report_says_what_each_tested_function_is(judged: Result, kind: str) -> None:
    said = SAID[kind](judged).lower()
    assert f"your square: wrong: {SENTENCE.lower()}" in said
    assert "your area: right" in said
    assert "your scale.apply: not yet written" in said


@pytest.mark.parametrize("kind", SAID)
def test_a_wrong_function_without_a_known_mistake_has_no_sentence(
    judged: Result, kind: str
) -> None:
    plain = replace(judged, functions=(function("square", State.WRONG), *judged.functions[1:]))
    said = SAID[kind](plain).lower()
    assert "your square: wrong" in said
    assert "your square: wrong:" not in said


@pytest.mark.parametrize("kind", SAID)
def test_a_carried_test_says_why_it_has_its_points(judged: Result, kind: str) -> None:
    """It is not counted as passed, nor as a failure."""
    assert CARRIED in SAID[kind](judged)
    if kind != "junit":  # which has no such word
        assert "carried" in SAID[kind](judged)
    assert "1 of 4 tests passed, 1 more has full marks" in SAID[kind](judged)


def test_gradescope_counts_a_carried_test_as_passed(judged: Result) -> None:
    value = json.loads(gradescope.render(judged))
    test = value["tests"][1]
    assert (test["status"], test["score"], test["max_score"]) == ("passed", 3, 3)
    assert test["output"] == f"carried\n{CARRIED}"
    assert (value["score"], [each["status"] for each in value["tests"]].count("passed")) == (6, 2)


def test_junit_counts_a_carried_test_as_neither_failure_nor_error(judged: Result) -> None:
    root = XML.fromstring(junit.render(judged))
    case = next(case for case in root.iter("testcase") if case.get("name") == "test_1")
    assert [(child.tag, child.text) for child in case] == [("system-out", CARRIED)]
    assert [root.get(name) for name in ("failures", "errors", "skipped")] == ["2", "0", "0"]


def test_functions_stand_over_their_tests(judged: Result) -> None:
    """In the page and in the terminal, in the order of their first tests."""
    for said in (page(judged).lower(), terminal_text(judged, 200).lower()):
        places = [said.index(word) for word in ("your square", "your area", "your scale.apply")]
        assert places == sorted(places)
        tests = [said.index(f"sentence {number}") for number in (0, 1, 3, 2)]
        assert tests == sorted(tests)
        assert places[0] < tests[0] < places[1] < tests[1] < tests[2] < places[2] < tests[3]
        assert said.count("your area:") == 1


def test_a_test_about_two_functions_stands_under_the_one_to_blame() -> None:
    test = made(Outcome.FAILED, 0, about=("area", "total"), blame=("total",))
    functions = (function("area"), function("total", State.WRONG))
    said = terminal_text(result(test, functions=functions), 200)
    assert "your total: wrong" in said
    assert "your area" not in said


def test_a_result_without_functions_shows_none() -> None:
    """As of public tests, or of a suite whose tests are about nothing."""
    for kind in SAID:
        assert "your " not in SAID[kind](result(made(Outcome.PASSED), made(Outcome.FAILED, 1)))


def test_the_filter_counts_full_marks(judged: Result) -> None:
    """A carried test is done: nothing is left to do in it."""
    text = page(judged)
    assert "All tests: 4" in text
    assert "To do: 2" in text
    assert "Full marks: 2" in text
    page_text = html.render(judged)
    assert page_text.count('<article class="test is-done">') == 2
    assert page_text.count('<article class="test is-open">') == 2


def test_the_filter_keeps_the_headings_of_functions_that_have_something_to_do(
    judged: Result,
) -> None:
    text = html.render(judged)
    assert re.findall('<div class="function ([a-z-]+)"', text) == ["is-open", "is-done", "is-open"]


@pytest.mark.parametrize("kind", SAID)
def test_a_functions_name_and_a_diagnosis_are_escaped(kind: str) -> None:
    """Both come from the course, but nothing that a report shows is trusted."""
    test = made(Outcome.FAILED, 0, about=(ATTACK,), blame=(ATTACK,))
    shown = result(test, functions=(function(ATTACK, State.WRONG, ATTACK),))
    said = SAID[kind](shown)
    assert "<script>document.title='forged'</script>" in said  # as text
    assert "{{ 7 * 7 }}" in said
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff‮]", said)
    if kind == "terminal":
        assert "[red]markup[/red]" in said


def test_an_attack_in_a_name_adds_no_element() -> None:
    def elements(text: str) -> list[str]:
        test = made(Outcome.FAILED, 0, about=(text,), blame=(text,), message=text)
        shown = result(test, functions=(function(text, State.WRONG, text),))
        return [tag for tag, _ in Elements(html.render(shown)).elements]

    assert elements(ATTACK) == elements("x")
    test = made(Outcome.CARRIED, 0, about=(ATTACK,), message=ATTACK)
    root = XML.fromstring(junit.render(result(test, functions=(function(ATTACK),))))
    assert not list(root.iter("script"))


@pytest.mark.parametrize("width", [40, 60, 120])
def test_functions_fit_the_terminals_width(judged: Result, width: int) -> None:
    text = terminal_text(judged, width)
    assert max(map(len, text.splitlines())) <= width
    assert "square" in text
