"""No attack gains anything by being grafted into the reference, nor shows any of its text."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from grader.boundary.sandbox import Sandbox
from grader.intake import submission
from grader.report import gradescope, html, json, junit, terminal
from grader.verdict import workspace
from grader.verdict.grade import Options, examine
from grader.verdict.grafts import Grafts
from grader.verdict.result import Outcome, Result, State
from grader.verdict.students import open_sandboxed
from tests.hostile.corpus import (
    AS_WITHOUT,
    BASELINE,
    CHAIN,
    CHAIN_COURSE,
    ESCAPED,
    REFERENCE_MARK,
    Attack,
    grafted,
)

LONGEST = 3 * CHAIN.limits.total_seconds  # seconds of a grade: its own limit, on a busy machine
ONCE = ("hangs_when_grafted", "says_the_reference", "calls_in_a_circle")  # started cold, too

PASSED, CARRIED = Outcome.PASSED, Outcome.CARRIED

pytestmark = pytest.mark.usefixtures("sandboxed", "no_traces")


def _grade(path: Path, sandbox: Sandbox | None, carry: bool = True) -> tuple[Result, bytes]:
    """The result and what the workers printed."""
    tree = submission.take(path, CHAIN, sandbox)
    assignment = replace(CHAIN, carry_errors=carry)
    graded = examine(assignment, tree, Options("sandbox", sandbox=sandbox))
    return graded.result, graded.printed


@pytest.fixture(scope="session", name="baseline")
def _baseline(warm: Sandbox) -> Result:
    return _grade(CHAIN_COURSE / "wrong", warm)[0]


def _outcomes(result: Result) -> dict[str, Outcome]:
    return {test.name.rpartition("::")[2]: test.outcome for test in result.tests}


def _reports(result: Result) -> str:
    """All that anybody is shown."""
    printed = io.StringIO()
    terminal.show(result, Console(file=printed, width=500), verbose=True)
    renders = (gradescope.render, html.render, json.render, junit.render)
    return "\n".join([printed.getvalue(), *(render(result) for render in renders)])


def _check(attack: Attack, result: Result, output: bytes, baseline: Result) -> None:
    outcomes = _outcomes(result)
    assert result.usable, result.faults or [test.message for test in result.tests]
    assert result.score <= BASELINE, outcomes
    assert result.seconds < LONGEST
    assert ESCAPED not in output, output[-2000:]
    assert REFERENCE_MARK not in _reports(result)
    assert REFERENCE_MARK.encode() not in output
    right = {function.name for function in result.functions if function.state is State.RIGHT}
    assert right <= {"Head.forward"}
    before = _outcomes(baseline)
    changed = {outcomes[name].value for name in outcomes if outcomes[name] is not before[name]}
    assert attack.outcome in (changed or {AS_WITHOUT}), outcomes


def test_the_wrong_work_has_points_from_grafts(baseline: Result, warm: Sandbox) -> None:
    """Without them it has one point."""
    outcomes = _outcomes(baseline)
    assert (baseline.score, baseline.max_score, baseline.usable) == (BASELINE, 10.0, True)
    assert [outcomes.pop(name) for name in ("test_head", "test_shape")] == [CARRIED, PASSED]
    assert not {PASSED, CARRIED} & set(outcomes.values())
    assert _grade(CHAIN_COURSE / "wrong", warm, carry=False)[0].score == 1.0


def test_the_right_solution_has_full_marks(warm: Sandbox) -> None:
    result, output = _grade(CHAIN_COURSE / "solution", warm)
    assert (result.score, output) == (10.0, b"")


def test_a_graft_holds_the_reference_but_for_what_it_is_about(
    warm: Sandbox, tmp_path: Path
) -> None:
    """What the attacks look for is there: they fail for other reasons than that."""
    shutil.copytree(CHAIN_COURSE / "wrong", tmp_path / "work")
    with (tmp_path / "work" / "chain.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef text():\n    return open(__file__).read()\n")
    layout = workspace.hidden(CHAIN, submission.take(tmp_path / "work", CHAIN, warm))
    with open_sandboxed(CHAIN, layout, "sandbox", "", warm) as opened:
        grafts = Grafts(CHAIN, layout, warm, opened.another)
        student = grafts.student(frozenset({"mix"}))
        student.begin(0)
        text = student.chain.text()
        grafts.close()
    assert "orchid.norm()" in text  # of scale
    assert "orchid[:, None]" not in text and "flip(0)" in text  # of mix


@pytest.mark.parametrize("attack", grafted(), ids=lambda attack: attack.name)
def test_warm(attack: Attack, warm: Sandbox, baseline: Result, tmp_path: Path) -> None:
    """The attack gains nothing, and the next submission in the same sandbox is graded as before."""
    (tmp_path / "attack").mkdir()
    _check(attack, *_grade(attack.write(tmp_path / "attack"), warm), baseline)
    result, output = _grade(CHAIN_COURSE / "wrong", warm)
    assert (_outcomes(result), output) == (_outcomes(baseline), b"")


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.name, marks=() if attack.name in ONCE else pytest.mark.slow)
        for attack in grafted()
    ],
)
def test_cold(attack: Attack, baseline: Result, tmp_path: Path) -> None:
    """The same in a sandbox of its own."""
    (tmp_path / "attack").mkdir()
    _check(attack, *_grade(attack.write(tmp_path / "attack"), None), baseline)
