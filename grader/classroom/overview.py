"""Where a class stands, in the terminal: a line for each assignment, or one student in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table

from course.errors import printable
from grader.classroom import keys, regrade
from grader.classroom.course_file import Course, Rules
from grader.classroom.decisions import told
from grader.classroom.entry import Entry, Status
from grader.classroom.gradebook import Book
from grader.classroom.ledger import Ledger
from grader.classroom.people import unknown
from grader.classroom.words import plural
from grader.errors import UserError
from grader.verdict.version import grader_version

STATUSES: tuple[Status, ...] = ("graded", "ungraded", "missing", "excused", "held", "fault")


def show(course: Course, ledger: Ledger, console: Console) -> None:
    """Prints a line for each assignment."""
    book = Book.read(ledger, course)
    if not book.students:
        raise UserError(f"{ledger.path} has no roster: `grader class roster CSV` takes one")
    by_assignment: dict[str, list[Entry]] = {rules.id: [] for rules in course.assignments}
    for entry in book.entries():
        by_assignment[entry.assignment].append(entry)
    rows = [_row(course, rules, by_assignment[rules.id], book) for rules in course.assignments]
    table = _table(course, rows)
    unlimited = console.options.update(max_width=10**4)
    needed = console.measure(table, options=unlimited).minimum  # so that no word is broken
    table.width = needed if needed > console.width else None
    console.print(table, crop=False)
    students = plural(len(book.students), "student")
    counts = f"{students}, {plural(ledger.count(), 'submission')}"
    console.print(f"{counts}; this is grader {grader_version()}")
    for line in _stale(course, ledger, book):
        console.print(printable(line), markup=False, soft_wrap=True)


def _stale(course: Course, ledger: Ledger, book: Book) -> Iterator[str]:
    """What is out of date, or why that cannot be told here."""
    states = ledger.states()
    try:
        keys.require_secret(states)
    except UserError as error:
        yield f"{error}, to see what is out of date"
        return
    for rules in course.assignments:
        stale = regrade.since(ledger, rules.assignment, current=book.gradings[rules.id])
        if stale.count:
            yield f"{rules.id}: {plural(stale.count, 'grading')} out of date: {stale.why}"
        if stale.waiting:
            yield f"{rules.id}: {stale.waiting}"


def _row(course: Course, rules: Rules, entries: Sequence[Entry], book: Book) -> dict[str, str]:
    """{column: text}."""
    counts = Counter(entry.status for entry in entries)
    points = [entry.points for entry in entries if entry.points is not None]
    late = sum(entry.late_days > 0 for entry in entries)
    numbers: dict[str, int] = {status: counts[status] for status in STATUSES}
    return {
        "assignment": rules.id,
        "due": f"{rules.due.astimezone(course.zone):%Y-%m-%d %H:%M}",
        **{name: str(number or "") for name, number in numbers.items()},
        "late": str(late or ""),
        "mean": f"{sum(points) / len(points):.1f}" if points else "",
        "released": "yes" if book.decisions.released(rules.id) else "no",
    }


def _table(course: Course, rows: Sequence[Mapping[str, str]]) -> Table:
    """The rows, without columns that are empty in all of them."""
    table = Table(
        title=printable(course.name), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    for name in names:
        is_text = name in ("assignment", "due")
        justify: JustifyMethod = "left" if is_text else "right"
        table.add_column(
            name,
            justify=justify,
            no_wrap=name != "due",
            min_width=len("2026-10-09") if name == "due" else None,
        )
    for row in rows:
        table.add_row(*(row[name] for name in names))
    return table


def explain(course: Course, ledger: Ledger, student: str, console: Console) -> None:
    """Prints one student's grades with their arithmetic, and what was decided. Raises UserError."""
    book = Book.read(ledger, course)
    known = [each for each in book.students if each.id == student]
    if not known:
        raise UserError(unknown(student, book.students, "not"))
    console.print(printable(f"{known[0].name} ({student})"), style="bold", markup=False)
    shown = {entry.assignment: entry.status for entry in book.of(known[0])}
    for entry in replace(book, decisions=book.decisions.without("hold")).of(known[0]):
        out_of = plural(entry.out_of, "point")
        held = "held; without that " if shown[entry.assignment] == "held" else ""
        points = "" if entry.points is None else f", {entry.points:g} of {out_of}"
        head = f"{entry.assignment}: {held}{entry.status}{points}"
        console.print("\n" + printable(head), markup=False)
        for line in entry.explanation:
            console.print(printable(f"  {line}"), markup=False)
    _events(course, ledger, known[0].owners, console)


def _events(course: Course, ledger: Ledger, owners: Sequence[str], console: Console) -> None:
    """What the staff decided for a student, with who, when and why."""
    events = [event for event in ledger.events() if event.owner in owners]
    if events:
        console.print("\nDecisions:")
    for event in events:
        about = event.assignment or "every assignment"
        when = f"{event.at.astimezone(course.zone):%Y-%m-%d %H:%M}"
        line = f"  {event.id}: {about}: {told(event, course.zone)}, by {event.who} on {when}"
        console.print(printable(f"{line}: {event.why}"), markup=False)
