"""Reads the mistakes/ and alternatives/ of a suite: a solution with something changed.

    sentence = "The scores are not divided by the square root of the head's size."
    parts = ["c"]       # a mistake's: those that must lose points
    slow = true         # if it needs the tests marked slow too

    [[change]]
    file = "src/attention.py"
    function = "CausalSelfAttention.forward"    # its marked region alone; without it the whole file
    replace = "/ math.sqrt(hs)"                 # occurs exactly once; without it all is replaced
    by = ""

The replaced text must occur exactly once, so that no patch silently becomes empty.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import strict
from grader.authoring.markers import BEGIN, END
from grader.errors import UserError


class BadPatch(UserError):
    """A patch that cannot be read, or that does not fit the solution; names the file."""


@dataclass(frozen=True)
class Change:
    """One replacement in one file."""

    file: str
    by: str
    replace: str | None = None
    function: str | None = None


@dataclass(frozen=True)
class Patch:
    """One mistake or alternative."""

    name: str
    sentence: str
    change: tuple[Change, ...]
    parts: tuple[str, ...] = ()
    slow: bool = False

    @property
    def functions(self) -> frozenset[str]:
        """Those in whose marked regions all changes lie; none if one lies elsewhere."""
        names = [change.function for change in self.change]
        return frozenset() if None in names else frozenset(filter(None, names))


def read_all(folder: Path) -> list[Patch]:
    """The patches in a folder, by name; none if there is no folder."""
    return [read(path) for path in sorted(folder.glob("*.toml"))]


def read(path: Path) -> Patch:
    """The patch in one file; raises BadPatch."""
    try:
        return strict.read_toml(path, Patch, name=path.stem)
    except (OSError, ValueError) as error:
        raise BadPatch(f"{path.name}: {error}") from None


def apply(patch: Patch, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with the patch's changes made; raises BadPatch if one does not fit.

    The files must still be Python: any test would catch a mistake that is not.
    """
    changed = dict(files)
    for change in patch.change:
        try:
            text = changed[change.file].decode()
            changed[change.file] = _replaced(text, change).encode()
        except KeyError:
            raise BadPatch(f"{patch.name}: the solution has no {change.file}") from None
        except ValueError as error:
            raise BadPatch(f"{patch.name}: {change.file}: {error}") from None
        except SyntaxError as error:
            raise _not_python(patch, change.file, error) from None
    for file in {change.file for change in patch.change}:
        try:
            ast.parse(changed[file])
        except SyntaxError as error:
            raise _not_python(patch, file, error) from None
    return changed


def _not_python(patch: Patch, file: str, error: SyntaxError) -> BadPatch:
    return BadPatch(f"{patch.name}: {file}:{error.lineno}: {error.msg}")


def _replaced(text: str, change: Change) -> str:
    lines = text.splitlines(keepends=True)
    first, last = (0, len(lines)) if change.function is None else _region(text, change.function)
    old = "".join(lines[first:last])
    if change.replace is not None:
        if old.count(change.replace) != 1:
            raise ValueError(f"{change.replace!r} occurs {old.count(change.replace)} times, not 1")
        new = old.replace(change.replace, change.by)
    else:
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())] if lines else ""
        new = textwrap.indent(textwrap.dedent(change.by), indent if change.function else "")
    return "".join(lines[:first]) + new + "".join(lines[last:])


def _region(text: str, function: str) -> tuple[int, int]:
    """The lines between the markers in a function called `Class.method` or `function`."""
    scope: Any = ast.parse(text)
    for name in function.split("."):
        named = (node for node in ast.iter_child_nodes(scope) if getattr(node, "name", "") == name)
        scope = next(named, None)
        if scope is None:
            raise ValueError(f"there is no {function}")
    lines = text.splitlines()
    marks = [
        [i for i in range(scope.lineno, scope.end_lineno) if lines[i].strip() == marker]
        # a marker may be the function's last line, after the last statement that ast knows
        or [i for i in range(scope.lineno, len(lines)) if lines[i].strip() == marker][:1]
        for marker in (BEGIN, END)
    ]
    if any(len(numbers) != 1 for numbers in marks):
        raise ValueError(f"{function} has no single marked region")
    return marks[0][0] + 1, marks[1][0]
