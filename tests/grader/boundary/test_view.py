"""What a sandbox shows: Python, and never the checkout, the data or another's work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader.boundary import view
from grader.boundary.errors import IsolationUnavailable
from grader.boundary.limits import Limits
from grader.boundary.sandbox import Sandbox, why_no_sandbox
from grader.boundary.student import RemoteStudent

BASE = Path(sys.base_prefix)
ANSWER = "the answer"

pytestmark = pytest.mark.skipif(bool(why_no_sandbox()), reason=str(why_no_sandbox()))


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """A checkout that is its own virtual environment, as `python -m venv .` makes it."""
    root = tmp_path / "checkout"
    for folder in ("bin", "lib", "grader/suites"):
        (root / folder).mkdir(parents=True)
    (root / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (root / "grader/suites/answer.txt").write_text(ANSWER)
    return root


def _seen(words: list[str]) -> str:
    """All paths inside that end in answer.txt, and what they hold."""
    find = "find / -name answer.txt -not -path '/proc/*' -exec cat {} + 2>/dev/null; exit 0"
    command = ["bwrap", "--unshare-all", *words, "--dev", "/dev", "/bin/sh", "-c", find]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_an_environment_made_in_the_checkout_does_not_show_it(checkout: Path) -> None:
    """The whole of sys.prefix was bound: a worker read the solutions and had 100 of 100."""
    assert ANSWER not in _seen(view.arguments([checkout], checkout, BASE))


def test_a_checkout_below_a_bound_folder_is_covered(checkout: Path) -> None:
    """A checkout in /usr/src/app was seen, as all of /usr was bound."""
    hidden = checkout / "lib" / "app"
    (checkout / "grader").rename(hidden)
    assert ANSWER in _seen(view.arguments([], checkout, BASE))
    assert ANSWER not in _seen(view.arguments([hidden], checkout, BASE))


def test_usr_is_shown_in_parts(tmp_path: Path) -> None:
    """/usr/src, where images keep an application, is none of Python's."""
    places = [place for _, place in view.binds(tmp_path, BASE)]
    assert Path("/usr/src") not in places and Path("/usr") not in places


def test_another_mount_of_the_checkout_is_covered(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same folder may be mounted at a second place, below a bound folder."""
    (checkout / "lib" / "again").mkdir()
    secret = checkout / "grader" / "suites"
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
        f"2 1 8:1 {secret} {checkout}/lib/again rw - ext4 /dev/a rw\n"
    )
    monkeypatch.setattr(view, "_MOUNTS", table)
    places = view.covers(view.binds(checkout, BASE), [checkout])
    assert view.ENVIRONMENT / "lib" / "again" in places


def test_python_itself_cannot_be_covered() -> None:
    """One line says what is wrong, before any work is graded."""
    with pytest.raises(IsolationUnavailable, match="Python itself lies in it"):
        Sandbox(protected=[BASE / "lib"])


def test_a_protected_folder_is_empty_inside() -> None:
    """The same in a running worker: data that lie in the environment, say."""
    source = b"import os\nnames = lambda path: os.listdir(path)\n"
    folder = Path(pytest.__file__).parent
    inside = view.ENVIRONMENT / folder.relative_to(sys.prefix)
    limits = Limits(memory_mb=512, call_seconds=10.0, total_seconds=60.0, threads=1)
    with Sandbox(threads=1, protected=[folder]) as sandbox:
        student = RemoteStudent(sandbox, {"src/work.py": source}, ["src"], limits)
        student.begin(1)
        assert student.work.names(str(inside)) == []
        assert "torch" in student.work.names(str(inside.parent))
        student.close()
