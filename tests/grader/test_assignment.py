"""assignment.toml: what is read, how names may be shortened, and what is said of a bad file."""

from pathlib import Path

import pytest

from grader.assignment import CHECKOUT, Limits, all_assignments, find, read
from grader.errors import BadAssignment, UserError

GOOD = """
id = "b1_toy"
title = "A toy"
student_files = ["src/model.py", "src/extra.py"]
optional_files = ["predictions/*.txt"]
notebook_file = "src/model.py"

[[parts]]
id = "a"
title = "First"
points = 4

[[parts]]
id = "b"
title = "Second"
points = 2.5

[limits]
call_seconds = 3
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the assignments b1_toy, b2_toy and b2_toy_more."""
    for name in ("b1_toy", "b2_toy", "b2_toy_more"):
        (tmp_path / name).mkdir()
        text = GOOD.replace("b1_toy", name)
        (tmp_path / name / "assignment.toml").write_text(text, encoding="utf-8")
    (tmp_path / "no_assignment").mkdir()
    return tmp_path


def test_everything_is_read(checkout: Path) -> None:
    """Parts, points, files and paths are those of the file; absent limits have their defaults."""
    assignment = find("b1_toy", checkout)
    assert assignment.title == "A toy"
    assert assignment.student_files == ("src/model.py", "src/extra.py")
    assert assignment.optional_files == ("predictions/*.txt",)
    assert assignment.notebook_file == "src/model.py"
    assert assignment.part_titles == {"a": "First", "b": "Second"}
    assert assignment.points == 6.5
    assert assignment.limits == Limits(call_seconds=3)
    assert assignment.src == checkout / "b1_toy" / "src"
    assert assignment.solution == checkout / "b1_toy" / "solution"
    assert assignment.suite == checkout / "grader" / "suites" / "b1_toy"


@pytest.mark.parametrize(
    ("name", "found"),
    [("b1", "b1_toy"), ("b1_toy/", "b1_toy"), ("b2_toy", "b2_toy"), ("more", "b2_toy_more")],
)
def test_a_name_may_be_shortened(checkout: Path, name: str, found: str) -> None:
    """A beginning or a word that only one has is enough, and a full name wins over a longer one."""
    assert find(name, checkout).id == found


@pytest.mark.parametrize("name", ["b3", "", "to", "no_assignment"])
def test_an_unknown_name_lists_the_valid_ones(checkout: Path, name: str) -> None:
    """The error quotes what was typed and says what could have been."""
    with pytest.raises(UserError) as error:
        find(name, checkout)
    assert repr(name) in str(error.value)
    assert "b1_toy, b2_toy, b2_toy_more" in str(error.value)


def test_a_grader_without_a_checkout_says_so(tmp_path: Path) -> None:
    """An installed grader without one said `choose from (none)`."""
    with pytest.raises(UserError, match="has no assignments: install the grader from a checkout"):
        find("a5", tmp_path)


def test_an_ambiguous_name_lists_its_candidates(checkout: Path) -> None:
    """`b2` could be either of two, and b1 is none of them."""
    with pytest.raises(UserError, match=r"'b2' is more than one assignment.*b2_toy, b2_toy_more$"):
        find("b2", checkout)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "b1_toy"', 'id = "b1_toy', "line 2"),
        ('id = "b1_toy"', 'id = "other"', "'other' is not the folder's name, 'b1_toy'"),
        ('title = "A toy"', "", "missing required field `title`"),
        ('title = "A toy"', "title = 3", "Expected `str`, got `int` - at `$.title`"),
        (
            'title = "A toy"',
            'title = "A toy"\ngiven = 3',
            "Expected `array`, got `int` - at `$.given`",
        ),
        ('title = "A toy"', 'titel = "A toy"', "'titel' is not a key: choose from id, title"),
        ('title = "A toy"', 'title = "A toy"\nroot = "/"', "'root' is not a key: choose from id"),
        ('title = "First"', 'titel = ""', "'titel' is not a key: choose from id, title, points"),
        ('"src/extra.py"', '"../extra.py"', "'../extra.py' is not a path inside"),
        ('"src/extra.py"', '"/etc/passwd"', "'/etc/passwd' is not a path inside"),
        ('"src/extra.py"', '"src/model.py"', "names a file twice"),
        ('notebook_file = "src/model.py"', 'notebook_file = "x.py"', "not among student_files"),
        ("points = 4", 'points = "4"', "Expected `float`, got `str` - at `$.parts[0].points`"),
        ("points = 4", "points = true", "Expected `float`, got `bool` - at `$.parts[0].points`"),
        ("points = 4", "points = 0", "Expected `float` > 0.0 - at `$.parts[0].points`"),
        ('id = "b"', 'id = "a"', "each with an id of its own"),
        ("call_seconds = 3", "call_second = 3", "'call_second' is not a key"),
        ("call_seconds = 3", "call_seconds = -1", "call_seconds = -1 is not more than 0"),
        (
            "call_seconds = 3",
            "threads = 1.5",
            "Expected `int`, got `float` - at `$.limits.threads`",
        ),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The line names the file and the key and says what is valid."""
    folder = tmp_path / "b1_toy"
    folder.mkdir()
    assert GOOD.count(old) == 1
    (folder / "assignment.toml").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(BadAssignment) as error:
        read(folder, tmp_path)
    assert str(folder / "assignment.toml") in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_checkouts_own_assignments_are_sound() -> None:
    """Every assignment.toml here can be read, and its paths lie in the checkout."""
    found = all_assignments()
    assert "a5_mingpt_perceiver" in [assignment.id for assignment in found]
    assert all(assignment.root.parent == CHECKOUT for assignment in found)
