"""Which files lie next to student code when it runs.

Given files may compute what students must write: a fast loss computes the model's, an attention
over two sequences that over one. In hidden tests, a given file is therefore present only if
assignment.toml says that they need it (`given`), and never while testing a part that asks for
what the file computes (`withheld`). A stand-in of the same name replaces it: any name can be
imported from it, and raises when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.intake.submission import Tree

# Where a worker looks for modules: the student's sources and the given files.
PATH = ("src", "given")
STAND_IN = b'''"""Stands in for a given file while tests run that ask for what the file computes."""


class GivenFileWithheld(RuntimeError):
    """Student code uses a given file in place of its own work."""


class _StandIn:
    def __new__(cls, *args, **kwargs):
        raise GivenFileWithheld(f"{cls.__name__} is given, and unavailable while this is tested")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (_StandIn,), {})
'''


@dataclass(frozen=True)
class Workspace:
    """{relative name: bytes} of student code and the files next to it."""

    files: Mapping[str, bytes]
    # {part: files that replace those of the same names while it is tested}
    instead: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    probes: bytes = b""  # the text of the suite's own, which is not among the files


def public(assignment: Assignment, tree: Tree) -> Workspace:
    """For public tests on your own machine: every given file is there."""
    files = given_files(assignment) | _sources(tree)
    return Workspace(files, probes=suite_probes(assignment))


def hidden(assignment: Assignment, tree: Tree) -> Workspace:
    """For hidden tests: stand-ins for given files that the tests do not need."""
    given = given_files(assignment)
    # a student's file that is not handed in is the skeleton's
    needed = (*assignment.student_files, *assignment.given)
    files = given | dict.fromkeys(given.keys() - set(needed), STAND_IN) | _sources(tree)
    instead = {part: dict.fromkeys(names, STAND_IN) for part, names in assignment.withheld.items()}
    return Workspace(files, instead, suite_probes(assignment))


def given_files(assignment: Assignment) -> dict[str, bytes]:
    """The Python files that the assignment gives, and the skeletons of those that it does not.

    They are built from the solution, so that an edited src/ is not taken for a given file. A
    student's checkout may have no solution; then they are those of src/, for `check`.
    """
    if assignment.solution.is_dir():
        texts = skeleton.build(assignment).items()
        files = {name: text.encode() for name, text in texts if name.endswith(".py")}
    else:
        files = {f"src/{path.name}": path.read_bytes() for path in assignment.src.glob("*.py")}
    paths = assignment.given_folder.glob("*.py")
    return files | {f"given/{path.name}": path.read_bytes() for path in paths}


def suite_probes(assignment: Assignment) -> bytes:
    """The text of the suite's own probes.py; empty if it has none."""
    path = assignment.suite / "probes.py"
    return path.read_bytes() if path.is_file() else b""


def _sources(tree: Tree) -> dict[str, bytes]:
    return {name: data for name, data in tree.files.items() if name.endswith(".py")}
