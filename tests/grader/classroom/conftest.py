"""A class's folder, set up, with three students in its roster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.grader.classroom.classes import Class


@pytest.fixture(name="klass")
def _klass(toy: Path) -> Iterator[Class]:
    klass = Class(toy.parent / "autumn")
    yield klass
    klass.ledger.close()
    names = sorted(each.name for each in klass.folder.iterdir())
    assert [name for name in names if not name.endswith(".lock")] == [
        *("course.toml", "ledger.sqlite", "store")
    ]
