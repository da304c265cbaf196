"""No attack gains anything, whether the worker starts warm or cold, and none leaves a trace."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from grader.boundary.sandbox import Sandbox
from grader.errors import Refused, printable
from grader.intake import submission
from grader.verdict.grade import Options, examine
from grader.verdict.result import Result
from tests.clock import within
from tests.hostile.corpus import (
    AS_WITHOUT,
    BASELINE,
    COURSE,
    ESCAPED,
    HANDED_IN,
    MARKS,
    TOY,
    Attack,
    archives,
    attacks,
)

ATTACKS = attacks()
# Started cold in every run of the tests, one of each kind; the others among the slow tests.
COLD = ("exit_at_import", "memory_tensors", "fork_bomb", "wire_garbage", "leftovers")
LONGEST = 3 * TOY.limits.total_seconds  # seconds of a grade: its own limit, on a busy machine

pytestmark = pytest.mark.usefixtures("sandboxed", "no_traces")


def grade(path: Path, sandbox: Sandbox | None) -> tuple[Result, bytes]:
    """The result and what the workers printed; without a sandbox, in one of its own."""
    tree = submission.take(path, HANDED_IN, sandbox)
    isolation = "sandbox" if sandbox is None else sandbox.isolation
    graded = examine(TOY, tree, Options(isolation, sandbox=sandbox))
    return graded.result, graded.printed


@pytest.fixture(scope="session", name="baseline")
def _baseline(warm: Sandbox) -> Result:
    return grade(COURSE / "wrong", warm)[0]


@pytest.fixture(name="inspector")
def _inspector(tmp_path: Path) -> Path:
    """The right solution, which also fails where it finds anything of an earlier submission."""
    return with_inspector(tmp_path / "inspector", "inspector.py")


def with_inspector(folder: Path, inspector: str) -> Path:
    """Writes the right solution, with a file of this folder's at its end; where it lies."""
    folder.mkdir()
    parts = (COURSE / "solution" / "work.py", COURSE.parent / inspector)
    text = "\n\n".join(part.read_text(encoding="utf-8") for part in parts)
    (folder / "work.py").write_text(text)
    return folder


def _outcomes(result: Result) -> dict[str, str]:
    return {test.name: test.outcome.value for test in result.tests}


def check(
    attack: Attack, result: Result, output: bytes, baseline: Result, outcome: str | None = None
) -> None:
    """The attack gained and showed nothing, and its tests ended with `outcome`, else its own."""
    assert result.usable, result.faults or [test.message for test in result.tests]
    assert result.score <= BASELINE
    assert result.seconds < LONGEST
    assert ESCAPED not in output, output[-2000:]
    shown = str(result.to_json())
    assert not [mark for mark in MARKS if mark in shown], "a hidden input is shown"
    before, after = _outcomes(baseline), _outcomes(result)
    changed = {after[name] for name in after if after[name] != before[name]}
    assert (outcome or attack.outcome) in (changed or {AS_WITHOUT}), changed


def test_the_wrong_solution_has_its_points(baseline: Result) -> None:
    assert (baseline.score, baseline.max_score, baseline.usable) == (BASELINE, 10.0, True)


def test_the_right_solution_has_full_marks(warm: Sandbox, inspector: Path) -> None:
    result, output = grade(inspector, warm)
    assert (result.score, output) == (10.0, b"")


def test_one_submission_twice_gives_one_result(inspector: Path) -> None:
    """But for times. The limits were once told with the worker's own memory, which varies."""
    first, second = (_timeless(grade(inspector, None)[0].to_json()) for _ in range(2))
    assert first == second


def test_a_grade_in_the_background_is_the_same(baseline: Result, tmp_path: Path) -> None:
    """A shell starts what ends in & with SIGINT ignored, and workers once inherited that."""
    attack = next(attack for attack in ATTACKS if attack.name == "signals_itself")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        check(attack, *grade(attack.write(tmp_path / "attack"), None), baseline)
    finally:
        signal.signal(signal.SIGINT, before)


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key != "seconds"}
    return [_timeless(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_warm(
    attack: Attack, warm: Sandbox, baseline: Result, inspector: Path, tmp_path: Path
) -> None:
    """The attack gains nothing, and the next submission in the same sandbox has full marks."""
    check(attack, *grade(attack.write(tmp_path / "attack"), warm), baseline)
    result, output = grade(inspector, warm)
    assert (result.score, output) == (10.0, b""), [test.message for test in result.tests]


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.name, marks=() if attack.name in COLD else pytest.mark.slow)
        for attack in ATTACKS
    ],
)
def test_cold(attack: Attack, baseline: Result, tmp_path: Path) -> None:
    """The same in a sandbox of its own."""
    check(attack, *grade(attack.write(tmp_path / "attack"), None), baseline)


@pytest.mark.parametrize("attack", archives(), ids=lambda attack: attack.name)
def test_archive(
    attack: Attack, warm: Sandbox, baseline: Result, inspector: Path, tmp_path: Path
) -> None:
    """A hostile archive or folder is refused by name, or gains nothing.

    It is read in a worker, and as `grader check` reads it, in this process, which has no clock.
    """
    folder = tmp_path / "attack"
    folder.mkdir()
    path = attack.write(folder)
    try:
        if attack.outcome == "refused":
            for sandbox in (warm, None):
                with within(LONGEST), pytest.raises(Refused) as refused:
                    submission.take(path, HANDED_IN, sandbox)
                assert str(refused.value).startswith(f"{path}: ")
                assert len(str(refused.value)) < len(str(path)) + 1000
            return
        with within(LONGEST):
            assert submission.take(path, HANDED_IN, warm) == submission.take(path, HANDED_IN)
        result, output = grade(path, warm)
        check(attack, result, output, baseline)
        assert printable(result.submission.name) == result.submission.name
        result, output = grade(inspector, warm)
        assert (result.score, output) == (10.0, b"")
    finally:  # pytest's own way to remove a folder calls itself for each one below
        subprocess.run(["rm", "-rf", folder], check=True)
