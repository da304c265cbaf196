"""The marked regions of a solution, and what replaces them in the skeleton.

A region is in a function, after the comment that says what to produce:

    # TODO(e): return (x, y), two long tensors of shape (block_size - 1,)
    ### BEGIN SOLUTION
    ...
    ### END SOLUTION

and becomes `raise NotImplementedError("TODO(e): Class.method")`. A malformed marker is an error
that gives its file and line.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from grader.errors import BadMarker

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
TODO = re.compile(r"#\s*TODO\(([^)]*)\)")
MISSPELT = 0.7  # share of equal letters above which a comment is a misspelt marker
KEPT = 256  # texts of which the results are kept: every grade asks for those of one solution
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Comment:
    """A comment of a source file."""

    line: int  # 1-based
    column: int  # 0-based
    text: str
    alone: bool  # nothing but the comment on its line


@dataclass(frozen=True)
class Region:
    """What one pair of markers encloses; `begin` and `end` are the markers' lines, 1-based."""

    begin: int
    end: int
    column: int


@dataclass(frozen=True)
class Unit:
    """A function that students write: its qualified name, its part and its marked region."""

    name: str  # as in "Block.forward"
    part: str
    region: Region


def convert(source: str, where: str, parts: set[str]) -> str:
    """`source` with its regions replaced; `where` names it in errors. Raises BadMarker."""
    return cut(source, where, units(source, where, parts))


def units(source: str, where: str, parts: set[str]) -> list[Unit]:
    """The marked functions of a solution's file, in order. Raises BadMarker."""
    return list(_units(source, where, frozenset(parts)))


@lru_cache(KEPT)
def _units(source: str, where: str, parts: frozenset[str]) -> tuple[Unit, ...]:
    tree, comments = _parse(source, where)
    todos = _todos(comments, where, parts)
    unused = dict(todos)
    found = []
    for region in _regions(comments, where):
        todo, name = _place(region, tree, todos, where)
        unused.pop(todo, None)
        found.append(Unit(name, todos[todo], region))
    for line, part in unused.items():
        raise BadMarker(f"{where}:{line}: TODO({part}) has no region after it")
    return tuple(found)


def cut(source: str, where: str, chosen: Sequence[Unit]) -> str:
    """`source` with these units' regions replaced, as in the skeleton. Raises BadMarker."""
    return _cut(source, where, tuple(chosen))


@lru_cache(KEPT)
def _cut(source: str, where: str, chosen: tuple[Unit, ...]) -> str:
    lines = io.StringIO(source, newline="").readlines()  # ends lines where ast ends them
    for unit in reversed(chosen):  # from the end, so that line numbers above stay valid
        message = f'raise NotImplementedError("TODO({unit.part}): {unit.name}")\n'
        lines[unit.region.begin - 1 : unit.region.end] = [" " * unit.region.column + message]
    text = "".join(lines)
    try:
        compile(text, where, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise BadMarker(
            f"{where}:{error.lineno}: without its regions it does not compile: {error.msg} "
            "(line of the skeleton)"
        ) from None
    return text


def _parse(source: str, where: str) -> tuple[ast.Module, list[Comment]]:
    try:
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, ValueError) as error:  # ValueError: a NUL, in Python 3.11
        line = getattr(error, "lineno", None) or 1
        raise BadMarker(f"{where}:{line}: is not Python: {getattr(error, 'msg', error)}") from None
    return tree, [
        Comment(token.start[0], token.start[1], token.string, token.line.strip() == token.string)
        for token in tokens
        if token.type == tokenize.COMMENT
    ]


def _marker(comment: Comment, where: str) -> str | None:
    """BEGIN or END, or None for a comment that is neither; raises BadMarker for a misspelt one."""
    text = comment.text.rstrip()
    if text in (BEGIN, END) and comment.alone:
        return text
    letters = " ".join(re.findall(r"[A-Z]+", text.upper()))
    for marker in (BEGIN, END):
        alike = SequenceMatcher(None, letters, marker.strip("# ")).ratio() >= MISSPELT
        if alike or re.match(rf"##+\s*{marker[4:].split()[0]}\b", text, re.IGNORECASE):
            raise BadMarker(
                f"{where}:{comment.line}: {text!r} is not a marker: write {BEGIN!r} or {END!r}, "
                "alone on its line"
            )
    return None


def _regions(comments: list[Comment], where: str) -> Iterator[Region]:
    open_at: Comment | None = None
    for comment in comments:
        marker = _marker(comment, where)
        if marker == BEGIN:
            if open_at:
                raise BadMarker(
                    f"{where}:{comment.line}: a region inside that of line {open_at.line}"
                )
            open_at = comment
        elif marker == END:
            if not open_at:
                raise BadMarker(f"{where}:{comment.line}: {END!r} without {BEGIN!r} before it")
            if comment.column != open_at.column:
                raise BadMarker(
                    f"{where}:{comment.line}: is not indented like line {open_at.line}, "
                    "where the region begins"
                )
            yield Region(open_at.line, comment.line, comment.column)
            open_at = None
    if open_at:
        raise BadMarker(f"{where}:{open_at.line}: {BEGIN!r} without {END!r} after it")


def _todos(comments: list[Comment], where: str, parts: frozenset[str]) -> dict[int, str]:
    """{line: part id} of the TODO comments."""
    todos = {}
    for comment in comments:
        match = TODO.match(comment.text)
        if match and match[1] not in parts:
            raise BadMarker(
                f"{where}:{comment.line}: {match[1]!r} is not a part of the assignment: "
                f"choose from {', '.join(sorted(parts))}"
            )
        if match:
            todos[comment.line] = match[1]
    return todos


def _place(region: Region, tree: ast.Module, todos: dict[int, str], where: str) -> tuple[int, str]:
    """The line of the region's TODO, and the qualified name of the function that it is in."""
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and region.begin < node.lineno < region.end
    ]
    if not inside:
        raise BadMarker(f"{where}:{region.begin}: the region has no statement")
    first = min(inside, key=lambda node: (node.lineno, node.col_offset))
    if first.col_offset != region.column:
        raise BadMarker(f"{where}:{region.begin}: is not indented like the statement after it")
    around = [
        (node.lineno, name)
        for name, node in _functions(tree)
        if node.lineno < region.begin and first.lineno <= (node.end_lineno or 0)
    ]
    if not around:
        raise BadMarker(f"{where}:{region.begin}: the region is not inside a function")
    top, name = max(around)
    above = [line for line in todos if top < line < region.begin]
    if not above:
        raise BadMarker(
            f"{where}:{region.begin}: no '# TODO(part): ...' comment before it in {name}"
        )
    return max(above), name


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Every function below `node` with its qualified name, as in "Class.method"."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            name = f"{prefix}{child.name}"
            if isinstance(child, Function):
                yield name, child
            yield from _functions(child, f"{name}.")
        else:
            yield from _functions(child, prefix)
