"""What decides a result, as one sha256: equal keys would give equal results.

A key stands for the submission, the hidden suite with its reference solution and given files, the
grader's version, the course's secret and the limits.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import asdict, replace
from pathlib import Path

import msgspec

from grader.assignment import FILE, Assignment
from grader.verdict.grade import secret

# They change what the grader says of a mistake, but no points.
_WITHOUT_POINTS = {"mistakes", "alternatives", "__pycache__"}


def key(sha256: str, stamp: str) -> str:
    """The key of one submission's grading."""
    return hashlib.sha256(f"{sha256}\n{stamp}".encode()).hexdigest()


def stamp(assignment: Assignment) -> str:
    """The sha256 of all that decides a result but the submission."""
    parts = {
        "files": [(name, _digest(path)) for name, path in _files(assignment)],
        "grader": importlib.metadata.version("bigrams-to-bert"),
        "secret": hashlib.sha256(f"secret\n{secret()}".encode()).hexdigest(),
        "limits": asdict(replace(assignment.limits, threads=1)),  # as work.py grades
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def _files(assignment: Assignment) -> list[tuple[str, Path]]:
    """The files that decide what a submission earns, by name."""
    found = [(FILE, assignment.root / FILE)]
    for folder in (assignment.suite, assignment.solution, assignment.given_folder):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not _WITHOUT_POINTS & set(name.parts):
                found.append((f"{folder.name}/{name.as_posix()}", path))
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
