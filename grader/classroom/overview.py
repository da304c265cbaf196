"""Where a class stands, in the terminal: a line for each assignment, or one student in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from course.errors import printable
from grader.classroom.course_file import Course, Rules
from grader.classroom.entry import Entry, Status
from grader.classroom.gradebook import Book
from grader.classroom.ledger import Ledger
from grader.errors import UserError

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
    console.print(_table(course, rows))
    console.print(f"{len(book.students)} students, {ledger.count()} submissions")


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
    table = Table(title=printable(course.name), title_justify="left", box=SIMPLE_HEAD)
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    for name in names:
        is_text = name in ("assignment", "due")
        table.add_column(name, justify="left" if is_text else "right", overflow="fold")
    for row in rows:
        table.add_row(*(row[name] for name in names))
    return table


def explain(course: Course, ledger: Ledger, student: str, console: Console) -> None:
    """Prints one student's grades with their arithmetic, and what was decided. Raises UserError."""
    book = Book.read(ledger, course)
    known = [each for each in book.students if each.id == student]
    if not known:
        raise UserError(f"{student!r} is not in the roster of {ledger.path}")
    console.print(printable(f"{known[0].name} ({student})"), style="bold", markup=False)
    for entry in book.of(known[0]):
        points = "" if entry.points is None else f", {entry.points:g} of {entry.out_of:g} points"
        console.print("\n" + printable(f"{entry.assignment}: {entry.status}{points}"), markup=False)
        for line in entry.explanation:
            console.print(printable(f"  {line}"), markup=False)
    _events(ledger, known[0].owners, console)


def _events(ledger: Ledger, owners: Sequence[str], console: Console) -> None:
    """What the staff decided for a student, with who, when and why."""
    events = [event for event in ledger.events() if event.owner in owners]
    if events:
        console.print("\nDecisions:")
    for event in events:
        about = event.assignment or "every assignment"
        data = ", ".join(f"{name} {value}" for name, value in event.data.items())
        line = f"  {event.id}: {event.kind} {about} ({data}), {event.who}, {event.at:%Y-%m-%d}"
        console.print(printable(f"{line}: {event.why}"), markup=False)
