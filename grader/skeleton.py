"""solution/ -> src/: cuts out of the reference solution what students are to write.

A region stands in a function, after the comment that says what to produce:

    # TODO(e): return (x, y), two long tensors of shape (block_size - 1,)
    ### BEGIN SOLUTION
    ...
    ### END SOLUTION

and becomes `raise NotImplementedError("TODO(e): Class.method")`. Files without regions are given to
students as they are. What is not Python in solution/ is no part of the skeleton.

Where assignment.toml names a notebook_file, that file of the skeleton is in the percent format, and
the same text is written as a notebook beside src/ (notebook.py): it is the same skeleton twice.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from course.files import write_aside
from grader import notebook
from grader.assignment import Assignment
from grader.errors import BadMarker, UserError

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
TODO = re.compile(r"#\s*TODO\(([^)]*)\)")
MISSPELT = 0.7  # share of equal letters from which a comment counts as a marker gone wrong
CACHES = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache"}
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


def build(assignment: Assignment) -> dict[str, str]:
    """The skeleton: {path relative to the assignment: text}. Raises BadMarker, UserError."""
    if not assignment.solution.is_dir():
        raise UserError(f"{assignment.solution} is not there: the skeleton is made from it")
    skeleton = {}
    for path in _files(assignment.solution):
        if path.suffix == ".py":
            name = path.relative_to(assignment.solution).as_posix()
            skeleton[f"src/{name}"] = _convert(assignment, path, f"src/{name}")
    for name in assignment.student_files:
        if name.startswith("src/") and name not in skeleton:
            raise UserError(f"{assignment.id}: {name} is a student's file and has no solution")
    if assignment.notebook_file:
        text = skeleton[assignment.notebook_file]
        where = f"{assignment.id}/{assignment.notebook_file}"
        skeleton[notebook_name(assignment)] = notebook.from_source(text, where)
    return skeleton


def notebook_name(assignment: Assignment) -> str:
    """The notebook beside src/: "src/makemore.py" -> "makemore.ipynb"."""
    return f"{Path(assignment.notebook_file or '').stem}.ipynb"


def write(assignment: Assignment) -> list[str]:
    """Brings src/ up to date and returns the files that changed; all is built before any write."""
    changed = []
    for name, text in build(assignment).items():
        path = assignment.root / name
        if _text(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            with write_aside(path) as file:
                file.write(text.encode())
            changed.append(name)
    return changed


def check(assignment: Assignment) -> list[str]:
    """One line for each file in which src/ is not the skeleton: different, missing or extra."""
    skeleton = build(assignment)
    lines = {
        name: "is missing" if _text(assignment.root / name) is None else "differs from the solution"
        for name, text in skeleton.items()
        if _text(assignment.root / name) != text
    }
    for path in _files(assignment.src):
        name = path.relative_to(assignment.root).as_posix()
        if name not in skeleton:
            lines[name] = "is extra: the solution has no such file"
    return [f"{name} {what}" for name, what in sorted(lines.items())]


def convert(source: str, where: str, parts: set[str]) -> str:
    """`source` with its regions replaced; `where` names it in errors. Raises BadMarker."""
    tree, comments = _parse(source, where)
    regions = list(_regions(comments, where))
    todos = _todos(comments, where, parts)
    lines = io.StringIO(source, newline="").readlines()  # ends lines where ast ends them
    used = set()
    for region in reversed(regions):  # from the end, so that line numbers above stay true
        todo, name = _place(region, tree, todos, where)
        used.add(todo)
        message = f'raise NotImplementedError("TODO({todos[todo]}): {name}")\n'
        lines[region.begin - 1 : region.end] = [" " * region.column + message]
    for line in sorted(set(todos) - used):
        raise BadMarker(f"{where}:{line}: TODO({todos[line]}) has no region after it")
    text = "".join(lines)
    try:
        compile(text, where, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise BadMarker(
            f"{where}:{error.lineno}: without its regions it does not compile: {error.msg} "
            "(line of the skeleton)"
        ) from None
    return text


def _convert(assignment: Assignment, path: Path, name: str) -> str:
    where = f"{assignment.id}/{path.relative_to(assignment.root).as_posix()}"
    source = _text(path)
    if source is None:
        raise BadMarker(f"{where}:1: is not UTF-8 text")
    text = convert(source, where, {part.id for part in assignment.parts})
    if text != source and name not in assignment.student_files:
        line = source[: source.index(BEGIN)].count("\n") + 1
        raise BadMarker(f"{where}:{line}: a region in a file that is not among student_files")
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
                f"{where}:{comment.line}: {text!r} is no marker: {BEGIN!r} and {END!r} are, "
                "each alone on its line"
            )
    return None


def _regions(comments: list[Comment], where: str) -> Iterator[Region]:
    open_at: Comment | None = None
    for comment in comments:
        marker = _marker(comment, where)
        if marker == BEGIN:
            if open_at:
                raise BadMarker(
                    f"{where}:{comment.line}: a region inside the one of line {open_at.line}"
                )
            open_at = comment
        elif marker == END:
            if not open_at:
                raise BadMarker(f"{where}:{comment.line}: {END!r} without {BEGIN!r} before it")
            if comment.column != open_at.column:
                raise BadMarker(
                    f"{where}:{comment.line}: is not indented as line {open_at.line}, "
                    "where the region begins"
                )
            yield Region(open_at.line, comment.line, comment.column)
            open_at = None
    if open_at:
        raise BadMarker(f"{where}:{open_at.line}: {BEGIN!r} without {END!r} after it")


def _todos(comments: list[Comment], where: str, parts: set[str]) -> dict[int, str]:
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
    """The line of the region's TODO, and the qualified name of the function it stands in."""
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and region.begin < node.lineno < region.end
    ]
    if not inside:
        raise BadMarker(f"{where}:{region.begin}: the region has no statement")
    first = min(inside, key=lambda node: (node.lineno, node.col_offset))
    if first.col_offset != region.column:
        raise BadMarker(f"{where}:{region.begin}: is not indented as the statement after it")
    found = [
        (node.lineno, name)
        for name, node in _functions(tree)
        if node.lineno < region.begin and first.lineno <= (node.end_lineno or 0)
    ]
    if not found:
        raise BadMarker(f"{where}:{region.begin}: the region is not inside a function")
    top, name = max(found)
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


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not CACHES & set(path.relative_to(folder).parts)
    )


def _text(path: Path) -> str | None:
    """The file's text with its own line ends, or None where there is none."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
