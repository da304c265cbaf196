"""solution/ -> src/: cuts what students must write out of the reference solution (markers.py).

Files without regions are given to students unchanged. Files in solution/ that are not Python are
not part of the skeleton.

If assignment.toml names a notebook_file, that file of the skeleton is in the percent format, and
the same text is also written as a notebook next to src/ (notebook.py).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from course.files import write_aside
from grader.assignment import Assignment
from grader.authoring import notebook
from grader.authoring.markers import BEGIN, Unit, convert, cut
from grader.authoring.markers import units as units_of
from grader.errors import BadMarker, UserError

CACHES = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache"}


def build(assignment: Assignment) -> dict[str, str]:
    """The skeleton: {path relative to the assignment: text}. Raises BadMarker, UserError."""
    if not assignment.solution.is_dir():
        raise UserError(f"{assignment.solution} does not exist: the skeleton is made from it")
    skeleton = {}
    for path in _files(assignment.solution):
        if path.suffix == ".py":
            name = path.relative_to(assignment.solution).as_posix()
            skeleton[f"src/{name}"] = _convert(assignment, path, f"src/{name}")
    for name in assignment.student_files:
        if name.startswith("src/") and name not in skeleton:
            raise UserError(f"{assignment.id}: {name} is a student's file but has no solution")
    if assignment.notebook_file:
        text = skeleton[assignment.notebook_file]
        where = f"{assignment.id}/{assignment.notebook_file}"
        skeleton[notebook_name(assignment)] = notebook.from_source(text, where)
    return skeleton


def marked(assignment: Assignment) -> dict[str, tuple[str, list[Unit]]]:
    """{a student's file: (the solution's text, its units)}."""
    parts = {part.id for part in assignment.parts}
    texts = {
        name: (assignment.solution / name.removeprefix("src/")).read_text(encoding="utf-8")
        for name in assignment.student_files
    }
    return {name: (text, units_of(text, name, parts)) for name, text in texts.items()}


def units(assignment: Assignment) -> dict[str, Unit]:
    """{name: unit} of every function that students write, in the files' order."""
    return {unit.name: unit for _, own in marked(assignment).values() for unit in own}


def without(assignment: Assignment, names: Collection[str]) -> dict[str, str]:
    """The student's files of the solution, with these functions as in the skeleton."""
    return {
        file: cut(text, file, [unit for unit in own if unit.name in names])
        for file, (text, own) in marked(assignment).items()
    }


def notebook_name(assignment: Assignment) -> str:
    """The notebook next to src/: "src/makemore.py" -> "makemore.ipynb"."""
    return f"{Path(assignment.notebook_file or '').stem}.ipynb"


def write(assignment: Assignment) -> list[str]:
    """Brings src/ up to date and returns the files that changed; builds all before writing any."""
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
    """One line for each file of src/ that is not the skeleton's: different, missing or extra."""
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


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not CACHES & set(path.relative_to(folder).parts)
    )


def _text(path: Path) -> str | None:
    """The file's text with its own line ends, or None if there is none."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
