"""Grades again what a changed suite, secret or given file touches; nothing counts until accepted.

    since(ledger, assignment)                       # Stale(3, "the suite changed", 0)
    todo = plan(ledger, assignment)                 # what has to be graded again
    grade(course, ledger, todo, engine, who, why, accept=False)         # batch.py
    show(changes(ledger, assignment), console)      # before and after
    accept(ledger, assignment, who, why)            # from now it counts
    undo(ledger, assignment, who, why)              # and now it does not any more

Nothing is forgotten: the earlier gradings stay in the ledger, and points by hand stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grader.assignment import Assignment
from grader.classroom import keys
from grader.classroom.batch import Job, jobs, submissions
from grader.classroom.ledger import Ledger
from grader.classroom.pages.names import Shown
from grader.classroom.records import Grading
from grader.classroom.words import agreeing
from grader.errors import UserError

NOTHING = "nothing to accept: every grade that counts is of the suite as it is now"
FIRST = "nothing to accept yet: without --accept, `regrade` grades again what is out of date"
UNCHANGED = "nothing has changed since the grades that count"


@dataclass(frozen=True)
class Change:
    """A submission before and after a regrade."""

    sha256: str
    owners: tuple[str, ...]  # students or groups who handed it in
    before: Grading  # what counts now
    after: Grading

    @property
    def points(self) -> float:
        """How many points it gains, or loses."""
        return round(self.after.earned - self.before.earned, 4)

    @property
    def parts(self) -> dict[str, tuple[float, float]]:
        """{part: (points before, after)} of the parts that differ."""
        before, after = self.before.parts, self.after.parts
        pairs = {
            part: (before.get(part, (0.0, 0.0))[0], after.get(part, (0.0, 0.0))[0])
            for part in {**before, **after}
        }
        return {part: pair for part, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True)
class Stale:
    """The grades that are of an earlier state."""

    count: int  # not graded again yet
    why: str  # what has changed since those, in words
    pending: int  # graded again already

    @property
    def waiting(self) -> str:
        """What is to be done about those that were graded again, in words; "" for none."""
        wait = agreeing(self.pending, "waits", "wait")
        line = f"{self.pending} graded again {wait} for `regrade --accept`"
        return line if self.pending else ""


def plan(
    ledger: Ledger, assignment: Assignment, owners: Collection[str] | None = None
) -> list[Job]:
    """A job for each submission whose grading is of another suite, secret, grader or limits.

    owners: only the submissions of these students or groups; None: of all. A submission that was
    graded again already, or never, is not among them.
    """
    current, graded = ledger.current(assignment.id), ledger.graded_keys(assignment.id)
    wanted = _submissions(ledger, assignment.id, owners)
    return [
        job
        for job in jobs(assignment, wanted)
        if job.sha256 in current and job.key not in graded and not current[job.sha256].is_fault
    ]


def since(
    ledger: Ledger,
    assignment: Assignment,
    owners: Collection[str] | None = None,
    current: Mapping[str, Grading] | None = None,
) -> Stale:
    """How many grades are of an earlier state, and what has changed since.

    current: `ledger.current(assignment.id)`, if it has been read already.
    """
    wanted = set(_submissions(ledger, assignment.id, owners))
    if current is None:
        current = ledger.current(assignment.id)
    gradings = [each for each in current.values() if each.sha256 in wanted and not each.is_fault]
    now = keys.state(assignment)
    stamp = keys.stamp_of(now)
    fresh = {each.sha256: keys.key(each.sha256, stamp) for each in gradings}
    old = [each for each in gradings if each.key != fresh[each.sha256]]
    again = ledger.graded_keys(assignment.id)
    rest = [each for each in old if fresh[each.sha256] not in again]
    why = ", ".join(keys.changes(rest, ledger.states(), now))
    return Stale(len(rest), why, len(old) - len(rest))


def changes(
    ledger: Ledger, assignment: Assignment, owners: Collection[str] | None = None
) -> list[Change]:
    """What was graded again and does not count yet, the largest loss first."""
    current = ledger.current(assignment.id)
    owned = _by_submission(ledger, assignment.id)
    fresh = {each.key: each for each in ledger.gradings(assignment.id) if not each.is_fault}
    found = [
        Change(job.sha256, owned[job.sha256], current[job.sha256], fresh[job.key])
        for job in jobs(assignment, _submissions(ledger, assignment.id, owners))
        if job.key in fresh and job.sha256 in current
    ]
    pending = [each for each in found if each.before.id != each.after.id]
    return sorted(pending, key=lambda each: (each.points, each.owners))


def accept(
    ledger: Ledger,
    assignment: Assignment,
    who: str,
    why: str,
    owners: Collection[str] | None = None,
) -> int:
    """Makes what was graded again count; how many submissions. Raises UserError for none."""
    pending = changes(ledger, assignment, owners)
    if not pending:
        stale = since(ledger, assignment, owners).count
        raise UserError(f"{assignment.id}: {FIRST if stale else NOTHING}")
    ledger.accept([each.after.id for each in pending], who, why, assignment.id)
    return len(pending)


def undo(ledger: Ledger, assignment: Assignment, who: str, why: str) -> int:
    """Takes back the last regrade of an assignment that was accepted, or the last undo.

    Returns how many submissions it concerns. Raises UserError if there is none.
    """
    events = [
        event
        for event in ledger.events(assignment=assignment.id)
        if event.kind in ("accept", "undo")
    ]
    if not events:
        raise UserError(f"{assignment.id}: nothing to undo, no regrade was accepted")
    ledger.undo(events[-1].id, who, why)
    return len(events[-1].data["before"])


def show(pending: Sequence[Change], console: Console, shown: Shown = str) -> None:
    """Prints what would change: a row for each submission with other points, and the sums.

    shown: what an owner is called, a pseudonym while marking is anonymous.
    """
    differing = [each for each in pending if each.points or each.parts]
    if differing:
        console.print(_table(differing, shown))
    gain = sum(each.points > 0 for each in differing)
    loss = sum(each.points < 0 for each in differing)
    same = len(pending) - gain - loss
    console.print(
        f"{len(pending)} graded again: {gain} {agreeing(gain, 'gains', 'gain')} points, "
        f"{loss} {agreeing(loss, 'loses', 'lose')} points, "
        f"{same} {agreeing(same, 'has', 'have')} as many as before",
        markup=False,
        highlight=False,
    )


def _table(differing: Sequence[Change], shown: Shown) -> Table:
    table = Table("owner", "submission", "before", "after", "change", "parts")
    for each in differing:
        parts = (f"{part} {old:g} > {new:g}" for part, (old, new) in sorted(each.parts.items()))
        table.add_row(
            *(escape(", ".join(map(shown, each.owners))), each.sha256[:12]),
            f"{each.before.earned:g}",
            *(f"{each.after.earned:g}", f"{each.points:+g}", escape(", ".join(parts))),
        )
    return table


def _submissions(ledger: Ledger, assignment: str, owners: Collection[str] | None) -> list[str]:
    """The sha256 of what these owners handed in; raises UserError for one who did not."""
    if owners is None:
        return submissions(ledger, assignment)
    attempts = [each for each in ledger.attempts(assignment) if not each.refusal]
    for owner in owners:
        if not any(owner == each.owner or owner in each.members for each in attempts):
            raise UserError(f"{owner!r} has handed in nothing for {assignment}")
    wanted = [each for each in attempts if {each.owner, *each.members} & set(owners)]
    return list(dict.fromkeys(each.sha256 for each in wanted))


def _by_submission(ledger: Ledger, assignment: str) -> dict[str, tuple[str, ...]]:
    """{sha256: the students or groups who handed it in}."""
    owners: dict[str, dict[str, None]] = {}
    for attempt in ledger.attempts(assignment):
        owners.setdefault(attempt.sha256, {})[attempt.owner] = None
    return {sha256: tuple(names) for sha256, names in owners.items()}
