"""Which submissions of a class are alike: reads them from the ledger and the store, writes pages.

Of each student or group the last submission is compared: with the others of this term, and with
those of earlier terms, which are the folders of their classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course.errors import UserError
from course.files import make_folder, write_all
from grader.assignment import Assignment
from grader.classroom import course_file, similarity_pages
from grader.classroom.course_file import Course
from grader.classroom.decisions import Decisions
from grader.classroom.ledger import Ledger
from grader.classroom.pages import names
from grader.classroom.similarity import Class, Equal, Pair, Work, given_runs
from grader.classroom.store import Store
from grader.classroom.words import agreeing, plural
from grader.verdict.workspace import given_files


@dataclass(frozen=True)
class Found:
    """What a comparison showed."""

    equal: list[Equal]  # all groups of those that are the same in every file
    pairs: list[Pair]  # of the others, the most alike first
    compared: int  # submissions
    short: list[Work]  # too little code of their own
    left_out: int  # pairs beyond `most`


def works(course: Course, ledger: Ledger, assignment: str, term: str = "") -> list[Work]:
    """The last submission of each student or group, by label; anonymous if marking still is.

    Raises UserError.
    """
    hidden = course.course.anonymous and not Decisions.of(ledger.events()).released(assignment)
    shown = names.shown(ledger.salt, hidden)
    last = {each.owner: each for each in ledger.attempts(assignment) if each.sha256}
    store = Store(course.store_path)
    every = [
        Work(
            owner,
            _texts(store.load(each.sha256).files),
            frozenset(each.members),
            term,
            shown(owner),
        )
        for owner, each in last.items()
    ]
    return sorted(every, key=lambda each: each.label)  # by owner, it would tell who is who


def _texts(files: dict[str, bytes]) -> dict[str, str]:
    python = {name: data for name, data in files.items() if name.endswith(".py")}
    return {name: data.decode(errors="replace") for name, data in python.items()}


def earlier(folder: Path, assignment: str) -> list[Work]:
    """The submissions to the same assignment in the class of an earlier term. Raises UserError."""
    course = course_file.read(folder)
    with Ledger.open(course.ledger_path) as ledger:
        return works(course, ledger, assignment, course.name)


def given_texts(assignment: Assignment) -> list[str]:
    """What every student has: the skeleton, and the given files."""
    return [data.decode() for data in given_files(assignment).values()]


def compare(
    assignment: Assignment, works: Sequence[Work], least: float = 0.3, most: int = 200
) -> Found:
    """The groups of equal ones, and the most alike pairs.

    least: the lowest score of a pair, 0 to 1; most: how many pairs are kept. Groups have no limit.
    """
    group = Class.of(works, given_texts(assignment))
    pairs = group.pairs(least)
    left_out = max(len(pairs) - most, 0)
    return Found(group.groups(), pairs[:most], len(works), group.too_short(), left_out)


def write(folder: Path, assignment: Assignment, found: Found) -> list[str]:
    """Writes the pages into `folder` in place of a former run's; returns notes."""
    notes = _notes(found)
    given = given_runs(given_texts(assignment))
    pages = similarity_pages.render(assignment.title, found.pairs, notes, given, found.equal)
    try:
        make_folder(folder / "pairs")
        for path in (folder / "pairs").glob("[0-9]*.html"):
            if f"pairs/{path.name}" not in pages:
                path.unlink()
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from None
    write_all(folder, pages)
    return notes


def _notes(found: Found) -> list[str]:
    were = agreeing(found.compared, "was", "were")
    compared = f"{plural(found.compared, 'submission')} {were} compared"
    notes = [f"{compared}, the last of each student or group."]
    if found.equal:
        notes.append("Of those that are the same in every file, one stands for all in the pairs.")
    if found.short:
        names = ", ".join(work.label for work in found.short)
        notes.append(f"Too little code of their own to compare: {names}.")
    if found.left_out:
        pairs = plural(found.left_out, "more pair")
        are = agreeing(found.left_out, "is", "are")
        notes.append(f"{pairs} {are} alike; these are the most alike ones.")
    return notes
