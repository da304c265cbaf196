"""A result as CI shows it: GitHub's annotations, a Markdown table."""

from __future__ import annotations

from dataclasses import replace

from grader.report import ci
from grader.verdict.result import Frame, Isolation, Outcome, Result, Submission, TestResult

FRAME = Frame("src/model.py", 12, "forward", "return x")
TEST = TestResult("t.py::t", "It is one.", "a", "public", Outcome.PASSED, 1, 1)


def result(**changes: object) -> Result:
    test = replace(TEST, **changes)
    work = Submission("src", "0" * 64, ())
    isolation = Isolation("none")
    return Result("a9_x", "A toy", work, 1, 1, True, isolation, (), (test,), 0.1, {})


def test_what_counts_as_wrong() -> None:
    """A TODO that still stands is work to do; everything else but full marks is wrong."""
    for outcome in Outcome:
        of = result(outcome=outcome)
        open_ = outcome in (Outcome.NOT_IMPLEMENTED, Outcome.NOT_RUN)
        assert ci.is_wrong(of) == (not outcome.is_full and not open_)
        assert ci.is_begun(of) == (not open_)
        assert bool(ci.commands(of)) == ci.is_wrong(of)


def test_an_annotation_is_at_the_students_line_and_cannot_be_ended_by_a_message() -> None:
    """A student's message with line breaks would start commands of its own."""
    message = "wrong: 100%\n::set-output name=score::9"
    (line,) = ci.commands(
        result(outcome=Outcome.FAILED, message=message, frames=(FRAME,), hint="a, b")
    )
    assert line == (
        "::error file=a9_x/src/model.py,line=12,title=a%3A It is one.::"
        "wrong: 100%25%0A::set-output name=score::9%0Aa, b"
    )


def test_the_table_holds_text_only() -> None:
    """A pipe would open a cell, and a tag would be markup."""
    text = ci.markdown(result(outcome=Outcome.FAILED, message="<b>|x|\n`y`"))
    row = text.splitlines()[-1]
    assert row == r"| a | It is one.<br>\<b\>\|x\|<br>\`y\` | failed | 1/1 |"
    assert "**1 of 1 public points.**" in text
    assert "must not be used" in ci.markdown(replace(result(), usable=False))
