"""solution/ -> src/: a golden file, malformed markers by file and line, and what is written."""

from pathlib import Path

import pytest

from grader.assignment import Assignment, Limits, Part, all_assignments
from grader.authoring import markers, skeleton
from grader.errors import BadMarker, UserError

SOLUTION = '''\
"""A toy; "### BEGIN SOLUTION" in a string is no marker."""
import math

SIGN = """
### BEGIN SOLUTION
"""


class Model:
    """Adds."""

    def __init__(self, size):
        # TODO(a): set self.table, a list of `size` zeros
        ### BEGIN SOLUTION
        self.table = [0] * size

        for index in range(size):
            self.table[index] = 0
        ### END SOLUTION
        self.size = size

    def forward(self, x):
        def scale(y):
            # TODO(b): y times pi
            ### BEGIN SOLUTION
            return y * math.pi
            ### END SOLUTION

        if x is None:
            return 0
        else:
            # TODO(b): x in the two ways
            ### BEGIN SOLUTION
            first = """
a line further left
"""
            ### END SOLUTION
        ### BEGIN SOLUTION
        # only the same TODO is before this one
        return scale(x)
        ### END SOLUTION
'''

SKELETON = '''\
"""A toy; "### BEGIN SOLUTION" in a string is no marker."""
import math

SIGN = """
### BEGIN SOLUTION
"""


class Model:
    """Adds."""

    def __init__(self, size):
        # TODO(a): set self.table, a list of `size` zeros
        raise NotImplementedError("TODO(a): Model.__init__")
        self.size = size

    def forward(self, x):
        def scale(y):
            # TODO(b): y times pi
            raise NotImplementedError("TODO(b): Model.forward.scale")

        if x is None:
            return 0
        else:
            # TODO(b): x in the two ways
            raise NotImplementedError("TODO(b): Model.forward")
        raise NotImplementedError("TODO(b): Model.forward")
'''

GIVEN = "def given():\n    return 1\n"

SMALL = """\
def f(x):
    # TODO(a): x plus one
    ### BEGIN SOLUTION
    y = x + 1
    ### END SOLUTION
    return y
"""


@pytest.fixture
def toy(tmp_path: Path) -> Assignment:
    """A made-up assignment with a solution and no src/ yet."""
    root = tmp_path / "b1_toy"
    (root / "solution" / "predictions").mkdir(parents=True)
    (root / "solution" / "__pycache__").mkdir()
    (root / "solution" / "__pycache__" / "model.py").write_text("junk", encoding="utf-8")
    (root / "solution" / "model.py").write_text(SOLUTION, encoding="utf-8")
    (root / "solution" / "given.py").write_text(GIVEN, encoding="utf-8")
    (root / "solution" / "predictions" / "dev.txt").write_text("London\n", encoding="utf-8")
    return Assignment(
        id="b1_toy",
        title="A toy",
        root=root,
        student_files=("src/model.py",),
        optional_files=(),
        parts=(Part("a", "First", 1.0), Part("b", "Second", 1.0)),
        limits=Limits(),
    )


def test_golden(toy: Assignment) -> None:
    """Regions go, everything else stays to the letter, and given files are copied."""
    assert skeleton.build(toy) == {"src/model.py": SKELETON, "src/given.py": GIVEN}


def test_what_is_cut_raises_its_name(toy: Assignment) -> None:
    """The skeleton's methods raise the id and the qualified name that a student searches for."""
    space: dict = {}
    exec(compile(skeleton.build(toy)["src/model.py"], "model.py", "exec"), space)
    with pytest.raises(NotImplementedError, match=r"^TODO\(a\): Model\.__init__$"):
        space["Model"](3)


def test_write_touches_only_what_changed(toy: Assignment) -> None:
    """A second write changes no file, and a third only the one that was edited."""
    assert skeleton.write(toy) == ["src/given.py", "src/model.py"]
    before = {path: path.stat().st_ino for path in toy.src.iterdir()}
    assert skeleton.write(toy) == []
    (toy.src / "given.py").write_text("edited", encoding="utf-8")
    assert skeleton.write(toy) == ["src/given.py"]
    assert (toy.src / "given.py").read_text(encoding="utf-8") == GIVEN
    assert (toy.src / "model.py").stat().st_ino == before[toy.src / "model.py"]


def test_check_names_every_difference(toy: Assignment) -> None:
    """Edited, missing and extra files are told apart; caches are none of them."""
    skeleton.write(toy)
    assert skeleton.check(toy) == []
    (toy.src / "__pycache__").mkdir()
    (toy.src / "__pycache__" / "x.pyc").write_bytes(b"")
    (toy.src / "model.py").write_text(SKELETON + "\n", encoding="utf-8")
    (toy.src / "given.py").unlink()
    (toy.src / "stray.py").write_text("", encoding="utf-8")
    assert skeleton.check(toy) == [
        "src/given.py is missing",
        "src/model.py differs from the solution",
        "src/stray.py is extra: the solution has no such file",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("    ### END SOLUTION\n", "", 3, "'### BEGIN SOLUTION' without '### END SOLUTION'"),
        ("    ### BEGIN SOLUTION\n", "", 4, "without '### BEGIN SOLUTION' before it"),
        ("### BEGIN SOLUTION", "### BEGIN SOLUTON", 3, "is not a marker"),
        ("### BEGIN SOLUTION", "# BEGIN SOLUTION", 3, "is not a marker"),
        ("### BEGIN SOLUTION", "### begin solution", 3, "is not a marker"),
        ("### BEGIN SOLUTION", "### BEGIN", 3, "is not a marker"),
        ("### END SOLUTION", "## END SOLUTION", 5, "is not a marker"),
        ("### END SOLUTION", "### END OF SOLUTION", 5, "is not a marker"),
        ("y = x + 1", "y = x + 1  ### END SOLUTION", 4, "is not a marker"),
        ("    y = x", "    ### BEGIN SOLUTION\n    y = x", 4, "a region inside that of line 3"),
        ("    # TODO(a): x plus one\n", "", 2, "no '# TODO(part): ...' comment before it in f"),
        ("TODO(a)", "TODO(z)", 2, "'z' is not a part of the assignment: choose from a, b"),
        ("TODO(a)", "TODO()", 2, "'' is not a part"),
        ("    y = x + 1\n", "    # nothing\n", 3, "the region has no statement"),
        ("    ### END", "        ### END", 5, "is not indented like line 3"),
        ("    y = x + 1", "    if x:\n        y = x", None, None),
        ("    return y", "    # TODO(b): more\n    return y", 6, "TODO(b) has no region after"),
        ("    return y", "    return y y", 6, "is not Python"),
    ],
)
def test_a_malformed_marker_is_named_by_file_and_line(
    old: str, new: str, line: int | None, message: str | None
) -> None:
    """Whatever is wrong with a marker, the error says where; a sound change says nothing."""
    assert SMALL.count(old) == 1
    source = SMALL.replace(old, new)
    if message is None:
        assert 'raise NotImplementedError("TODO(a): f")' in markers.convert(source, "m.py", {"a"})
        return
    with pytest.raises(BadMarker) as error:
        markers.convert(source, "toy/solution/m.py", {"a", "b"})
    assert str(error.value).startswith(f"toy/solution/m.py:{line}: ")
    assert message in str(error.value)


def test_a_region_needs_a_function() -> None:
    """At a module's top level nothing could raise in a student's name."""
    source = "# TODO(a): x\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n"
    with pytest.raises(BadMarker, match=r"^m\.py:2: the region is not inside a function"):
        markers.convert(source, "m.py", {"a"})


def test_a_todo_of_another_function_does_not_count() -> None:
    """The TODO stands in the same function as its region."""
    source = SMALL + SMALL.replace("def f", "def g").replace("    # TODO(a): x plus one\n", "")
    with pytest.raises(BadMarker, match=r"^m\.py:8: no '# TODO"):
        markers.convert(source, "m.py", {"a"})


def test_a_skeleton_that_does_not_compile_is_an_error() -> None:
    """A region that takes the `if` and leaves its `else` would give students a broken file."""
    source = (
        "def f(x):\n    # TODO(a): y\n    ### BEGIN SOLUTION\n    if x:\n        y = 1\n"
        "    ### END SOLUTION\n    else:\n        y = 2\n    return y\n"
    )
    with pytest.raises(BadMarker, match=r"^m\.py:4: without its regions it does not compile"):
        markers.convert(source, "m.py", {"a"})


def test_a_region_in_a_given_file_is_an_error(toy: Assignment) -> None:
    """What a student writes must be among the files that are taken from a submission."""
    (toy.solution / "given.py").write_text(SMALL, encoding="utf-8")
    with pytest.raises(BadMarker, match=r"^b1_toy/solution/given\.py:3: a region in a file"):
        skeleton.build(toy)


def test_nothing_is_written_when_one_file_is_bad(toy: Assignment) -> None:
    """All files are built before the first is written."""
    (toy.solution / "zebra.py").write_text("### END SOLUTION\n", encoding="utf-8")
    with pytest.raises(BadMarker, match="zebra"):
        skeleton.write(toy)
    assert not toy.src.exists()


def test_a_missing_solution_is_named(toy: Assignment) -> None:
    """No solution folder, or a student's file that it lacks."""
    (toy.solution / "model.py").unlink()
    with pytest.raises(UserError, match=r"src/model\.py is a student's file but has no solution"):
        skeleton.build(toy)
    toy.solution.rename(toy.root / "elsewhere")
    with pytest.raises(UserError, match="solution does not exist"):
        skeleton.build(toy)


@pytest.mark.parametrize("assignment", all_assignments(), ids=lambda assignment: assignment.id)
def test_the_checkouts_own_skeletons_are_current(assignment: Assignment) -> None:
    """src/ is what `grader skeleton` makes of solution/, file by file."""
    assert skeleton.check(assignment) == []
