"""The made-up assignment that the tests of intake hand submissions in to."""

from pathlib import Path

import pytest

from grader.assignment import Assignment, Limits, Part
from tests.grader.intake.submissions import FILES


@pytest.fixture
def toy(tmp_path: Path) -> Assignment:
    """An assignment of two student files and some predictions."""
    root = tmp_path / "b1_toy"
    for folder in ("src", "solution"):
        (root / folder).mkdir(parents=True)
        for name, data in FILES.items():
            (root / folder / Path(name).name).write_bytes(data)
    return Assignment(
        id="b1_toy",
        title="A toy",
        root=root,
        student_files=("src/model.py", "src/utils.py"),
        optional_files=("predictions/*.txt",),
        parts=(Part("a", "First", 1.0),),
        limits=Limits(),
        notebook_file="src/model.py",
    )
