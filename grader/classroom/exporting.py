"""`grader class export`: chooses the grades, shows the differences, writes the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course.errors import UserError
from course.files import make_folder, must_be_writable, write_all, write_aside
from grader.classroom.course_file import Course
from grader.classroom.entry import Entry
from grader.classroom.exports import blackboard, canvas, classroom50, moodle, plain
from grader.classroom.exports.filling import Filled
from grader.classroom.gradebook import entries as all_entries
from grader.classroom.ledger import Ledger
from grader.classroom.people import People

Filling = Callable[..., tuple[bytes, Filled]]
FILLED: dict[str, Filling] = {
    "canvas": canvas.filled,
    "moodle": moodle.filled,
    "blackboard": blackboard.filled,
}
KINDS = (*FILLED, "csv", "classroom50")


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    kind: str  # one of KINDS
    out: Path
    assignment: str | None = None  # as it was typed; None: all
    template: Path | None = None  # the other system's own file
    column: str | None = None  # of the template
    missing: float | None = None  # the points of missing work; None: it stays as it is


@dataclass(frozen=True)
class Prepared:
    """What would be written, and how it differs from what is there."""

    lines: list[str]
    write: Callable[[], None]


def prepare(course: Course, ledger: Ledger, request: Request) -> Prepared:
    """Computes an export and writes nothing yet. Raises UserError."""
    names = [rules.id for rules in course.assignments]
    name = course.find(request.assignment).id if request.assignment else None
    if name is None and len(names) == 1:
        name = names[0]
    if name is None and request.kind in FILLED:
        valid = ", ".join(names)
        raise UserError(f"{request.kind}: name the assignment with --assignment, of {valid}")
    grades = [entry for entry in all_entries(ledger, course) if name in (None, entry.assignment)]
    if request.kind in FILLED:
        return _fill(ledger, request, grades)
    for value, flag in ((request.template, "--fill"), (request.column, "--column")):
        if value is not None:
            raise UserError(f"{flag} is for {', '.join(FILLED)}: {request.kind} is made anew")
    if request.kind == "csv":
        rows = plain.table(grades, ledger.students())
        lines = plain.differences(rows, request.out)
        return Prepared(lines, lambda: _write(request.out, plain.to_bytes(rows)))
    made = classroom50.files(grades)
    lines = classroom50.differences(made, request.out)
    return Prepared(lines, lambda: _write_folder(request.out, made))


def _fill(ledger: Ledger, request: Request, grades: list[Entry]) -> Prepared:
    if request.template is None:
        raise UserError(f"{request.kind}: name the file that it exported with --fill")
    data, filled = FILLED[request.kind](
        request.template, grades, People(ledger.students()), request.column, request.missing
    )
    return Prepared(filled.lines(), lambda: _write(request.out, data))


def _write(path: Path, data: bytes) -> None:
    must_be_writable(path)
    try:
        with write_aside(path) as file:
            file.write(data)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    try:
        for name in files:
            make_folder((folder / name).parent)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from None
    write_all(folder, files)
