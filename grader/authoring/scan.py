"""Proves that nothing hidden stands in what students get: solutions, hidden tests, mistakes.

A line counts without its white space and from 18 characters on: shorter ones, such as `return x`,
stand in any program. A solution's line is looked for anywhere in a released file, across its line
ends too, so that code which was only reformatted, or quoted in a handout, is found. A hidden test's
line is compared with whole lines. Notebooks and JSON are read as the texts that they hold.

Lines that the skeleton has outside its regions are known to students. Those that any program may
have, or that given files show on purpose, are listed in common_lines.txt.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from grader.assignment import Assignment
from grader.authoring import skeleton
from grader.authoring.markers import Unit, cut
from grader.errors import UserError

SHORTEST = 18  # characters without white space
COMMON = Path(__file__).with_name("common_lines.txt")
SPACE = re.compile(r"\s+")
COMMENT = re.compile(r"\s+# .*")


@dataclass(frozen=True)
class Leak:
    """A line of something hidden, and where it stands in the release."""

    file: str
    line: int  # 1-based
    text: str  # without white space
    origin: str  # as in "a5_mingpt_perceiver/GPT.forward"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: a line of {self.origin}: {self.text}"


@dataclass(frozen=True)
class Hidden:
    """What must not be released: {line without white space: where it comes from}."""

    solutions: Mapping[str, str]
    tests: Mapping[str, str]


def hidden(assignments: Sequence[Assignment]) -> Hidden:
    """The hidden lines of these assignments. Raises BadMarker, UserError."""
    solutions: dict[str, str] = {}
    tests: dict[str, str] = {}
    skeletons: list[str] = []
    for assignment in assignments:
        for name, (text, units) in skeleton.marked(assignment).items():
            solutions |= _solution_lines(assignment, text, units)
            skeletons.append(squeezed(cut(text, name, units)))
        tests |= _test_lines(assignment)
    known = "\n".join([*skeletons, *common_lines()])
    return Hidden(_without(solutions, known), _without(tests, known))


@cache
def common_lines(path: Path = COMMON) -> frozenset[str]:
    """The lines that may stand in both, without white space; none if there is no such file."""
    if not path.is_file():
        return frozenset()
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(squeezed(line) for line in lines if line and not line.startswith("# "))


def squeezed(line: str) -> str:
    """`line` without its white space."""
    return SPACE.sub("", line)


def leaks(files: Mapping[str, bytes], secrets: Hidden) -> list[Leak]:
    """Every hidden line in these files, {name: bytes}; raises UserError for one of no text."""
    return [leak for name, data in sorted(files.items()) for leak in _in_file(name, data, secrets)]


def _in_file(name: str, data: bytes, secrets: Hidden) -> Iterator[Leak]:
    if name.endswith(".png"):
        return
    lines = [squeezed(line) for line in _lines(name, data)]
    whole = "".join(lines)
    ends = list(accumulate(map(len, lines)))
    for text, origin in secrets.solutions.items():
        place = whole.find(text)
        if place >= 0:
            yield Leak(name, bisect_right(ends, place) + 1, text, origin)
    for number, line in enumerate(lines, start=1):
        if line in secrets.tests:
            yield Leak(name, number, line, secrets.tests[line])


def _lines(name: str, data: bytes) -> list[str]:
    """A file's lines; those of the strings that a notebook or JSON file holds."""
    try:
        text = data.decode()
        if name.endswith((".ipynb", ".json")):
            text = "\n".join(_strings(json.loads(text)))
    except ValueError as error:
        raise UserError(f"{name} cannot be scanned for hidden lines: {error}") from None
    return text.splitlines()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def _without(lines: Mapping[str, str], known: str) -> dict[str, str]:
    return {line: origin for line, origin in lines.items() if line not in known}


def _solution_lines(assignment: Assignment, text: str, units: Sequence[Unit]) -> dict[str, str]:
    """The lines inside the regions of one file of a solution."""
    return {
        line: f"{assignment.id}/{unit.name}"
        for unit in units
        for line in _telling(_region(text, unit))
    }


def _region(text: str, unit: Unit) -> list[str]:
    return text.splitlines()[unit.region.begin : unit.region.end - 1]


def _test_lines(assignment: Assignment) -> dict[str, str]:
    """The lines of the suite's functions, and its sentences about mistakes and alternatives."""
    found: dict[str, str] = {}
    for path in sorted(assignment.suite.rglob("*.py")):
        if path.name != "probes.py":  # runs next to student code, and may be seen
            text = path.read_text(encoding="utf-8")
            found |= dict.fromkeys(_telling(_bodies(text)), _origin(assignment, path))
    for path in sorted(assignment.suite.rglob("*.toml")):
        sentence = tomllib.loads(path.read_text(encoding="utf-8")).get("sentence")
        if isinstance(sentence, str):
            lines = [sentence, f'sentence = "{sentence}"']
            found |= dict.fromkeys(_telling(lines), _origin(assignment, path))
    return found


def _origin(assignment: Assignment, path: Path) -> str:
    return f"the suite of {assignment.id}, {path.relative_to(assignment.suite).as_posix()}"


def _bodies(text: str) -> list[str]:
    """The lines of the functions of a module, without their decorators and imports."""
    lines = text.splitlines()
    return [
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        for statement in node.body
        if not isinstance(statement, ast.Import | ast.ImportFrom)
        for line in lines[statement.lineno - 1 : statement.end_lineno]
    ]


def _telling(lines: Sequence[str]) -> Iterator[str]:
    """The lines that are long enough, each with and without the comment at its end."""
    for line in lines:
        for text in {squeezed(line), squeezed(COMMENT.sub("", line))}:
            if len(text) >= SHORTEST:
                yield text
