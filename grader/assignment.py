"""Reads `<assignment>/assignment.toml`: parts, points, the student's files, limits.

    assignment = find("a5")     # the full name or any unambiguous prefix
    assignment.solution         # .../a5_mingpt_perceiver/solution

Every key is checked, and an unknown one is an error: a misspelt key would silently mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from msgspec import Meta

from grader import strict
from grader.boundary.limits import Limits
from grader.errors import BadAssignment, UserError

CHECKOUT = Path(__file__).resolve().parents[1]
FILE = "assignment.toml"


@dataclass(frozen=True)
class Part:
    """One part of an assignment; `id` is the one of the TODOs, the marks and the handout."""

    id: str
    title: str
    points: Annotated[float, Meta(gt=0)]


@dataclass(frozen=True)
class Assignment:
    """One assignment of the checkout, as the grader knows it."""

    id: str
    title: str
    root: Path  # its folder
    student_files: tuple[str, ...]  # relative to root, e.g. "src/model.py"
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]
    optional_files: tuple[str, ...] = ()  # patterns as in a shell, relative to root
    limits: Limits = field(default_factory=Limits)
    notebook_file: str | None = None  # the student's file that a lone notebook replaces
    given: tuple[str, ...] = ()  # given files that hidden tests need, relative to root
    # {part: those of `given` that compute what the part asks for, hidden during its tests}
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    carry_errors: bool = True  # a test's points are given if only what it rests on is wrong
    diagnosis: Literal["sentence", "hint", "none"] = "sentence"  # what students see of a mistake
    suite: Path = Path()  # the hidden suite

    @property
    def solution(self) -> Path:
        """The reference solution, the source of `src`."""
        return self.root / "solution"

    @property
    def src(self) -> Path:
        """The skeleton, where students work."""
        return self.root / "src"

    @property
    def given_folder(self) -> Path:
        """The given files next to `src`, which student code reads there."""
        return self.root / "given"

    @property
    def tests(self) -> Path:
        """The public tests."""
        return self.root / "tests"

    @property
    def part_titles(self) -> dict[str, str]:
        """{id: title} in the handout's order."""
        return {part.id: part.title for part in self.parts}

    @property
    def points(self) -> float:
        """The points of all parts."""
        return round(sum(part.points for part in self.parts), 4)


def names(checkout: Path = CHECKOUT) -> list[str]:
    """The ids of the assignments in the checkout, sorted."""
    return sorted(path.parent.name for path in checkout.glob(f"*/{FILE}"))


def all_assignments(checkout: Path = CHECKOUT) -> list[Assignment]:
    """Every assignment of the checkout, by id."""
    return [read(checkout / name, checkout) for name in names(checkout)]


def find(name: str, checkout: Path = CHECKOUT) -> Assignment:
    """The assignment called `name`, or the only one whose name begins with it or has it as a word.

    Raises UserError for an unknown or ambiguous name.
    """
    known = names(checkout)
    if not known:
        raise UserError(f"{checkout} has no assignments: install the grader from a checkout, -e .")
    name = name.rstrip("/")  # as a shell completes it
    hits = [name] if name in known else [each for each in known if _is_short(name, each)]
    if len(hits) != 1:
        what = "is more than one assignment" if hits else "is not an assignment"
        raise UserError(f"{name!r} {what}: choose from {', '.join(hits or known)}")
    return read(checkout / hits[0], checkout)


def _is_short(name: str, full: str) -> bool:
    """Whether `name` is short for `full`, as "a5" or "minbert"."""
    return bool(name) and (full.startswith(name) or name in full.split("_"))


def read(root: Path, checkout: Path = CHECKOUT) -> Assignment:
    """The assignment in the folder `root`; raises BadAssignment."""
    path, suite = root / FILE, checkout / "grader" / "suites" / root.name
    try:
        assignment = strict.read_toml(path, Assignment, root=root, suite=suite)
        _check(assignment)
    except (OSError, ValueError) as error:
        raise BadAssignment(f"{path}: {error}") from None
    return assignment


def _check(assignment: Assignment) -> None:
    """Raises ValueError for keys that contradict each other."""
    if assignment.id != assignment.root.name:
        raise ValueError(f"id {assignment.id!r} is not the folder's name, {assignment.root.name!r}")
    if assignment.notebook_file not in (None, *assignment.student_files):
        raise ValueError(f"notebook_file {assignment.notebook_file!r} is not among student_files")
    if len(assignment.part_titles) != len(assignment.parts):
        raise ValueError("parts: at least one is needed, each with an id of its own")
    for key in ("student_files", "optional_files", "given"):
        _check_paths(key, getattr(assignment, key))
    for part, paths in assignment.withheld.items():
        if part not in assignment.part_titles or not set(paths) <= set(assignment.given):
            raise ValueError(f"withheld: {part} = {list(paths)}: a part, and files of `given`")
    for key, value in asdict(assignment.limits).items():
        if not value > 0:
            raise ValueError(f"limits: {key} = {value:g} is not more than 0")


def _check_paths(key: str, values: tuple[str, ...]) -> None:
    for value in values:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise ValueError(f"{key}: {value!r} is not a path inside the assignment's folder")
    if len(set(values)) != len(values):
        raise ValueError(f"{key} names a file twice")
