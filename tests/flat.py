"""Assignments import their modules flat, and several have an `embedded` or a `trainer`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest


@contextmanager
def flat_imports(*folders: Path) -> Iterator[None]:
    """`folders` stand first on the path; afterwards it, and what was imported, is as before."""
    path = list(sys.path)
    names = {file.stem for folder in folders for file in folder.glob("*.py")}
    others = {name: sys.modules.pop(name) for name in names & set(sys.modules)}
    sys.path[:0] = map(str, folders)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(others)


def kept_in_place(modules: Mapping[str, ModuleType], project: Path) -> Callable:
    """An autouse fixture: what `modules` import only when they are called is found among them.

    Each test has one thread.
    """

    @pytest.fixture(autouse=True)
    def _project(one_thread: None) -> Iterator[None]:
        with flat_imports(project / "solution", project / "given"):
            sys.modules.update(modules)
            yield

    return _project
