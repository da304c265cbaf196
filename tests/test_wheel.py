"""A wheel holds all of `course` and `grader`: what is installed can grade."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from tests.programs import ROOT, python

PACKAGES = ("course", "grader")


def files(folder: Path) -> set[str]:
    """Every file of the packages, but for what Python compiles."""
    return {
        path.relative_to(folder).as_posix()
        for package in PACKAGES
        for path in (folder / package).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def test_a_wheel_holds_every_file(tmp_path: Path) -> None:
    """It had no grader/intake, grader/boundary/inside and grader/suites: nothing could grade."""
    source = tmp_path / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package)
    for name in ("pyproject.toml", "README.md"):
        shutil.copyfile(ROOT / name, source / name)
    (source / "grader" / "a_new_folder").mkdir()
    (source / "grader" / "a_new_folder" / "table.csv").write_text("1\n")
    (source / "course" / "__pycache__").mkdir(exist_ok=True)
    (source / "course" / "__pycache__" / "files.cpython-311.pyc").write_bytes(b"")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    result = python("-m", "pip", "wheel", *offline, "-w", tmp_path, source, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == files(source)
