"""`student` stands for the modules of a submission, which run in a worker of a sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.boundary.sandbox import Sandbox
from grader.boundary.student import RemoteStudent
from tests.grader.boundary.work import FILES, LIMITS


@pytest.fixture(name="student")
def _student(sandbox: Sandbox) -> Iterator[RemoteStudent]:
    student = RemoteStudent(sandbox, FILES, ["src"], LIMITS)
    student.begin(1)
    yield student
    student.close()
