"""course.toml: what it says, and one line for what is wrong in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.classroom import course_file
from grader.classroom.course_file import LateDays
from grader.errors import UserError

TEXT = """
[course]
id = "autumn"
timezone = "Europe/London"
[late_days]
total = 5
[[assignments]]
id = "b1"
due = "2026-10-24T23:59"
counts = "best"
visibility = "hint"
[assignments.late]
grace_minutes = 15
points_per_day = 0.1
"""


@pytest.fixture(name="folder")
def _folder(toy: Path) -> Path:
    (toy.parent / "course.toml").write_text(TEXT, encoding="utf-8")
    return toy.parent


def _with(folder: Path, old: str, new: str) -> None:
    text = (folder / "course.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "course.toml").write_text(text.replace(old, new), encoding="utf-8")


def test_times_are_in_the_course_s_zone(folder: Path) -> None:
    course = course_file.read(folder)
    rules = course.find("b1")
    assert rules.due == datetime(2026, 10, 24, 22, 59, tzinfo=UTC)
    assert (rules.id, rules.counts, rules.late.grace_minutes) == ("b1_toy", "best", 15)
    assert (course.late_days, course.name) == (LateDays(5), "autumn")
    assert rules.assignment.diagnosis == "hint"
    _with(folder, '"2026-10-24T23:59"', "2026-10-24T23:59:00+02:00")
    assert course_file.read(folder).find("b1").due.astimezone(UTC).hour == 21


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"2026-10-24T23:59"', '"tomorrow"', "b1: due = 'tomorrow' is not a time such as"),
        ('"2026-10-24T23:59"', '"2026-10-24"', "due = '2026-10-24' is not a time such as"),
        ('"2026-10-24T23:59"', "7", "due = 7 is not a time such as"),
        ("Europe/London", "Europe/Lundon", "timezone = 'Europe/Lundon' is not a time zone"),
        ("grace_minutes", "grace", "'grace' is not a key: choose from days_free, grace_minutes"),
        ("[late_days]", "[late]", "'late' is not a key: choose from course, assignments"),
        ("[course]", "folder = 1\n[course]", "'folder' is not a key"),
        ('"best"', '"worst"', "Invalid enum value 'worst'"),
        ("0.1", "10", "Expected `float` <= 1.0"),
        ("total = 5", "total = -1", "Expected `int` >= 0"),
        ('"b1"', '"a9"', "'a9' is not an assignment: choose from b1_toy"),
        ("[[assignments]]", "[[assignment]]", "'assignment' is not a key"),
        (
            "[late_days]",
            '[[assignments]]\nid = "b1_toy"\ndue = "2026-10-24T23:59"\n[late_days]',
            "'b1_toy' is there twice",
        ),
        ("[course]", "[course", "Expected ']'"),
    ],
)
def test_a_mistake_is_one_line_with_the_file(
    folder: Path, old: str, new: str, message: str
) -> None:
    _with(folder, old, new)
    with pytest.raises(UserError, match=r"course\.toml: ") as caught:
        course_file.read(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_assignment_that_the_course_does_not_have(folder: Path) -> None:
    with pytest.raises(UserError, match="'a5' is not an assignment"):
        course_file.read(folder).find("a5")
    (folder / "course.toml").unlink()
    with pytest.raises(UserError, match=r"course\.toml does not exist: `grader class init"):
        course_file.read(folder)
