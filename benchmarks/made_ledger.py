"""A class of any size as years of use would leave it: roster, attempts, gradings, decisions.

    course = make(Path("large"), ["a1", "a5"], students=10_000, seed=0)

Nothing is graded: a suite is run with no time left, so that every test has its name, points and
hint, and how it ended is drawn. A function that a student has wrong makes most of the tests about
it fail. A mistake is one of the suite's known ones, one that some students share, or a student's
own. Each submission has a grading of its own, with one of 100 results; the store stays empty.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from grader.assignment import Assignment, find
from grader.classroom import batch, course_file, keys
from grader.classroom.course_file import Course, Rules
from grader.classroom.fingerprints import Fingerprints
from grader.classroom.ledger import Ledger
from grader.classroom.records import Answer, Attempt, Event, Grading, Student
from grader.intake.submission import take
from grader.verdict import patches
from grader.verdict.grade import Options, grade
from grader.verdict.result import Outcome, State, total

HEAD = """[course]
id = "large"
name = "A large class"
timezone = "Europe/London"

[late_days]
total = 5
"""
RULES = """
[[assignments]]
id = "{id}"
due = "{due}"
counts = "{counts}"

[assignments.late]
points_per_day = 0.1
last_day = 5
"""
WHO = "benchmark"
RESULTS = 100  # different ones of an assignment
COPY_GRADING = """INSERT INTO gradings
    (key, assignment, sha256, earned, possible, parts, is_fault, who, at, why, accepted)
    SELECT ?, assignment, ?, earned, possible, parts, is_fault, who, at, why, accepted
    FROM gradings WHERE id = ?"""
COPY_RESULT = """INSERT INTO results
    SELECT (SELECT max(id) FROM gradings), json FROM results WHERE grading = ?"""
FIRST_DUE = datetime(2026, 10, 2, 23, 59)
ATTEMPTS = {0: 5, 1: 80, 2: 10, 3: 5}  # {attempts of a student: percent}
GRADED = 0.99  # of the submissions
DECIDED = 0.01  # of the students have an extension, as many points by hand or an excuse
KNOWN, SHARED, OWN, NOT_WRITTEN = 50, 30, 10, 10  # percent of the wrong functions
SHARED_MISTAKES = 8  # of each function


@dataclass(frozen=True)
class Suite:
    """What one assignment's results are drawn from."""

    assignment: Assignment
    blank: Mapping[str, Any]  # a result in which no test was run
    sentences: Mapping[str, list[str]]  # {function: its known mistakes}
    state: Mapping[str, str]
    drawn: list[tuple[int, Mapping[str, Mistake]]] = field(default_factory=list)  # with their ids

    @classmethod
    def read(cls, name: str) -> Suite:
        """That of an assignment."""
        assignment = find(name)
        no_time = replace(assignment, limits=replace(assignment.limits, total_seconds=0.0))
        blank = grade(no_time, take(assignment.solution, assignment), Options(isolation="none"))
        sentences: dict[str, list[str]] = defaultdict(list)
        for patch in patches.read_all(assignment.suite / "mistakes"):
            for function in patch.functions:
                sentences[function].append(patch.sentence)
        return cls(assignment, blank.to_json(), sentences, keys.state(assignment))

    @cached_property
    def stamp(self) -> str:
        """What stands for the state in a grading's key."""
        return keys.stamp_of(self.state)


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one function of one submission."""

    id: str  # equal ones fail the same tests
    outcome: Outcome
    message: str
    sentence: str = ""  # if it is a known one


def make(folder: Path, names: Sequence[str], students: int, seed: int) -> Course:
    """Makes the class's folder, and returns its course."""
    suites, draw = [Suite.read(name) for name in names], Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / course_file.FILE).write_text(toml(suites), encoding="utf-8")
    course = course_file.read(folder)
    roster = [student(number) for number in range(students)]
    with Ledger.open(course.ledger_path, create=True) as ledger, ledger.writing():
        ledger.set_roster(roster, "made", WHO)
        for suite, rules in zip(suites, course.assignments, strict=True):
            ledger.add_state(suite.stamp, suite.state)
            for each in roster:
                hand_in(course, ledger, suite, rules, each.id, draw)
                decide(ledger, suite, rules, each.id, draw)
            ledger.add_event(Event("release", WHO, "made", rules.id, data={"on": True}))
    return course


def toml(suites: Sequence[Suite]) -> str:
    """The course: an assignment every two weeks, the latest work counts, or the best."""
    return HEAD + "".join(
        RULES.format(
            id=suite.assignment.id,
            due=(FIRST_DUE + timedelta(weeks=2 * n)).isoformat(),
            counts=("latest", "best")[n % 2],
        )
        for n, suite in enumerate(suites)
    )


def student(number: int) -> Student:
    """One of the roster."""
    id_ = f"s{number:05}"
    return Student(id_, f"Student {number:05}", f"{id_}@example.org", f"{number % 40}")


def hand_in(
    course: Course, ledger: Ledger, suite: Suite, rules: Rules, who: str, draw: Random
) -> None:
    """A student's attempts in one assignment, and their gradings."""
    (count,) = draw.choices(list(ATTEMPTS), list(ATTEMPTS.values()))
    for number in range(count):
        sha256 = hashlib.sha256(f"{rules.id} {who} {number}".encode()).hexdigest()
        at = rules.due.astimezone(UTC) + timedelta(hours=draw.gauss(-24, 24))  # 1 in 6 is late
        ledger.add_attempt(Attempt(rules.id, who, sha256, at, "made", (who,)), WHO)
        if draw.random() < GRADED:
            record(course, ledger, suite, sha256, draw)


def record(course: Course, ledger: Ledger, suite: Suite, sha256: str, draw: Random) -> None:
    """Records a grading: a drawn one, or a copy of an earlier one, whose packing takes longer."""
    key = keys.key(sha256, suite.stamp)
    if len(suite.drawn) < RESULTS:
        result, unknown = result_of(suite, sha256, draw)
        ledger.add_grading(grading_of(key, result), result)
        suite.drawn.append((int(ledger.one("SELECT max(id) FROM gradings")), unknown))
    else:
        number, unknown = draw.choice(suite.drawn)
        ledger.do(COPY_GRADING, key, sha256, number)
        ledger.do(COPY_RESULT, number)
    prints = {name: fingerprint(each, key) for name, each in unknown.items()}
    Fingerprints(course.folder).add(key, prints)


def decide(ledger: Ledger, suite: Suite, rules: Rules, who: str, draw: Random) -> None:
    """What the staff decide about a few students."""
    until = rules.due.astimezone(UTC) + timedelta(days=3)
    part = suite.assignment.parts[0].id
    for kind, data in (
        ("extend", {"until": until.isoformat()}),
        ("adjust", {"part": part, "points": 2.0}),
        ("excuse", {"on": True}),
    ):
        if draw.random() < DECIDED:
            ledger.add_event(Event(kind, WHO, "made", rules.id, who, data))


def grading_of(key: str, result: Mapping[str, Any]) -> Grading:
    """As a grading's command makes it; checks every field of the result."""
    sha256 = result["submission"]["sha256"]
    return batch.to_grading(Answer(key, result["assignment"], sha256, dict(result)), WHO, "")


def result_of(suite: Suite, sha256: str, draw: Random) -> tuple[dict[str, Any], dict[str, Mistake]]:
    """A result of a student who has some functions wrong, and those that no sentence explains."""
    ability = draw.betavariate(12, 1.5)
    wrong = [each["name"] for each in suite.blank["functions"] if draw.random() > ability]
    mistakes = {name: mistake(suite, name, draw) for name in wrong}
    tests = [test(each, mistakes) for each in suite.blank["tests"]]
    blamed = {name for each in tests for name in each["blame"]}
    functions = [
        function(each, mistakes[each["name"]] if each["name"] in blamed else None)
        for each in suite.blank["functions"]
    ]
    parts = [
        part | {"score": total([t["score"] for t in tests if t["part"] == part["id"]])}
        for part in suite.blank["parts"]
    ]
    score = total([part["score"] for part in parts])
    drawn = {"score": score, "parts": parts, "tests": tests, "functions": functions}
    submission = suite.blank["submission"] | {"name": sha256[:12], "sha256": sha256}
    unknown = {
        each["name"]: mistakes[each["name"]]
        for each in functions
        if each["state"] == State.WRONG and not each["diagnosis"]
    }
    return {**suite.blank, **drawn, "submission": submission}, unknown


def mistake(suite: Suite, name: str, draw: Random) -> Mistake:
    """What a student has wrong in a function."""
    kinds = {"known": KNOWN, "shared": SHARED, "own": OWN, "not written": NOT_WRITTEN}
    (kind,) = draw.choices(list(kinds), list(kinds.values()))
    wrong = f"{name}: right shape, wrong values"
    sentences = suite.sentences.get(name, [])
    if kind == "not written":
        return Mistake(f"{name} {kind}", Outcome.NOT_IMPLEMENTED, "the TODO is still there")
    if kind == "own":
        number = draw.randrange(10**6)
        return Mistake(f"{name} {number}", Outcome.ERROR, f"RuntimeError in line {number % 400}")
    if kind == "known" and sentences:
        sentence = draw.choice(sentences)
        return Mistake(f"{name} {sentence}", Outcome.FAILED, wrong, sentence)
    return Mistake(f"{name} {draw.randrange(SHARED_MISTAKES)}", Outcome.FAILED, wrong)


def test(blank: Mapping[str, Any], mistakes: Mapping[str, Mistake]) -> dict[str, Any]:
    """How one test ended: three in four fail that are about a wrong function."""
    causes = [
        name
        for name in blank["about"]
        if name in mistakes and zlib.crc32(f"{blank['name']} {mistakes[name].id}".encode()) % 4
    ]
    if not causes:
        passed = {"outcome": Outcome.PASSED, "score": blank["max_score"]}
        return {**blank, **passed, "message": "", "hint": ""}
    first = mistakes[causes[0]]
    return {**blank, "outcome": first.outcome, "message": first.message, "blame": causes}


def function(blank: Mapping[str, Any], wrong: Mistake | None) -> dict[str, Any]:
    """What the tests show of a function."""
    if wrong is None:
        return {**blank, "state": State.RIGHT}
    not_written = wrong.outcome is Outcome.NOT_IMPLEMENTED
    state = State.NOT_WRITTEN if not_written else State.WRONG
    return {**blank, "state": state, "diagnosis": wrong.sentence}


def fingerprint(wrong: Mistake, key: str) -> str:
    """As long as a real one; that of a student's own mistake differs from all others."""
    own = key if wrong.outcome is Outcome.ERROR else ""
    return hashlib.sha256(f"{wrong.id} {own}".encode()).hexdigest()[:16]
