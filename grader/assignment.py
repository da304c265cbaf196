"""Reads `<assignment>/assignment.toml`: parts, points, the student's files, limits.

    assignment = find("a5")     # the full name or any unambiguous prefix
    assignment.solution         # .../a5_mingpt_perceiver/solution

Every key is checked, and an unknown one is an error: a misspelt key would silently mean nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from grader.boundary.limits import Limits
from grader.errors import BadAssignment, UserError

CHECKOUT = Path(__file__).resolve().parents[1]
FILE = "assignment.toml"
NUMBER = (int, float)
KEYS = (
    "id",
    "title",
    "student_files",
    "optional_files",
    "notebook_file",
    "given",
    "withheld",
    "parts",
    "limits",
)


@dataclass(frozen=True)
class Part:
    """One part of an assignment; `id` is the one of the TODOs, the marks and the handout."""

    id: str
    title: str
    points: float


@dataclass(frozen=True)
class Assignment:
    """One assignment of the checkout, as the grader knows it."""

    id: str
    title: str
    root: Path  # its folder
    student_files: tuple[str, ...]  # relative to root, e.g. "src/model.py"
    optional_files: tuple[str, ...]  # patterns as in a shell, relative to root
    parts: tuple[Part, ...]
    limits: Limits
    notebook_file: str | None = None  # the student's file that a lone notebook replaces
    given: tuple[str, ...] = ()  # given files that hidden tests need, relative to root
    # {part: those of `given` that compute what the part asks for, hidden during its tests}
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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
    """The assignment called `name`, or the only one whose name begins with it.

    Raises UserError for an unknown or ambiguous name.
    """
    known = names(checkout)
    name = name.rstrip("/")  # as a shell completes it
    hits = [name] if name in known else [each for each in known if name and each.startswith(name)]
    if len(hits) != 1:
        what = "is more than one assignment" if hits else "is not an assignment"
        raise UserError(f"{name!r} {what}: choose from {', '.join(hits or known) or '(none)'}")
    return read(checkout / hits[0], checkout)


def read(root: Path, checkout: Path = CHECKOUT) -> Assignment:
    """The assignment in the folder `root`; raises BadAssignment."""
    path = root / FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadAssignment(f"{path}: {error}") from None
    try:
        return _assignment(root, checkout, table)
    except BadAssignment as error:
        raise BadAssignment(f"{path}: {error}") from None


def _assignment(root: Path, checkout: Path, table: Mapping[str, Any]) -> Assignment:
    _only(table, KEYS)
    if _get(table, "id", str) != root.name:
        raise BadAssignment(f"id {table['id']!r} is not the folder's name, {root.name!r}")
    student_files = _paths(table, "student_files")
    notebook_file = _get(table, "notebook_file", str, "") or None
    if notebook_file and notebook_file not in student_files:
        raise BadAssignment(f"notebook_file {notebook_file!r} is not among student_files")
    given = _paths(table, "given", ())
    parts = _parts(table)
    return Assignment(
        id=table["id"],
        title=_get(table, "title", str),
        root=root,
        student_files=student_files,
        optional_files=_paths(table, "optional_files", ()),
        parts=parts,
        limits=_limits(_get(table, "limits", dict, {})),
        notebook_file=notebook_file,
        given=given,
        withheld=_withheld(table, {part.id for part in parts}, given),
        suite=checkout / "grader" / "suites" / root.name,
    )


def _only(table: Mapping[str, Any], valid: tuple[str, ...]) -> None:
    for key in table:
        if key not in valid:
            raise BadAssignment(f"{key!r} is not a key: choose from {', '.join(valid)}")


def _get(
    table: Mapping[str, Any], key: str, kind: type | tuple[type, ...], default: Any = None
) -> Any:
    """`table[key]`, which must be of `kind`; a key without a default is required."""
    value = table.get(key, default)
    if value is None:
        raise BadAssignment(f"the key {key!r} is missing")
    if not isinstance(value, kind) or isinstance(value, bool):
        first = kind[0] if isinstance(kind, tuple) else kind
        wanted = "a number" if kind == NUMBER else f"a {first.__name__}"
        raise BadAssignment(f"{key} = {value!r} is not {wanted}")
    return value


def _paths(table: Mapping[str, Any], key: str, default: Any = None) -> tuple[str, ...]:
    values = tuple(_get(table, key, (list, tuple) if default is not None else list, default))
    for value in values:
        path = PurePosixPath(str(value))
        if not isinstance(value, str) or path.is_absolute() or ".." in path.parts or not path.name:
            raise BadAssignment(f"{key}: {value!r} is not a path inside the assignment's folder")
    if len(set(values)) != len(values):
        raise BadAssignment(f"{key} names a file twice")
    return values


def _parts(table: Mapping[str, Any]) -> tuple[Part, ...]:
    parts = []
    for row in _get(table, "parts", list):
        if not isinstance(row, dict):
            raise BadAssignment(f"parts: {row!r} is not a table")
        _only(row, ("id", "title", "points"))
        points = float(_get(row, "points", NUMBER))
        parts.append(Part(_get(row, "id", str), _get(row, "title", str), points))
        if not points > 0:
            raise BadAssignment(f"part {row['id']!r} has {points:g} points: more than 0 are needed")
    if not parts or len({part.id for part in parts}) != len(parts):
        raise BadAssignment("parts: at least one is needed, each with an id of its own")
    return tuple(parts)


def _withheld(
    table: Mapping[str, Any], parts: set[str], given: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    rows = _get(table, "withheld", dict, {})
    for part in rows:
        names = _paths(rows, part)
        if part not in parts or not set(names) <= set(given):
            raise BadAssignment(f"withheld: {part} = {list(names)}: a part, and files of `given`")
    return {part: _paths(rows, part) for part in rows}


def _limits(table: Mapping[str, Any]) -> Limits:
    _only(table, tuple(each.name for each in fields(Limits)))
    for each in fields(Limits):
        # annotations are strings here
        value = _get(table, each.name, NUMBER if each.type == "float" else int, each.default)
        if not value > 0:
            raise BadAssignment(f"limits: {each.name} = {value!r} is not more than 0")
    return Limits(**table)
