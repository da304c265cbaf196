"""Where a result is written: checked before grading starts; each file is whole or absent."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from course.files import write_aside
from grader.errors import UserError
from grader.report import gradescope, html, json, junit
from grader.verdict.result import Result

RENDER: dict[str, Callable[[Result], str]] = {
    "json": json.render,
    "html": html.render,
    "junit": junit.render,
    "gradescope": gradescope.render,
}
LOG = "log"  # what the student's code printed


def run_folder(assignment: str, name: str) -> dict[str, Path]:
    """The files of a new run folder, which `write` creates; raises UserError if it cannot."""
    folder = Path("runs") / "grades" / assignment / re.sub(r"[^\w.-]+", "_", name)
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    _check_folder(folder, there)
    return {
        "json": folder / "result.json",
        "html": folder / "report.html",
        LOG: folder / "worker.log",
    }


def check_targets(paths: Sequence[Path]) -> None:
    """Raises UserError if a file cannot be written: better now than after grading."""
    for path in paths:
        if path.is_dir():
            raise UserError(f"{path} is a folder: name a file")
        if [other.resolve() for other in paths].count(path.resolve()) > 1:
            raise UserError(f"{path} is named for two reports: give each its own file")
        _check_folder(path, path.parent)


def _check_folder(path: Path, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):  # permissions alone do not show it
            pass
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path} cannot be written: {folder}: {reason}") from None


def write(targets: Mapping[str, Path], result: Result, log: bytes) -> None:
    """Writes every target; all are rendered before the first is written."""
    texts = {kind: log if kind == LOG else RENDER[kind](result).encode("utf-8") for kind in targets}
    for kind, path in targets.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with write_aside(path) as file:
                file.write(texts[kind])
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
