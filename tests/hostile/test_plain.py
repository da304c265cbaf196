"""The attacks are real: many of them forge a grade in a plain harness (plain/harness.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.corpus import BASELINE, COURSE, HERE, Attack, archives, attacks

RUN = [attack for attack in (*attacks(), *archives()) if attack.plain != "not run"]
AT_LEAST = 12  # forge there, or the corpus shows nothing
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/tmp",
    "OMP_NUM_THREADS": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
_WRONG, _RIGHT = "_wrong", "_right"  # what is graded beside the attacks, to know the harness itself


@pytest.fixture(scope="session", name="scores")
def _scores(sandboxed: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """{attack: what the plain harness gives it}, all graded in one run."""
    jobs = tmp_path_factory.mktemp("plain")
    for attack in RUN:
        folder = jobs / attack.name
        folder.mkdir()
        path = attack.write(folder)
        if path != folder:  # an archive's own folder
            path.rename(jobs / "moved")
            folder.rmdir()
            (jobs / "moved").rename(folder)
    for name, source in ((_WRONG, "wrong"), (_RIGHT, "solution")):
        (jobs / name / "src").mkdir(parents=True)
        (jobs / name / "src" / "work.py").write_bytes((COURSE / source / "work.py").read_bytes())
    _run_harness(jobs)
    return {path.parent.name: float(path.read_text()) for path in jobs.glob("*/score")}


def _run_harness(jobs: Path) -> None:
    """Runs it where the attacks can harm nothing but itself."""
    harness = str(HERE / "plain" / "harness.py")
    sandbox = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/"]
    sandbox += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", *[str(jobs)] * 2]
    for folder in (sys.prefix, str(HERE.parents[1])):  # a checkout may lie in /tmp
        sandbox += ["--ro-bind", folder, folder]
    subprocess.run(
        [*sandbox, sys.executable, "-B", harness, str(jobs)],
        check=True,
        capture_output=True,
        env=_ENVIRONMENT,
    )


def test_the_plain_harness_grades(scores: dict[str, float]) -> None:
    """Without an attack it gives what our grader gives."""
    assert (scores[_WRONG], scores[_RIGHT]) == (BASELINE, 10.0)


@pytest.mark.parametrize("attack", RUN, ids=lambda attack: attack.name)
def test_plain(attack: Attack, scores: dict[str, float]) -> None:
    """An attack forges a grade there exactly where its header says so."""
    assert (scores[attack.name] > BASELINE) == (attack.plain == "forges")


def test_enough_attacks_forge_a_grade_there() -> None:
    assert sum(attack.plain == "forges" for attack in RUN) >= AT_LEAST
