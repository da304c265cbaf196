"""What the doctor says of machines that have things and of machines that lack them."""

import builtins
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from course import data
from grader import doctor
from grader.boundary import sandbox
from grader.doctor import State


def test_this_machine() -> None:
    """Each thing is looked for once, this Python and torch are well, and each lack has advice."""
    findings = doctor.examine()
    names = [finding.name for finding in findings]
    assert len(set(names)) == len(names)
    assert {"Python", "torch", "bfloat16", "bubblewrap", "sandbox", "seccomp", "GPU"} <= set(names)
    assert {f"data: {name}" for name in data.DATASETS} <= set(names)
    states = {finding.name: finding.state for finding in findings}
    assert states["Python"] is states["torch"] is State.GOOD
    for finding in findings:
        assert "\n" not in finding.found + finding.advice
        assert finding.found
        assert bool(finding.advice) == (finding.state is not State.GOOD)


def test_the_table_says_it_all() -> None:
    """State, name, what was found and the advice, at any width."""
    console = Console(file=io.StringIO(), width=50)
    doctor.show([doctor.Finding("GPU", State.LACKING, "none [here]", "go on without")], console)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    for word in ("lacking", "GPU", "none [here]", "go on without"):
        assert word in told


def test_a_narrow_terminal_breaks_no_path() -> None:
    """A path that was wider than its column stood in pieces, and could not be copied."""
    path = "/a/long/path/to/where/the/interpreter/of/this/project/lies/bin/python"
    console = Console(file=io.StringIO(), width=50)
    doctor.show([doctor.Finding("Python", State.GOOD, f"3.11.7, {path}")], console)
    assert path in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_machine_with_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No bubblewrap, no browser, no seccomp, no bfloat16: each is told, none is broken."""
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(sandbox, "why_no_sandbox", lambda: "bubblewrap is not installed")
    monkeypatch.setattr("course.devices.cpu_flags", lambda: frozenset())

    def no_file(self: Path, *_: Any, **__: Any) -> str:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", no_file)
    monkeypatch.setattr("grader.boundary.inside.landlock.abi", lambda: 0)
    looks = (doctor.bubblewrap, doctor.namespaces, doctor.seccomp, doctor.landlock, doctor.browser)
    for look in looks:
        assert look().state is State.LACKING
    assert doctor.bfloat16().state is State.LACKING
    monkeypatch.setattr("course.devices.bfloat16_instructions", lambda: "avx512_bf16")
    assert doctor.bfloat16() == doctor.Finding("bfloat16", State.GOOD, "avx512_bf16")
    assert "apt install" in doctor.bubblewrap().advice
    assert "--isolation process" in doctor.namespaces().advice


def test_an_old_python_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the oldest that works is named."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    assert doctor.python().state is State.BROKEN
    assert "3.11" in doctor.python().advice


def test_no_torch_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look that needs it says so, and none of them raises."""
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name in ("torch", "course.devices"):
            raise ImportError("No module named 'torch'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert doctor.torch_version().state is State.BROKEN
    assert doctor.threads().state is State.BROKEN
    assert doctor.bfloat16().state is State.BROKEN
    assert doctor.gpu().state is State.LACKING


def test_data_is_found_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A set counts as found where all of its files lie in one folder."""
    monkeypatch.setenv(data.ENVIRONMENT, str(tmp_path))
    dataset = data.DATASETS["names"]
    folder = tmp_path / dataset.folder
    folder.mkdir()

    def state() -> doctor.Finding:
        return next(each for each in doctor.data_sets() if each.name == "data: names")

    monkeypatch.setattr(data, "cache_dir", lambda: tmp_path / "cache")
    assert state().state is State.LACKING
    assert str(folder) in state().advice
    for file in dataset.files:
        (folder / file.name).write_text("", encoding="utf-8")
    assert state() == doctor.Finding("data: names", State.GOOD, str(folder))


def test_a_wrong_data_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$COURSE_DATA that leads nowhere is the first thing to mend."""
    monkeypatch.setenv(data.ENVIRONMENT, str(tmp_path / "nowhere"))
    (finding,) = doctor.data_sets()
    assert finding.state is State.LACKING
    assert "nowhere" in finding.found
