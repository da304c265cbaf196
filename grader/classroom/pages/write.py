"""Writes the pages of a class from its ledger: whole files, and those that changed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from course.files import make_folder, remove_leftovers, write_aside
from course.processes import end_with_parent
from grader.classroom import keys
from grader.classroom.course_file import Course, Rules
from grader.classroom.entry import Entry
from grader.classroom.fingerprints import Fingerprints
from grader.classroom.gradebook import Book
from grader.classroom.ledger import Ledger
from grader.classroom.pages import items, marks, mistakes, names, overview, student, templates
from grader.classroom.words import plural
from grader.errors import UserError

LARGE = 10_000  # entries of a class whose pages are worth a few processes
Make = Callable[[Rules], str]
_of_process: list[Make] = []  # what a forked process makes


@dataclass(frozen=True)
class Row:
    """A student's line in an assignment's table."""

    who: str  # the id, or a pseudonym
    name: str  # "" for a pseudonym
    status: str
    points: float | None
    late_days: int
    manual: float
    link: str  # to the student's page; "" without one


def write(
    course: Course, ledger: Ledger, out: Path, chosen: Sequence[Rules], students: bool
) -> Iterator[str]:
    """Writes the pages into `out`, and yields a line for each kind. Raises UserError.

    students: a page for each student too, in which every assignment is that was released.
    """
    for name in ("staff", "students"):
        remove_leftovers(out / name)
    book = Book.read(ledger, course)
    entries = book.entries()
    by_assignment: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_assignment[entry.assignment].append(entry)
    make = partial(_assignment, course, book, by_assignment, students)
    for rules, text in zip(chosen, _made(make, chosen, len(entries)), strict=True):
        path = _page(out, rules.id)
        _write(path, text)
        yield f"{rules.id:<24} {path}"
    path = out / "staff" / "index.html"
    views = [overview.overview(course, r.id, by_assignment[r.id]) for r in course.assignments]
    there = {rules.id for rules in course.assignments if _page(out, rules.id).is_file()}
    _write(path, templates.render("index", course=course, views=views, there=there))
    yield f"{'overview':<24} {path}"
    if students:
        count = 0
        for who, text in student.pages(course, ledger, book, entries):
            _write(out / "students" / names.file(who), text)
            count += 1
        yield f"{plural(count, 'student'):<24} {out / 'students'}"


def _page(out: Path, assignment: str) -> Path:
    return out / "staff" / f"{assignment}.html"


def _made(make: Make, chosen: Sequence[Rules], entries: int) -> Iterator[str]:
    """The assignments' pages in their order; those of a large class by a process for each core.

    A forked process has the gradebook already. Elsewhere than on Linux a fork is not safe.
    """
    if entries < LARGE or sys.platform != "linux":
        yield from map(make, chosen)
        return
    fork = multiprocessing.get_context("fork")
    workers = min(len(chosen), os.cpu_count() or 1)
    try:
        with ProcessPoolExecutor(workers, fork, _start, (make,)) as pool:
            yield from pool.map(_page_of, chosen)
    except BrokenProcessPool:
        raise UserError("a process that made pages was killed: is there enough memory?") from None


def _start(make: Make) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent says that it was stopped
    end_with_parent()
    _of_process.append(make)


def _page_of(rules: Rules) -> str:
    return _of_process[-1](rules)


def _assignment(
    course: Course,
    book: Book,
    by_assignment: Mapping[str, Sequence[Entry]],
    students: bool,
    rules: Rules,
) -> str:
    """The page of one assignment; it opens the ledger itself, as another process has to."""
    with Ledger.open(course.ledger_path) as ledger:
        return _rendered(course, ledger, book, rules, by_assignment[rules.id], students)


def _rendered(
    course: Course,
    ledger: Ledger,
    book: Book,
    rules: Rules,
    entries: Sequence[Entry],
    students: bool,
) -> str:
    hidden = course.course.anonymous and not book.decisions.released(rules.id)
    shown = names.shown(ledger.salt, hidden)
    owners: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.status == "graded" and entry.sha256:
            owners[entry.sha256].append(shown(entry.student))
    counted = {sha: each for sha, each in book.gradings[rules.id].items() if sha in owners}
    works = list(marks.current(ledger, counted))
    each = [work for work in works for _ in owners[work.sha256]]
    tests = marks.tests(ledger, works)
    prints, read = Fingerprints(course.folder).read(), partial(marks.read, ledger)
    clusters, more = mistakes.clusters(works, owners, prints, read)
    linked = students and not hidden
    return templates.render(
        "class",
        course=course,
        view=overview.overview(course, rules.id, entries),
        items=items.items(tests, marks.table(tests, each)),
        named=mistakes.named(works, owners),
        clusters=clusters,
        more=more,
        rows=_rows(entries, shown, hidden, linked),
        hidden=hidden,
        graders=keys.graders(counted.values(), ledger.states()),
    )


def _rows(entries: Sequence[Entry], shown: names.Shown, hidden: bool, linked: bool) -> list[Row]:
    """The table's rows: by the roster, or by pseudonym, since the order would tell who is who."""
    rows = [_row(entry, shown, hidden, linked) for entry in entries]
    return sorted(rows, key=lambda row: row.who) if hidden else rows


def _row(entry: Entry, shown: names.Shown, hidden: bool, linked: bool) -> Row:
    return Row(
        who=shown(entry.student),
        name="" if hidden else entry.name,
        status=entry.status,
        points=entry.points,
        late_days=entry.late_days,
        manual=entry.manual,
        link=names.link(entry.student) if linked else "",
    )


def _write(path: Path, text: str) -> None:
    """Writes a page whole, or leaves the older one; an equal one stays, since a disk is slow."""
    data = text.encode()
    try:
        make_folder(path.parent)
        if path.is_file() and path.read_bytes() == data:
            return
        with write_aside(path, durable=False) as file:
            file.write(data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
