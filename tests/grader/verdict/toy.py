"""A made-up assignment of two files and four functions, which build on one another.

`area` calls `square`, which lies in the other file, and `total` calls `Scale.apply`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader import assignment as assignments
from grader.assignment import Assignment
from grader.boundary.sandbox import Sandbox
from grader.intake.submission import Tree, digest, take
from grader.verdict.grade import Graded, Options, examine, grade
from grader.verdict.result import FunctionResult, Result, TestResult

TOML = """
id = "b2_toy"
title = "A toy"
student_files = ["src/numbers_.py", "src/shapes.py"]
[[parts]]
id = "a"
title = "Numbers"
points = 4
[[parts]]
id = "b"
title = "Shapes"
points = 7
[limits]
threads = 1
call_seconds = 2.0
"""
NUMBERS = '''\
"""Numbers."""

OFFSET = 0


def square(x):
    """x squared."""
    # TODO(a): return x squared
    ### BEGIN SOLUTION
    return x * x + OFFSET
    ### END SOLUTION


class Scale:
    """Multiplies."""

    def __init__(self, factor):
        self.factor = factor

    def apply(self, x):
        """x times the factor."""
        # TODO(a): return x times the factor
        ### BEGIN SOLUTION
        return self.factor * x
        ### END SOLUTION
'''
SHAPES = '''\
"""Shapes."""

from numbers_ import Scale, square


def area(side):
    """Of a square."""
    # TODO(b): return the area of a square
    ### BEGIN SOLUTION
    return square(side)
    ### END SOLUTION


def total(sides):
    """The doubled sum of areas."""
    # TODO(b): return twice the sum of the areas
    ### BEGIN SOLUTION
    return Scale(2).apply(sum(area(side) for side in sides))
    ### END SOLUTION
'''
SUITE = '''\
import pytest
import torch

from grader import expect


@pytest.mark.part("a")
@pytest.mark.points(2)
@pytest.mark.about("square")
@pytest.mark.hint("Multiply.")
def test_square(student, generator):
    """Squares a number."""
    x = torch.randn(3, generator=generator)
    expect.close(student.numbers_.square(x), x * x, "square(x)")


@pytest.mark.part("a")
@pytest.mark.points(2)
@pytest.mark.about("Scale.apply")
def test_scale(student):
    """Multiplies a number."""
    assert expect.number(student.numbers_.Scale(3).apply(5)) == 15, "the product is wrong"


@pytest.mark.part("b")
@pytest.mark.points(3)
@pytest.mark.about("area")
def test_area(student):
    """The area of a square is right."""
    assert expect.number(student.shapes.area(4)) == 16, "the area is wrong"


@pytest.mark.part("b")
@pytest.mark.points(2)
@pytest.mark.about("total")
def test_total(student):
    """Areas are summed and doubled."""
    assert expect.number(student.shapes.total([1, 2])) == 10, "the sum is wrong"


@pytest.mark.part("b")
@pytest.mark.points(1)
def test_everything(student):
    """All of it works."""
    assert expect.number(student.shapes.total([3])) == 18, "something is wrong"


@pytest.mark.slow
@pytest.mark.part("b")
@pytest.mark.points(1)
@pytest.mark.about("total")
def test_total_large(student):
    """Large areas are summed and doubled."""
    assert expect.number(student.shapes.total([1000])) == 2_000_000, "the sum is wrong"
'''
SQUARE = ("return x * x + OFFSET", "return 2 * x + OFFSET")  # right and wrong
APPLY = ("return self.factor * x", "return self.factor + x")
AREA = ("return square(side)", "return square(side) + 1")
TOTAL = ("Scale(2).apply(sum(area(side) for side in sides))", "sum(sides)")
BLANK = "raise NotImplementedError('TODO(a): square')"


def make(folder: Path, toml: str = TOML, **files: str) -> Assignment:
    """The toy; `files` of its suite, such as {"mistakes/m.toml": text}."""
    root, suite = folder / "b2_toy", folder / "grader" / "suites" / "b2_toy"
    texts = {"assignment.toml": toml}
    texts |= {"solution/numbers_.py": NUMBERS, "solution/shapes.py": SHAPES}
    _write(root, texts)
    _write(suite, {"test_toy.py": SUITE} | files)
    return assignments.read(root, folder)


def _write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def submission(toy: Assignment, *changes: tuple[str, str]) -> Tree:
    """The solution with each (text, other text) replaced, in the one file that has it."""
    tree = take(toy.solution, toy)
    texts = {name: data.decode() for name, data in tree.files.items()}
    for old, new in changes:
        (name,) = (name for name, text in texts.items() if text.count(old) == 1)
        texts[name] = texts[name].replace(old, new)
    files = {name: text.encode() for name, text in texts.items()}
    return replace(tree, files=files, sha256=digest(files))


def here(toy: Assignment, *changes: tuple[str, str]) -> Result:
    """The result of the solution with these changes, in this process."""
    return grade(toy, submission(toy, *changes), Options("none"))


def there(toy: Assignment, sandbox: Sandbox, *changes: tuple[str, str]) -> Graded:
    """The same, in the sandbox."""
    return examine(toy, submission(toy, *changes), Options("sandbox", sandbox=sandbox))


def outcomes(result: Result) -> dict[str, str]:
    """{test: outcome}, by the tests' short names."""
    return {name: test.outcome.value for name, test in by_name(result).items()}


def by_name(result: Result) -> dict[str, TestResult]:
    """{short name: test}."""
    return {test.name.partition("::test_")[2]: test for test in result.tests}


def functions(result: Result) -> dict[str, FunctionResult]:
    """{name: function}."""
    return {function.name: function for function in result.functions}


def states(result: Result) -> dict[str, str]:
    """{function: state}."""
    return {name: function.state.value for name, function in functions(result).items()}
