"""Which files lie beside student code when it runs.

Given files may compute what students must write: a fast loss computes the model's, an attention
over two sequences that over one. Where hidden tests run, a given file is therefore there only if
assignment.toml says that they need it (`given`), and not while a part is tested that asks for
what the file computes (`withheld`). In its place lies a stand-in of the same name: whatever is
imported from it is found, and raises when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.intake.submission import Tree

# Where a worker looks for modules: the student's sources, and what stands beside them.
PATH = ("src", "given")
STAND_IN = b'''"""Stands in for a given file while tests run that ask for what the file computes."""


class GivenFileWithheld(RuntimeError):
    """Student code uses a given file where its own work is tested."""


class _StandIn:
    def __new__(cls, *args, **kwargs):
        raise GivenFileWithheld(f"{cls.__name__} is given, and not there while this is tested")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (_StandIn,), {})
'''


@dataclass(frozen=True)
class Workspace:
    """{relative name: bytes} of what lies beside student code, student code included."""

    files: Mapping[str, bytes]
    # {part: files that lie there, in place of those of the same names, while it is tested}
    instead: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


def public(assignment: Assignment, tree: Tree) -> Workspace:
    """For public tests on one's own machine: every given file is there."""
    return Workspace(given_files(assignment) | _sources(tree))


def hidden(assignment: Assignment, tree: Tree) -> Workspace:
    """For hidden tests: stand-ins for given files that the tests do not need."""
    laid = given_files(assignment)
    kept = (*assignment.student_files, *assignment.given)  # the skeleton's, if one is not handed in
    files = laid | dict.fromkeys(laid.keys() - set(kept), STAND_IN) | _sources(tree)
    instead = {part: dict.fromkeys(names, STAND_IN) for part, names in assignment.withheld.items()}
    return Workspace(files, instead)


def given_files(assignment: Assignment) -> dict[str, bytes]:
    """The Python files that the assignment gives, and the skeletons of those that it does not.

    They are made from the solution anew, so that an edited src/ is no given file. A student's
    checkout may have no solution; there they are those of src/, which serves `check`.
    """
    if assignment.solution.is_dir():
        made = skeleton.build(assignment).items()
        files = {name: text.encode() for name, text in made if name.endswith(".py")}
    else:
        files = {f"src/{path.name}": path.read_bytes() for path in assignment.src.glob("*.py")}
    beside = assignment.given_folder.glob("*.py")
    return files | {f"given/{path.name}": path.read_bytes() for path in beside}


def _sources(tree: Tree) -> dict[str, bytes]:
    return {name: data for name, data in tree.files.items() if name.endswith(".py")}
