"""The reports: what a student reads in each, and that nothing of a student's text is obeyed."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as XML

import pytest
from rich.console import Console

from grader.report import gradescope, html, junit, terminal
from grader.report import json as json_report
from grader.report.words import clean, points, summary
from grader.verdict.result import Outcome, Result, State
from tests.grader.report.results import FULL, function, made, result
from tests.programs import ROOT


def terminal_text(shown: Result, width: int = 100, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width)
    terminal.show(shown, console, verbose)
    return console.file.getvalue()  # type: ignore[attr-defined]


RENDERED: dict[str, Callable[[Result], str]] = {
    "json": json_report.render,
    "html": html.render,
    "junit": junit.render,
    "gradescope": gradescope.render,
    "terminal": terminal_text,
}


@pytest.mark.parametrize("kind", RENDERED)
def test_every_report_tells_every_test(every: Result, kind: str) -> None:
    """Each sentence is there, with its outcome's word and the hint of what is not passed."""
    text = RENDERED[kind](every)
    for test in every.tests:
        if kind != "junit" or test.outcome not in FULL:  # which names those by function
            assert test.title in text
            assert str(test.outcome) in text
        assert test.hint in text


@pytest.mark.parametrize("kind", RENDERED)
def test_every_report_can_be_written(hostile: Result, kind: str) -> None:
    """Half characters and control characters come to no file and no terminal as they are."""
    text = RENDERED[kind](hostile)
    assert text.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff‮]", text)


@pytest.mark.parametrize("kind", RENDERED)
def test_every_report_says_that_a_grade_is_not_to_be_used(fault: Result, kind: str) -> None:
    """In words, or in JSON's `usable`."""
    text = RENDERED[kind](fault)
    if kind == "json":
        assert json.loads(text)["usable"] is False
    else:
        assert "this grade must not be used" in text.lower()


@pytest.mark.parametrize("kind", RENDERED)
def test_every_report_of_no_tests_at_all(kind: str) -> None:
    """Nothing divides by the points."""
    assert RENDERED[kind](result())


def test_points_and_words() -> None:
    """Numbers as a human writes them; what cannot be printed as an escape."""
    written = [points(value) for value in (0, 12.0, 7.25, 100.0, 0.1 + 0.2, 10)]
    assert written == ["0", "12", "7.25", "100", "0.3", "10"]
    assert clean("a\tb\nc\x1b[0m\ud800⁇□") == "a   b\nc\\x1b[0m\\ud800⁇□"


def test_the_summary_says_where_points_are(every: Result) -> None:
    """One sentence for each kind of result."""
    assert summary(every) == (
        "1 of 9 tests passed, 1 more has full marks. Part b has the most points left: 15."
    )
    assert summary(result(made(Outcome.PASSED))) == "1 of 1 tests passed: everything works."
    carried = result(made(Outcome.CARRIED), made(Outcome.CARRIED, 1))
    assert summary(carried) == "0 of 2 tests passed, 2 more have full marks."


def test_json_is_the_schema(every: Result) -> None:
    """The keys that docs/result.md lists, and back to the same value."""
    every = replace(every, functions=(function("mean"),))
    text = json_report.render(every)
    value = json.loads(text)
    path = ROOT / "docs" / "result.md"
    documented = path.read_text(encoding="utf-8")
    listed = set(re.findall(r"`([a-z_0-9]+)`", documented))
    keys = set(value) | {key for kind in ("submission", "isolation") for key in value[kind]}
    keys |= {key for kind in ("tests", "functions") for row in value[kind] for key in row}
    keys |= {"file", "line", "function"}
    assert keys <= listed
    assert value["schema"] in documented
    words = set(re.findall(r"^\| `([a-z ]+)` \|", documented, re.MULTILINE))
    assert {word.value for kind in (Outcome, State) for word in kind} <= words
    assert json_report.parse(text) == every


def test_json_keeps_what_cannot_be_encoded(hostile: Result) -> None:
    """A half character in a message comes back as it was."""
    text = json_report.render(hostile)
    assert text.isascii()
    assert json_report.parse(text) == hostile


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema": "other/1"}', "no json"])
def test_json_of_something_else_is_refused(text: str) -> None:
    """By one kind of error."""
    with pytest.raises(ValueError):
        json_report.parse(text)


def test_json_of_a_part_of_a_result_is_refused(every: Result) -> None:
    """A key that is missing or unknown is named."""
    value = json.loads(json_report.render(every))
    with pytest.raises(ValueError, match=r"not a complete result.*surprise"):
        json_report.parse(json.dumps(value | {"surprise": 1}))
    del value["isolation"]
    with pytest.raises(ValueError, match=r"not a complete result.*isolation"):
        json_report.parse(json.dumps(value))


def test_junit_counts(every: Result) -> None:
    """One testsuite a part; failures, errors and skipped tests add up and are not mixed."""
    root = XML.fromstring(junit.render(every))
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["a: The first part", "b: The second part"]
    for element in (root, *suites):
        for attribute, tag in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(element.get(attribute, "")) == len(element.findall(f".//{tag}"))
        assert int(element.get("tests", "")) == len(element.findall(".//testcase"))
    counts = [root.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["9", "2", "4", "1"]


def test_junit_of_hostile_text_is_sound(hostile: Result) -> None:
    """It parses, and the attack is text in it."""
    root = XML.fromstring(junit.render(hostile))
    (error,) = root.iter("error")
    assert "<script>" in (error.text or "")
    assert not list(root.iter("script"))


def test_gradescope(every: Result) -> None:
    """Points, status and visibility as Gradescope reads them."""
    value = json.loads(gradescope.render(every))
    assert value["score"] == 6.0
    assert value["output_format"] == "text"
    by_name = {test["name"]: test for test in value["tests"]}
    assert by_name["Sentence 0 about passed."] == {
        "name": "Sentence 0 about passed.",
        "name_format": "text",
        "number": "a",
        "score": 3.0,
        "max_score": 3.0,
        "status": "passed",
        "output": "passed",
        "output_format": "text",
        "visibility": "visible",
    }
    broken = by_name["Sentence 3 about error."]
    assert (broken["status"], broken["visibility"]) == ("failed", "after_published")
    assert "Hint 3." in broken["output"]


def test_gradescope_gives_no_score_that_is_not_to_be_used(fault: Result) -> None:
    """Without one, Gradescope reports a failed autograder."""
    value = json.loads(gradescope.render(fault))
    assert "score" not in value
    assert "tests" not in value


@pytest.mark.parametrize("width", [40, 60, 120])
def test_the_terminal_fits_its_width(every: Result, width: int) -> None:
    """No line is wider than the terminal, and no word is lost."""
    lines = terminal_text(every, width).splitlines()
    assert max(map(len, lines)) <= width
    assert "6 of 27 points" in " ".join(lines)


def test_the_terminal_shows_frames_when_asked(hostile: Result) -> None:
    """Text as it is: no markup, no escape sequence."""
    assert ":7 in" not in terminal_text(hostile, 300)
    told = terminal_text(hostile, 300, verbose=True)
    assert ":7 in" in told
    assert "[red]markup[/red]" in told
    assert "\x1b" not in told


def test_staff_see_the_graders_own_errors_and_students_do_not(fault: Result) -> None:
    """They may quote a hidden suite."""
    told = replace(fault, faults=("KeyError: 'the hidden answer'",))
    assert "the hidden answer" in terminal_text(told)
    for kind in ("html", "junit", "gradescope"):
        assert "the hidden answer" not in RENDERED[kind](told)


@pytest.mark.parametrize("kind", ["junit", "terminal"])
def test_a_test_of_an_unknown_part_is_shown(kind: str) -> None:
    """Nothing that was run is left out of a report."""
    stray = made(Outcome.FAILED, 1, part="z")
    assert stray.title in RENDERED[kind](result(stray))
