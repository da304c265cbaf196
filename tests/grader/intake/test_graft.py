"""Some of a student's functions in the reference solution: whose code a graft holds."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from grader.intake.graft import GraftFailed, graft, survey

REFERENCE = '''\
"""Numbers."""

from __future__ import annotations

import math

SCALE = 10


def area(r):
    """Of a circle."""
    return SCALE * math.pi * r**2


def given(x):
    return x


class Shape:
    """A shape of some size."""

    def __init__(self, size):
        self.size = size

    def grow(self, by):
        return self.size + by

    def shrink(self, by):
        return self.size - by


class Line:
    def length(self):
        return "reference"
'''
SKELETON = (
    REFERENCE.replace("return SCALE * math.pi * r**2", 'raise NotImplementedError("area")')
    .replace("return self.size + by", 'raise NotImplementedError("grow")')
    .replace("return self.size - by", 'raise NotImplementedError("shrink")')
    .replace('return "reference"', 'raise NotImplementedError("length")')
)
STUDENT = '''\
"""Numbers, by a student."""

from __future__ import annotations

import cmath

FACTOR = 3
SCALE = 5


def helper(r):
    return FACTOR * r


def area(r):
    return ("student", helper(r), cmath.sqrt(4))


def given(x):
    return ("changed", x)


class Shape:
    """Mine."""

    def __init__(self, size):
        self.size = 100 * size

    def grow(self, by):
        return ("student", self.mine(by))

    def shrink(self, by):
        return ("student", -by)

    def mine(self, by):
        return by


class Line:
    mark = "student"

    def length(self):
        return "student"
'''
FILE, OTHER = "src/one.py", "src/two.py"
NAMES = ["area", "Shape.grow", "Shape.shrink", "Line.length"]
UNITS = {FILE: NAMES, OTHER: ["double"]}
TWO = "from one import area\n\n\ndef double(x):\n    return 2 * x\n"
TWO_STUDENT = "def double(x):\n    return x * x\n"


def one(student: str, *keep: str, reference: str = REFERENCE, units: Any = NAMES) -> Any:
    """The names of one grafted file."""
    text = graft({FILE: student}, {FILE: reference}, {FILE: units}, keep)[FILE]
    scope: dict[str, Any] = {"__name__": "one"}
    exec(compile(text, FILE, "exec"), scope)
    return SimpleNamespace(**scope)


def test_a_kept_function_is_the_students_and_the_others_the_references() -> None:
    made = one(STUDENT, "area")
    assert made.area(2) == ("student", 6, 2)
    assert made.Shape(4).grow(1) == 5
    assert made.Line().length() == "reference"


def test_a_kept_method_is_the_students_and_the_others_of_its_class_the_references() -> None:
    """Of the class, all that is not to be written stays the student's."""
    shape = one(STUDENT, "Shape.grow").Shape(1)
    assert shape.grow(7) == ("student", 7)  # by a method that only the student's class has
    assert shape.shrink(1) == 99
    assert shape.__doc__ == "Mine."


def test_helpers_imports_and_constants_come_along() -> None:
    """And changed given code too, in a file with a kept function."""
    made = one(STUDENT, "area")
    assert (made.FACTOR, made.SCALE, made.helper(1)) == (3, 5, 3)
    assert made.given(1) == ("changed", 1)
    assert made.cmath.sqrt(4) == 2


def test_a_class_without_kept_methods_is_the_references_whole() -> None:
    made = one(STUDENT, "area")
    assert made.Shape(4).size == 4
    assert not hasattr(made.Shape, "mine")
    assert not hasattr(made.Line, "mark")


def test_a_file_without_kept_functions_keeps_what_the_student_added() -> None:
    """Other modules of theirs may import a helper from it; what is given is the reference's."""
    made = one(STUDENT)
    assert (made.helper(1), made.FACTOR) == (3, 3)
    assert (made.SCALE, made.given(1)) == (10, 1)
    assert made.area(1) == 10 * made.math.pi


def test_a_file_that_is_kept_holds_changed_given_code_and_no_function_of_the_students() -> None:
    made = one(STUDENT, FILE)
    assert made.given(1) == ("changed", 1)
    assert made.area(1) == 5 * made.math.pi
    assert made.Shape(4).size == 400
    assert made.Shape(4).grow(1) == 401
    assert made.Line().length() == "reference"


def test_a_missing_import_that_the_reference_needs_is_added() -> None:
    """Given functions and classes too, if the student has removed them."""
    theirs = "class Shape:\n    def grow(self, by):\n        return 'student'\n"
    made = one(theirs, "Shape.grow")
    assert made.area(1) == 10 * made.math.pi
    assert made.given(1) == 1
    shape = made.Shape(3)
    assert (shape.size, shape.grow(1), shape.shrink(1)) == (3, "student", 2)


def test_a_future_import_and_the_docstring_stay_first() -> None:
    text = graft({FILE: STUDENT}, {FILE: REFERENCE}, {FILE: NAMES}, {"area"})[FILE]
    docstring, future, added = ast.parse(text).body[:3]
    assert isinstance(docstring, ast.Expr) and isinstance(future, ast.ImportFrom)
    assert (future.module, ast.unparse(added)) == ("__future__", "import math")


@pytest.mark.parametrize("keep", [["area"], []])
def test_a_function_that_is_defined_twice(keep: list[str]) -> None:
    """The last one counts in Python; the first had come back after the reference's."""
    twice = STUDENT + "\n\ndef area(r):\n    return 'second'\n"
    assert one(twice, *keep, "Shape.grow").area(1) == ("second" if keep else 5 * 3.141592653589793)


def test_a_missing_function_is_named() -> None:
    gone = STUDENT.replace("def grow", "def bigger")
    with pytest.raises(GraftFailed, match=r"^src/one\.py has no function Shape\.grow$"):
        one(gone, "Shape.grow")
    assert one(gone, "Shape.shrink").Shape(1).grow(2) == 102


@pytest.mark.parametrize(
    "text", ["def area(r) return 1", "x = 1\0", "x = " + "(" * 999, "-" * 99_999 + "1"]
)
def test_a_file_that_is_not_python_does_not_stop_the_others(text: str) -> None:
    """Nesting too deep for the parser and NULs are like any other error."""
    student, reference = {FILE: text, OTHER: TWO_STUDENT}, {FILE: REFERENCE, OTHER: TWO}
    with pytest.raises(GraftFailed, match=r"^src/one\.py is not valid Python$"):
        graft(student, reference, UNITS, {"area"})
    files = graft(student, reference, UNITS, {"double"})
    assert "x * x" in files[OTHER]
    assert files[FILE] == REFERENCE
    assert survey(student, {FILE: SKELETON, OTHER: TWO}, UNITS) == ([], [])


@pytest.mark.parametrize("count", [400, 2_000])
def test_a_file_that_is_nested_deeply_does_not_stop_the_others(count: int) -> None:
    """Python reads a sum of so many terms, but what writes it down once ended in an error."""
    deep = f"{STUDENT}\nSUM = {' + '.join(['FACTOR'] * count)}\n"
    student, reference = {FILE: deep, OTHER: TWO_STUDENT}, {FILE: REFERENCE, OTHER: TWO}
    assert "x * x" in graft(student, reference, UNITS, {"double"})[OTHER]
    unwritten, _ = survey({FILE: deep, OTHER: TWO}, {FILE: SKELETON, OTHER: TWO}, UNITS)
    assert unwritten == ["double"]
    with pytest.raises(GraftFailed, match=r"^src/one\.py is nested too deeply$"):
        graft(student, reference, UNITS, {"area"})


def test_other_files_of_the_student_stay_as_they_are() -> None:
    student = {FILE: STUDENT, "src/utils.py": "not even python", "notes.txt": "\0"}
    files = graft(student, {FILE: REFERENCE}, {FILE: NAMES}, {"area"})
    assert files.keys() == student.keys()
    assert {name: files[name] for name in student if name != FILE} == {
        name: text for name, text in student.items() if name != FILE
    }


def test_a_file_that_was_not_handed_in_is_the_references() -> None:
    files = graft({FILE: STUDENT}, {FILE: REFERENCE, OTHER: TWO}, UNITS, {"area"})
    assert "2 * x" in files[OTHER]


def seen(student: str) -> tuple[list[str], list[str]]:
    return survey({FILE: student}, {FILE: SKELETON}, {FILE: NAMES})


def test_unwritten_functions_are_found() -> None:
    assert seen(SKELETON) == (NAMES, [])
    some = SKELETON.replace('raise NotImplementedError("grow")', "return by")
    assert seen(some) == (["area", "Shape.shrink", "Line.length"], [])
    assert seen(REFERENCE) == ([], [])


def test_an_unwritten_function_with_another_docstring_is_unwritten() -> None:
    assert seen(SKELETON.replace("Of a circle.", "TODO: ask in the forum")) == (NAMES, [])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SCALE = 10", "SCALE = 11"),
        ("SCALE = 10", ""),
        ("def given(x):\n    return x", "def given(x):\n    return -x"),
        ("self.size = size", "self.size = 2 * size"),
        ("def area(r):", "def area(radius):"),
        ("class Line:", "class Line(Shape):"),
    ],
)
def test_changed_given_code_is_found(old: str, new: str) -> None:
    assert old in REFERENCE
    assert seen(REFERENCE.replace(old, new)) == ([], [FILE])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SCALE = 10", "EXTRA = 1\nSCALE = 10\n\n\ndef helper():\n    return EXTRA\n"),
        ("SCALE = 10", "SCALE = 10  # a comment"),
        ("SCALE = 10", "SCALE   = (10)"),
        ("import math", "import math\nimport cmath"),
        ("import math", "from math import pi"),
        ('"""Numbers."""', '"""Something else."""'),
        ('    """Of a circle."""\n', ""),
        ("class Line:", "class Added:\n    pass\n\n\nclass Line:"),
    ],
)
def test_what_a_student_may_add_is_no_change_of_given_code(old: str, new: str) -> None:
    assert old in REFERENCE
    assert seen(REFERENCE.replace(old, new)) == ([], [])
