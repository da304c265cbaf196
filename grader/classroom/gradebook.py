"""The gradebook: computed from the ledger and course.toml each time, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.classroom import policy
from grader.classroom.course_file import Course, Rules
from grader.classroom.decisions import Decisions
from grader.classroom.entry import Entry, Status
from grader.classroom.ledger import Ledger
from grader.classroom.reckoning import Case, reckon
from grader.classroom.records import TEAM, Attempt, Grading, Student

__all__ = ["Entry", "Status", "entries"]


def entries(ledger: Ledger, course: Course) -> list[Entry]:
    """Every student times every assignment, in the order of the roster and of course.toml."""
    return Book.read(ledger, course).entries()


@dataclass(frozen=True)
class Book:
    """What all grades are computed from, read once."""

    course: Course
    students: list[Student]
    attempts: Mapping[tuple[str, str], list[Attempt]]  # {(student, assignment): by time}
    gradings: Mapping[str, Mapping[str, Grading]]  # {assignment: {sha256: what counts}}
    possible: Mapping[str, Mapping[str, float]]  # {assignment: {part: points}}
    decisions: Decisions

    @classmethod
    def read(cls, ledger: Ledger, course: Course) -> Book:
        """What the ledger holds at one moment."""
        with ledger.reading():
            attempts: dict[tuple[str, str], list[Attempt]] = {}
            for attempt in ledger.attempts():
                for student in attempt.members:
                    attempts.setdefault((student, attempt.assignment), []).append(attempt)
            return cls(
                course,
                ledger.students(),
                attempts,
                {rules.id: ledger.current(rules.id) for rules in course.assignments},
                {
                    rules.id: {part.id: part.points for part in rules.assignment.parts}
                    for rules in course.assignments
                },
                Decisions.of(ledger.events()),
            )

    def entries(self) -> list[Entry]:
        """Every student times every assignment."""
        return [entry for student in self.students for entry in self.of(student)]

    def of(self, student: Student) -> list[Entry]:
        """One student's grades. Free late days go to what is due first."""
        found, spent = {}, 0
        for rules in sorted(self.course.assignments, key=lambda each: each.due):
            found[rules.id], used = reckon(self.case(student, rules), self.course.late_days, spent)
            spent += used
        return [found[rules.id] for rules in self.course.assignments]

    def case(self, student: Student, rules: Rules) -> Case:
        """All that one grade depends on."""
        name, zone = rules.id, self.course.zone
        attempts = self.attempts.get((student.id, name), [])
        owners = _owners(student, attempts)
        due = policy.due_for(rules, self.decisions.extensions(name, owners), zone)
        return Case(
            student=student,
            rules=rules,
            possible=self.possible[name],
            zone=zone,
            due=due,
            judged=policy.judge(attempts, rules, due, zone),
            gradings=self.gradings[name],
            manual=self.decisions.manual(name, owners),
            excused=self.decisions.holds("excuse", name, owners),
            held=self.decisions.holds("hold", name, owners),
        )


def _owners(student: Student, attempts: list[Attempt]) -> list[str]:
    """Whose decisions concern a student: the student's own, and those of every group's work."""
    teams = [each.owner for each in attempts if each.owner.startswith(TEAM)]
    return list(dict.fromkeys([*student.owners, *teams]))
