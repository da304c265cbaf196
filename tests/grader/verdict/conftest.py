"""The toy assignment."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.assignment import Assignment
from tests.grader.verdict.toy import make


@pytest.fixture(name="toy")
def _toy(tmp_path: Path) -> Assignment:
    return make(tmp_path)
