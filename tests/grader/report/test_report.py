"""The reports: what a student reads in each, and that nothing of a student's text is obeyed."""

import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as XML

import pytest
from rich.console import Console

from grader.report import gradescope, html, junit, terminal
from grader.report import json as json_report
from grader.report.words import clean, points, summary
from grader.verdict.result import (
    Frame,
    Isolation,
    Outcome,
    Result,
    Submission,
    TestResult,
    score_parts,
    total,
)
from tests.programs import ROOT

PARTS = {"a": "The first part", "b": "The second part"}
ATTACK = (
    "<script>document.title='forged'</script></style><img src=x onerror=alert(1)>"
    "{{ 7 * 7 }} \x1b[2J\x00 \ud800 ‮ ]]> [red]markup[/red]"
)
FRAME = Frame(ATTACK, 7, ATTACK, f"    return {ATTACK}")


def made(outcome: Outcome, number: int = 0, **values: object) -> TestResult:
    """One test of three points with an outcome, and a sentence of its own."""
    fields: dict = {
        "name": f"test_toy.py::test_{number}",
        "title": f"Sentence {number} about {outcome}.",
        "part": "a" if number < 4 else "b",
        "visibility": "hidden" if number % 2 else "public",
        "outcome": outcome,
        "score": 3.0 if outcome is Outcome.PASSED else 0.0,
        "max_score": 3.0,
        "hint": "" if outcome is Outcome.PASSED else f"Hint {number}.",
        "seconds": 0.25,
    }
    return TestResult(**fields | values)


def result(*tests: TestResult, usable: bool = True) -> Result:
    """A result of these tests."""
    parts = score_parts(PARTS, tests)
    return Result(
        assignment="b1_toy",
        title="A toy assignment",
        submission=Submission("mywork", "ab" * 32, ("src/model.py",), ("src/x.py is missing",)),
        score=total([part.score for part in parts]),
        max_score=total([part.max_score for part in parts]),
        usable=usable,
        isolation=Isolation("sandbox", ("no network",), {"memory_mb": 2048}),
        parts=parts,
        tests=tests,
        seconds=1.5,
        versions={"python": "3.11.7"},
    )


@pytest.fixture
def every() -> Result:
    """One test of every outcome but a fault of the grader's."""
    outcomes = [outcome for outcome in Outcome if outcome is not Outcome.GRADER_FAULT]
    return result(*(made(outcome, number) for number, outcome in enumerate(outcomes)))


@pytest.fixture
def hostile() -> Result:
    """A result in which every text that a student has a hand in is an attack."""
    test = made(Outcome.ERROR, message=ATTACK, hint=ATTACK, title=f"Title {ATTACK}")
    base = result(replace(test, frames=(FRAME,)))
    submission = Submission(ATTACK, "ab" * 32, (ATTACK,), (ATTACK,))
    return replace(base, submission=submission, title=f"Toy {ATTACK}")


@pytest.fixture
def fault() -> Result:
    """A result that nobody may use."""
    return result(made(Outcome.PASSED), made(Outcome.GRADER_FAULT, 1), usable=False)


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
        assert str(test.outcome) in text
        if kind != "junit" or test.outcome is not Outcome.PASSED:  # which names them by function
            assert test.title in text
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
        assert "this grade is not to be used" in text.lower()


@pytest.mark.parametrize("kind", RENDERED)
def test_every_report_of_no_tests_at_all(kind: str) -> None:
    """Nothing divides by the points."""
    assert RENDERED[kind](result())


def test_points_and_words() -> None:
    """Numbers as a human writes them; what cannot be printed as an escape."""
    assert [points(value) for value in (0, 12.0, 7.25, 100.0, 0.1 + 0.2, 10)] == [
        "0", "12", "7.25", "100", "0.3", "10",
    ]  # fmt: skip
    assert clean("a\tb\nc\x1b[0m\ud800⁇□") == "a   b\nc\\x1b[0m\\ud800⁇□"


def test_the_summary_says_where_points_are(every: Result) -> None:
    """One sentence for each kind of result."""
    assert summary(every) == ("1 of 8 tests passed. Part b has the most points left: 12.")
    assert summary(result(made(Outcome.PASSED))) == "1 of 1 tests passed: everything works."


def test_json_is_the_schema(every: Result) -> None:
    """The keys that docs/result.md lists, and back to the same value."""
    text = json_report.render(every)
    value = json.loads(text)
    path = ROOT / "docs" / "result.md"
    documented = path.read_text(encoding="utf-8")
    listed = set(re.findall(r"`([a-z_0-9]+)`", documented))
    keys = set(value) | {key for kind in ("submission", "isolation") for key in value[kind]}
    keys |= {key for test in value["tests"] for key in test} | {"file", "line", "function"}
    assert keys <= listed
    assert value["schema"] in documented
    assert {outcome.value for outcome in Outcome} <= set(
        re.findall(r"^\| `([a-z ]+)` \|", documented, re.MULTILINE)
    )
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
    with pytest.raises(ValueError, match=r"not a whole result.*surprise"):
        json_report.parse(json.dumps(value | {"surprise": 1}))
    del value["isolation"]
    with pytest.raises(ValueError, match=r"not a whole result.*isolation"):
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
    assert counts == ["8", "2", "4", "1"]


def test_junit_of_hostile_text_is_sound(hostile: Result) -> None:
    """It parses, and the attack is text in it."""
    root = XML.fromstring(junit.render(hostile))
    (error,) = root.iter("error")
    assert "<script>" in (error.text or "")
    assert not list(root.iter("script"))


def test_gradescope(every: Result) -> None:
    """Points, status and visibility as Gradescope reads them."""
    value = json.loads(gradescope.render(every))
    assert value["score"] == 3.0
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
    failed = by_name["Sentence 1 about failed."]
    assert (failed["status"], failed["visibility"]) == ("failed", "after_published")
    assert "Hint 1." in failed["output"]


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
    assert "3 of 24 points" in " ".join(lines)


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


class Elements(HTMLParser):
    """Notes every element with its attributes, and all text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_is_self_contained(every: Result) -> None:
    """No script, no handler, nothing from elsewhere, and a policy that forbids all of it."""
    page = Elements(html.render(every))
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img", "link", "iframe"})
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith("#")
    policies = [
        attributes["content"]
        for _, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ]
    assert "@import" not in html.render(every)
    assert "url(" not in html.render(every)


def test_the_page_has_the_same_elements_whatever_the_student_wrote(hostile: Result) -> None:
    """An attack adds text and no element."""
    harmless = replace(
        hostile,
        title="x",
        submission=Submission("x", "ab" * 32, ("x",), ("x",)),
        tests=tuple(
            replace(test, title="x", message="x", hint="x", frames=(Frame("x", 7, "x", "x"),))
            for test in hostile.tests
        ),
    )
    page, expected = Elements(html.render(hostile)), Elements(html.render(harmless))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in expected.elements]
    assert "<script>document.title='forged'</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text


def test_the_page_names_what_was_graded_and_how(every: Result) -> None:
    """Files, notes, sha256, isolation and versions stand in its footer."""
    text = Elements(html.render(every)).text
    for word in (
        "src/model.py",
        "src/x.py is missing",
        "ab" * 32,
        "sandbox (no network)",
        "3.11.7",
    ):
        assert word in text
    assert "memory_mb 2048" in text


def test_banners(every: Result, fault: Result) -> None:
    """Red for a grade that is not to be used, another for a weaker isolation, none otherwise."""
    weak = replace(every, isolation=Isolation("process", warning="No sandbox here."))
    assert 'class="banner' not in html.render(every)
    assert 'class="banner stop"' in html.render(fault)
    assert 'class="banner warn"' in html.render(weak)
    assert "No sandbox here." in html.render(weak)


def test_a_test_of_an_unknown_part_is_shown() -> None:
    """Nothing that was run is left out of a page."""
    stray = made(Outcome.FAILED, 1, part="z")
    assert stray.title in html.render(result(stray))
    assert stray.title in junit.render(result(stray))
    assert stray.title in terminal_text(result(stray))


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., str]:
    """Opens a page in a headless Chromium; skips where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed: a page cannot be rendered here")

    def open_page(page: str, *flags: str) -> str:
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", *flags, path.as_uri(),
        ]  # fmt: skip
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    return open_page


def test_a_browser_renders_the_page(
    browse: Callable[..., str], every: Result, hostile: Result, tmp_path: Path
) -> None:
    """Score and sentences are in the browser's document, and a script in a message is inert."""
    told = Elements(browse(html.render(every), "--dump-dom")).text
    assert "3 of 24 points" in told
    for test in every.tests:
        assert test.title in told
    document = browse(html.render(hostile), "--dump-dom")
    page = Elements(document)
    title = re.search(r"<title>(.*?)</title>", document, re.DOTALL)
    assert title and title[1].startswith("0/3: ")  # not "forged"
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img"})
    assert "<script>document.title='forged'</script>" in page.text
    picture = tmp_path / "page.png"
    browse(html.render(every), f"--screenshot={picture}", "--window-size=1100,1600")
    assert picture.read_bytes().startswith(b"\x89PNG")
