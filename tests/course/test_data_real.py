"""The registry against the real files, where $COURSE_DATA has them."""

import os

import pytest

from course import data
from course.registry import DATASETS


@pytest.mark.data
@pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs the real data in $COURSE_DATA")
@pytest.mark.parametrize("name", DATASETS)
def test_real_files_are_those_of_the_registry(name):
    found = data.load(name)
    assert list(found) == [file.name for file in DATASETS[name].files]
    assert all(path.stat().st_size > 0 for path in found.values())
