"""`grader bundle`, run in a folder laid out as Gradescope's container."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import autograder, cli
from grader.assignment import Assignment, all_assignments
from grader.authoring import bundle
from grader.autograder import Attempt, Metadata, graded_before, over_limit
from grader.boundary.sandbox import why_no_sandbox
from grader.errors import UserError
from tests.grader.authoring import checkout
from tests.test_seventh import FILES, NAME

NOW = "2026-10-09T18:00:00.365935-07:00"


@dataclass
class Container:
    """The folder that Gradescope calls /autograder."""

    root: Path

    def run(self) -> tuple[int, str]:
        """What Gradescope runs for each submission: the exit code and the output."""
        for name in ("submission", "results"):
            (self.root / name).mkdir(exist_ok=True)
        environment = os.environ | {"AUTOGRADER": str(self.root)}
        environment.pop("COURSE_SECRET", None)
        command = [str(self.root / "run_autograder")]
        piped = {"capture_output": True, "text": True}
        done = subprocess.run(command, env=environment, timeout=300, **piped)
        return done.returncode, done.stdout + done.stderr

    def submit(self, **files: str) -> None:
        shutil.rmtree(self.root / "submission", ignore_errors=True)
        (self.root / "submission").mkdir()
        for name, text in files.items():
            (self.root / "submission" / f"{name}.py").write_text(text)

    def metadata(self, *earlier: tuple[str, float]) -> None:
        previous = [{"submission_time": time, "score": score} for time, score in earlier]
        value = {"id": 1, "created_at": NOW, "users": [], "previous_submissions": previous}
        (self.root / "submission_metadata.json").write_text(json.dumps(value))

    def results(self) -> dict:
        return json.loads((self.root / "results" / "results.json").read_text())


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    return checkout.make(tmp_path_factory.mktemp("staff"))


@pytest.fixture(scope="module")
def container(toy: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Container:
    """The bundle where Gradescope puts it; in place of setup.sh, our own environment."""
    if why_no_sandbox():
        pytest.skip(why_no_sandbox())
    root = tmp_path_factory.mktemp("autograder")
    files = bundle.build(toy, bundle.Settings(toy.id, 2, "s3cret"), toy.root.parent)
    bundle.write(root / "out.zip", files)
    with zipfile.ZipFile(root / "out.zip") as archive:
        archive.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root)
    (root / "run_autograder").chmod(0o755)
    (root / "source" / ".venv").symlink_to(sys.prefix)
    return Container(root)


def test_a_submission_is_graded(container: Container) -> None:
    """Flat files, as students drop them; the score and the tests are in results.json."""
    container.metadata()
    container.submit(adder=FILES["solution/adder.py"].replace("add(x, x)", "add(x, 1)"))
    assert container.run() == (0, "")
    results = container.results()
    assert results["score"] == 2
    assert [test["status"] for test in results["tests"]] == ["passed", "failed"]


def test_one_attempt_too_many_keeps_the_last_score(container: Container) -> None:
    """Yesterday's, and one whose autograder failed, do not count; an extra one changes nothing."""
    container.submit(adder="import nothing_like_this\n")
    day = "2026-10-09T{}:00:00.0-07:00"
    container.metadata(("2026-10-08T23:59:59.9-07:00", 1.0), (day.format("08"), 3.0))
    assert container.run() == (0, "")
    assert container.results()["score"] == 0
    earlier = [(day.format(hour), score) for hour, score in (("08", 3.0), ("09", 2.0), ("10", 2.0))]
    container.metadata(*earlier)
    assert container.run() == (0, "")
    results = container.results()
    assert results["score"] == 2
    assert results["output"].startswith("Not graded: 2 submissions were graded today")
    assert "09 October, 09:00" in results["output"]


def test_without_readable_metadata_a_submission_is_graded(container: Container) -> None:
    """The student does not pay for it; the staff read it in the log."""
    (container.root / "submission_metadata.json").write_text("{}")
    container.submit(adder=FILES["solution/adder.py"])
    code, said = container.run()
    assert (code, container.results()["score"]) == (0, 3)
    assert said.startswith("attempts are not counted: ")


def test_a_refused_submission_says_why(container: Container) -> None:
    container.metadata()
    container.submit(essay="print('hello')\n")
    assert container.run() == (0, "")
    results = container.results()
    assert results["score"] == 0
    assert results["output"].startswith("Your submission was not graded: it ")
    assert "adder.py" in results["output"]


def test_a_submission_sees_neither_the_secret_nor_the_suite(container: Container) -> None:
    """All of it lies in the same container, a few folders away."""
    container.metadata()
    source = container.root / "source"
    places = [str(source / name) for name in ("bundle.json", "grader/suites", NAME)]
    seen = f"import os\nseen = sum(map(os.path.exists, {places!r}))\n"
    text = FILES["solution/adder.py"].replace("return a + b", "return a + b + seen")
    container.submit(adder=text.replace("import torch\n", f"import torch\n{seen}"))
    assert container.run() == (0, "")
    assert container.results()["score"] == 3


def test_a_fault_of_ours_leaves_no_score(container: Container) -> None:
    """Without results.json Gradescope reports a failed autograder; an old one must not stay."""
    container.metadata()
    container.submit(adder=FILES["solution/adder.py"])
    suite = container.root / "source" / "grader" / "suites" / NAME / "test_toy.py"
    text = suite.read_text()
    suite.write_text(text.replace("points(2)", "points(5)"))
    try:
        code, said = container.run()
    finally:
        suite.write_text(text)
    assert code == 3
    assert "fault: part a: the suite has 5 points" in said
    assert "score" not in container.results()
    settings_file = container.root / "source" / "bundle.json"
    settings_file.rename(settings_file.with_suffix(".away"))
    try:
        code, said = container.run()
    finally:
        settings_file.with_suffix(".away").rename(settings_file)
    assert code == 2
    assert "is not a bundle's settings" in said
    assert not (container.root / "results" / "results.json").exists()


def test_what_is_in_it(toy: Assignment) -> None:
    """The suite without its mistakes, the settings, the solution; nothing of another assignment."""
    files = bundle.build(toy, bundle.Settings(toy.id, None, "s3cret"), toy.root.parent)
    assert json.loads(files["bundle.json"])["secret"] == "s3cret"
    assert f"grader/suites/{NAME}/test_toy.py" in files
    assert f"{NAME}/solution/adder.py" in files
    assert not [name for name in files if "mistakes" in name or "classroom" in name]
    assert bundle.packed(files) == bundle.packed(files)
    real = all_assignments()[0]
    names = bundle.build(real, bundle.Settings(real.id))
    ids = {each.id for each in all_assignments()} - {real.id}
    assert not [name for name in names if ids & set(Path(name).parts)]


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_SECRET", "s3cret")
    out = tmp_path / "a5.zip"
    command = ["bundle", "a5", "--gradescope"]
    assert cli.run([*command, str(out), "--attempts-per-day", "3"]) == 0
    assert "hidden tests and solution among them" in capsys.readouterr().out
    with zipfile.ZipFile(out) as archive:
        assert archive.getinfo("run_autograder").external_attr >> 16 == 0o100755
        chosen = json.loads(archive.read("bundle.json"))
    assert chosen == {
        "assignment": "a5_mingpt_perceiver",
        "attempts_per_day": 3,
        "secret": "s3cret",
    }
    assert cli.run([*command, str(tmp_path / "a5.tar")]) == 2
    assert "a5.tar is not the name of a zip" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"created_at": "yesterday"}',
        '{"created_at": "2026-10-09T18:00:00"}',
        f'{{"created_at": "{NOW}", "previous_submissions": [3]}}',
        f'{{"created_at": "{NOW}", "previous_submissions": [{{"score": "1"}}]}}',
    ],
)
def test_odd_metadata_are_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_text(text)
    with pytest.raises(UserError, match="is not a submission's metadata"):
        autograder.read_metadata(path)


hours = st.lists(st.tuples(st.integers(-72, -1), st.booleans()), max_size=20)


@settings(max_examples=200)
@given(hours, st.integers(1, 4))
def test_no_day_has_more_than_its_attempts(earlier: list[tuple[int, bool]], per_day: int) -> None:
    """Each day has the first ones, in order; a failed autograder takes none of them."""
    now = datetime.fromisoformat(NOW)
    attempts = sorted(
        (Attempt(now + timedelta(hours=hour), None if failed else 1.0) for hour, failed in earlier),
        key=lambda attempt: attempt.time,
    )
    metadata = Metadata(now, tuple(attempts))
    graded, used = graded_before(metadata, per_day)
    for day in {attempt.time.date() for attempt in attempts}:
        of_day = [each for each in attempts if each.time.date() == day and each.score is not None]
        assert [each for each in graded if each.time.date() == day] == of_day[:per_day]
    assert used == sum(attempt.time.date() == now.date() for attempt in graded)
    assert (over_limit(metadata, per_day) is not None) == (used == per_day)
