"""A known mistake is named: learnt from the suite's mistakes/, recognised by what the tests see."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox
from grader.verdict import diagnosis, patches
from grader.verdict.diagnosis import Diagnoser
from grader.verdict.grade import Options, grade
from grader.verdict.learn import learn, signs_in
from grader.verdict.result import Result
from tests.grader.verdict.toy import AREA, SQUARE, SUITE, by_name, functions, make, submission

DOUBLES = """
sentence = "Twice the number instead of its square."
parts = ["a"]
[[change]]
file = "src/numbers_.py"
function = "square"
replace = "x * x"
by = "2 * x"
"""
CUBES = DOUBLES.replace("2 * x", "x**3").replace("Twice the number", "The cube")
TWIN = DOUBLES.replace("2 * x", "x + x").replace("Twice the number", "The sum")
MORE = """
sentence = "One too many."
parts = ["b"]
[[change]]
file = "src/shapes.py"
function = "area"
replace = "square(side)"
by = "square(side) + 1"
"""
TWO = {"mistakes/doubles.toml": DOUBLES, "mistakes/more.toml": MORE}
SENTENCE = "Twice the number instead of its square."
INSTEAD = "return x * x + OFFSET"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_SECRET", "one")


def learnt(folder: Path, sandbox: Sandbox, **files: str) -> Assignment:
    """The toy with these mistakes, learnt with the secret "one"."""
    toy = make(folder, **files)
    known = [signs_in(toy, patch, sandbox) for patch in patches.read_all(toy.suite / "mistakes")]
    Diagnoser(tuple(known)).save(toy, "one")
    return toy


def said(toy: Assignment, *changes: tuple[str, str]) -> str:
    """What a submission with these changes reads about `square`."""
    return functions(result(toy, *changes))["square"].diagnosis


def result(toy: Assignment, *changes: tuple[str, str]) -> Result:
    return grade(toy, submission(toy, *changes), Options("none"))


def test_what_was_learnt_is_named(tmp_path: Path, sandbox: Sandbox) -> None:
    """By `learn` itself, once: each mistake's own sentence, and nothing without a mistake."""
    toy, printed = make(tmp_path, **TWO), io.StringIO()
    assert said(toy, SQUARE) == ""
    assert learn(toy, 1, Console(file=printed, width=300))
    assert printed.getvalue().startswith(
        "learn b2_toy: 2 of 2 mistakes leave signs of their own, in "
    )
    assert printed.getvalue().split(" in ")[1].startswith(str(tmp_path / "cache"))
    assert said(toy, SQUARE) == SENTENCE
    there = grade(toy, submission(toy, SQUARE), Options("sandbox", sandbox=sandbox))
    assert functions(there)["square"].diagnosis == SENTENCE
    both = functions(result(toy, SQUARE, AREA))
    assert (both["square"].diagnosis, both["area"].diagnosis) == (SENTENCE, "One too many.")
    assert {each.diagnosis for each in result(toy).functions} == {""}


def test_other_code_with_the_same_effect_is_named(tmp_path: Path, sandbox: Sandbox) -> None:
    toy = learnt(tmp_path, sandbox, **TWO)
    other = "y = [x, x]\n    return sum(y) * 1.0"
    assert said(toy, (INSTEAD, other)) == SENTENCE


def test_another_wrong_value_is_not_named(tmp_path: Path, sandbox: Sandbox) -> None:
    """Nor a value of another kind, an exception, or a missing function."""
    toy = learnt(tmp_path, sandbox, **TWO)
    for other in ("2.01 * x", "x * x * x", "x.double()", "None", "1 // 0", "(2 * x)[:1]"):
        assert said(toy, (INSTEAD, f"return {other}")) == "", other
    assert said(toy, (INSTEAD, "raise NotImplementedError('TODO(a): square')")) == ""


def test_a_right_function_on_a_wrong_one_is_not_named(tmp_path: Path, sandbox: Sandbox) -> None:
    toy = learnt(tmp_path, sandbox, **TWO)
    shown = functions(result(toy, SQUARE))
    assert [name for name, each in shown.items() if each.diagnosis] == ["square"]


def test_two_mistakes_with_equal_signs_name_none(tmp_path: Path, sandbox: Sandbox) -> None:
    """Which one it is cannot be told; a third one that differs still is."""
    files = {"mistakes/twin.toml": TWIN, "mistakes/cubes.toml": CUBES}
    toy = learnt(tmp_path, sandbox, **TWO, **files)
    assert said(toy, SQUARE) == ""
    assert said(toy, (INSTEAD, "return x * x * x")) == ("The cube instead of its square.")


def test_two_mistakes_with_one_sentence_name_it(tmp_path: Path, sandbox: Sandbox) -> None:
    twin = TWIN.replace("The sum", "Twice the number")
    toy = learnt(tmp_path, sandbox, **TWO, **{"mistakes/twin.toml": twin})
    assert said(toy, SQUARE) == SENTENCE


def test_another_secret_names_none(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hidden inputs are others, so what was seen of them says nothing."""
    toy = learnt(tmp_path, sandbox, **TWO)
    monkeypatch.setenv("COURSE_SECRET", "two")
    assert said(toy, SQUARE) == ""
    monkeypatch.setenv("COURSE_SECRET", "one")
    assert said(toy, SQUARE) == SENTENCE


@pytest.mark.parametrize(
    "name", ["test_toy.py", "mistakes/doubles.toml", "../../../b2_toy/solution/shapes.py"]
)
def test_a_changed_suite_or_solution_names_none(
    tmp_path: Path, sandbox: Sandbox, name: str
) -> None:
    toy = learnt(tmp_path, sandbox, **TWO)
    file = toy.suite / name
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert said(toy, SQUARE) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"known": 3}', "\0"])
def test_a_damaged_file_names_none(tmp_path: Path, sandbox: Sandbox, text: str) -> None:
    toy = learnt(tmp_path, sandbox, **TWO)
    diagnosis.path_of(toy, "one").write_text(text, encoding="utf-8")
    assert said(toy, SQUARE) == ""


def test_a_sentence_takes_the_place_of_the_hint(tmp_path: Path, sandbox: Sandbox) -> None:
    """Of the tests about the function that has the mistake; others keep theirs."""
    toy = learnt(tmp_path, sandbox, **TWO)
    assert by_name(result(toy, SQUARE))["square"].hint == ""
    unknown = result(toy, (INSTEAD, "return 3 * x"))
    assert by_name(unknown)["square"].hint == "Multiply."


def test_diagnosis_hint_shows_hints_only(tmp_path: Path, sandbox: Sandbox) -> None:
    toy = replace(learnt(tmp_path, sandbox, **TWO), diagnosis="hint")
    shown = result(toy, SQUARE)
    assert functions(shown)["square"].diagnosis == ""
    assert functions(shown)["square"].state == "wrong"
    assert by_name(shown)["square"].hint == "Multiply."


def test_diagnosis_none_shows_neither(tmp_path: Path, sandbox: Sandbox) -> None:
    """Of a test that is about no function, the hint stays."""
    hinted = SUITE.replace('"""All of it works."""', '"""All of it works."""', 1).replace(
        "def test_everything", '@pytest.mark.hint("Look at each.")\ndef test_everything'
    )
    toy = replace(learnt(tmp_path, sandbox, **TWO, **{"test_toy.py": hinted}), diagnosis="none")
    shown = result(toy, SQUARE)
    assert {each.diagnosis for each in shown.functions} == {""}
    assert by_name(shown)["square"].hint == ""
    assert by_name(shown)["everything"].hint == "Look at each."


def test_what_lies_in_the_cache_holds_no_hidden_number(tmp_path: Path, sandbox: Sandbox) -> None:
    """A few projections of what was seen, and neither inputs nor answers."""
    toy = learnt(tmp_path, sandbox, **TWO)
    text = diagnosis.path_of(toy, "one").read_text(encoding="utf-8")
    assert SENTENCE in text
    assert "test_toy.py::test_square" in text
    assert len(text) < 2_000
