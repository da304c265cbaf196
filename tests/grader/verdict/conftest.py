"""The toy assignment, and one running sandbox for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox, why_no_sandbox
from tests.grader.verdict.toy import make


@pytest.fixture(name="toy")
def _toy(tmp_path: Path) -> Assignment:
    return make(tmp_path)


@pytest.fixture(name="sandbox", scope="module")
def _sandbox() -> Iterator[Sandbox]:
    problem = why_no_sandbox()
    if problem:
        pytest.skip(problem)
    with Sandbox(threads=1) as sandbox:
        yield sandbox
