"""The reference's modules, for tests that call them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "default_project_minbert"


class Modules:
    """`modules.bert` is the module bert, imported when it is first asked for."""

    def __getattr__(self, name: str) -> ModuleType:
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def minbert() -> Iterator[Modules]:
    """Imported flat as run.py does, and gone afterwards."""
    with flat_imports(PROJECT / "solution", PROJECT / "given"):
        yield Modules()
