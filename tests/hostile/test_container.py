"""The corpus where there are no namespaces: the isolation called "container" holds as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.boundary.container import why_no_container
from grader.boundary.sandbox import Sandbox
from grader.verdict.result import Result
from tests.hostile.corpus import COURSE, Attack
from tests.hostile.test_attacks import ATTACKS, check, grade, with_inspector

# Run with every change; all others among the slow tests.
QUICK = ("fork_bomb", "leftovers", "looks_around", "signals_itself", "unix_sockets")
# How a test ends that ended otherwise without the attack, where that differs from the sandbox's.
OTHERWISE = {
    "kills_itself": "crash",  # it is not process 1, which cannot
    "looks_around": "error",  # it may not even list the root folder
    "signals_itself": "crash",
    "unix_sockets": "error",  # it may not make a socket pair
}

pytestmark = pytest.mark.usefixtures("no_traces")


@pytest.fixture(scope="module", name="container")
def _container() -> Iterator[Sandbox]:
    if problem := why_no_container():
        pytest.skip(problem)
    with Sandbox("container", threads=1, protected=[COURSE]) as sandbox:
        sandbox.start()
        yield sandbox


@pytest.fixture(scope="module", name="without")
def _without(container: Sandbox) -> Result:
    return grade(COURSE / "wrong", container)[0]


@pytest.fixture(name="right")
def _right(tmp_path: Path) -> Path:
    """The right solution, which also fails where it finds what is not its own."""
    return with_inspector(tmp_path / "right", "container_inspector.py")


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.name, marks=() if attack.name in QUICK else pytest.mark.slow)
        for attack in ATTACKS
    ],
)
def test_attack(
    attack: Attack, container: Sandbox, without: Result, right: Path, tmp_path: Path
) -> None:
    """It gains nothing, and the next submission has full marks."""
    outcome = OTHERWISE.get(attack.name, attack.outcome)
    check(attack, *grade(attack.write(tmp_path / "attack"), container), without, outcome)
    result, output = grade(right, container)
    assert (result.score, output) == (10.0, b""), [test.message for test in result.tests]
