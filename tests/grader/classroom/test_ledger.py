"""The ledger: what it keeps, what it refuses, and what it survives."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom import migrations
from grader.classroom.ledger import Ledger
from grader.classroom.records import Attempt, Event, Grading, Student
from grader.errors import UserError
from tests.programs import ROOT, environment

TIME = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture(name="ledger")
def _ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path, create=True) as ledger:
        yield ledger


@pytest.fixture(name="whole", scope="session")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound ledger with something in every table."""
    path = tmp_path_factory.mktemp("whole") / "ledger.sqlite"
    with Ledger.open(path, create=True) as ledger:
        ledger.set_roster([Student("ada", "Ada")], "r.csv", "me")
        for number in range(40):
            ledger.add_attempt(_attempt(str(number)), "me")
            ledger.add_grading(_grading(str(number), str(number)), {"score": number})
        ledger.add_state("stamp", {"the suite": "x"})
        ledger.accept([1], "me", "why")
    return path


def _attempt(sha256: str = "x", members: tuple[str, ...] = ("ada",)) -> Attempt:
    return Attempt("a5", "ada", sha256, TIME, "work.zip", members, ("a note",))


def _grading(
    key: str = "k", sha256: str = "x", is_fault: bool = False, points: float = 3
) -> Grading:
    return Grading(key, "a5", sha256, points, 4.0, {"c": (points, 4.0)}, is_fault, "me")


def test_the_same_attempt_is_recorded_once(ledger: Ledger) -> None:
    assert [ledger.add_attempt(_attempt(), "me") for _ in range(2)] == [True, False]
    assert ledger.add_attempt(_attempt(members=("ada", "bob")), "me") is False
    (attempt,) = ledger.attempts("a5")
    assert attempt == Attempt(**{**vars(_attempt(members=("ada", "bob"))), "id": attempt.id})
    assert ledger.attempts("a1") == []


def test_a_key_is_graded_once_but_a_fault_again(ledger: Ledger) -> None:
    """A fault never hides a verdict, whichever comes first."""
    assert ledger.add_grading(_grading(is_fault=True), {})
    assert ledger.current("a5")["x"].is_fault
    assert ledger.add_grading(_grading(), {"score": 3})
    assert not ledger.add_grading(_grading(points=4), {})
    assert not ledger.add_grading(_grading(is_fault=True), {})
    assert ledger.current("a5")["x"].earned == 3
    assert ledger.result(ledger.current("a5")["x"].id) == {"score": 3}
    assert ledger.graded_keys("a5") == {"k"}


def test_a_regrade_counts_when_it_is_accepted_until_it_is_undone(ledger: Ledger) -> None:
    ledger.add_grading(_grading("old"), {})
    ledger.add_grading(_grading("new", points=4), {}, accept=False)
    current = lambda: ledger.current("a5")["x"].key  # noqa: E731
    assert current() == "old"
    accepted = ledger.accept([2], "me", "the suite was wrong")
    assert current() == "new"
    undone = ledger.undo(accepted, "me", "it was right")
    assert current() == "old"
    ledger.undo(undone, "me", "it was wrong after all")
    assert current() == "new"
    assert [event.kind for event in ledger.events()] == ["accept", "undo", "undo"]
    with pytest.raises(UserError, match="event 9 is not a regrade that was accepted"):
        ledger.undo(9, "me", "why")
    with pytest.raises(UserError, match="no grading 7"):
        ledger.accept([1, 7], "me", "why")
    assert (current(), len(ledger.events())) == ("new", 3)


def test_the_latest_roster_counts_and_the_earlier_ones_stay(ledger: Ledger) -> None:
    ada, bob = Student("ada", "Ada", "a@x", "1", "red"), Student("bob", "Bob")
    ledger.set_roster([bob, ada], "r.csv", "me")
    assert ledger.students() == [ada, bob]
    ledger.set_roster([ada], "r.csv", "me")
    assert ledger.students() == [ada]
    assert ledger.one("SELECT count(*) FROM students") == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE gradings SET earned = 4",
        "UPDATE attempts SET submitted_at = ''",
        "DELETE FROM gradings",
        "DELETE FROM events",
        "UPDATE results SET json = x''",
        "UPDATE states SET state = '{}'",
        "DELETE FROM states",
    ],
)
def test_what_was_written_cannot_be_changed(ledger: Ledger, path: Path, statement: str) -> None:
    """Not even with SQLite's own tool."""
    ledger.add_grading(_grading(), {})
    ledger.add_attempt(_attempt(), "me")
    ledger.add_state("stamp", {"the suite": "x"})
    ledger.add_event(Event("hold", "me", "why", owner="ada", data={"on": True}))
    other = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    other.close()


def test_a_write_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.writing():
        ledger.add_attempt(_attempt(), "me")
        ledger.add_grading(_grading(), {"x": 1 / 0})
    assert (ledger.attempts(), ledger.gradings()) == ([], [])


def test_a_locked_ledger_is_one_line_and_can_still_be_read(ledger: Ledger, path: Path) -> None:
    with Ledger.open(path, wait=0) as other, ledger.writing():
        with pytest.raises(UserError, match="is locked by another process: wait"):
            other.add_attempt(_attempt(), "me")
        assert other.attempts() == []
    with Ledger.open(path, wait=0) as other:
        assert other.add_attempt(_attempt(), "me")


def test_a_full_disk_is_one_line_and_nothing_is_lost(ledger: Ledger) -> None:
    ledger.add_attempt(_attempt(), "me")
    pages = ledger.one("PRAGMA page_count")
    ledger.one(f"PRAGMA max_page_count = {pages}")
    noise = {"noise": [os.urandom(9).hex() for _ in range(9000)]}
    with pytest.raises(UserError, match="the disk is full: nothing was recorded"):
        ledger.add_grading(_grading(), noise)
    assert (len(ledger.attempts()), ledger.gradings()) == (1, [])
    ledger.one("PRAGMA max_page_count = 100000")
    assert ledger.add_grading(_grading(), noise)


def test_a_damaged_ledger_is_one_line_and_stays_as_it_is(ledger: Ledger, path: Path) -> None:
    ledger.add_grading(_grading(), {})
    ledger.close()
    whole = path.read_bytes()
    for damaged, message in (
        (b"", "is damaged: restore it from a backup"),  # once it became a new ledger, of nobody
        (b"not a ledger" * 1000, "is not a ledger, or is damaged: restore it from a backup"),
        (whole[:100] + b"\xff" * (len(whole) - 100), "is damaged: restore it from a backup"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=message), Ledger.open(path) as broken:
            broken.gradings()
        assert path.read_bytes() == damaged


def test_a_missing_ledger_is_not_made_by_accident(path: Path) -> None:
    with pytest.raises(UserError, match="does not exist: `grader class init` makes it"):
        Ledger.open(path)
    assert not path.exists()
    with pytest.raises(UserError, match="cannot be opened: is its folder there"):
        Ledger.open(path.parent / "nowhere" / "ledger.sqlite", create=True)


def test_a_newer_ledger_is_refused(ledger: Ledger, path: Path) -> None:
    ledger.one("PRAGMA user_version = 99")
    with pytest.raises(UserError, match=r"written by a newer grader .its version is 99"):
        Ledger.open(path)


def test_an_older_ledger_is_brought_up_to_date(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a write, each step once; a step that fails leaves the ledger as it was."""
    good, bad = ("CREATE TABLE more (x TEXT) STRICT",), ("CREATE TABLE yet (x TEXT)", "nonsense")
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, good, bad))
    with pytest.raises(sqlite3.OperationalError, match="nonsense"):
        ledger.add_attempt(_attempt("lost"), "me")
    assert ledger.attempts() == []
    before = ledger.one("PRAGMA user_version")
    assert before == len(migrations.STEPS) - 2
    monkeypatch.setattr(migrations, "STEPS", migrations.STEPS[:-1])
    for _ in range(2):
        with Ledger.open(path) as opened:
            opened.add_attempt(_attempt(), "me")
            assert opened.one("PRAGMA user_version") == before + 1
    assert ledger.rows("SELECT * FROM more") == []


@pytest.mark.parametrize("state", ["nonsense", "[1]", "7", '{"the suite": 1}', '{"a": {}}'])
def test_a_state_that_no_grader_wrote_is_one_line(ledger: Ledger, state: str) -> None:
    """JSON that was no object of strings was a traceback."""
    with ledger.writing():
        ledger.insert("states", stamp="stamp", state=state, at="now")
    with pytest.raises(UserError, match="is damaged: restore it from a backup"):
        ledger.states()


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=40))
def test_a_ledger_with_any_damage_is_read_or_refused(
    whole: Path, places: list[tuple[int, int]]
) -> None:
    """Never an error that staff could not understand."""
    damaged = bytearray(whole.read_bytes())
    for place, value in places:
        damaged[place % len(damaged)] = value
    path = whole.with_name("damaged.sqlite")
    path.write_bytes(damaged)
    with suppress(UserError), Ledger.open(path) as ledger:
        readers = (ledger.students, ledger.attempts, ledger.events, ledger.states)
        results = (ledger.gradings, lambda: ledger.current("a5"), lambda: ledger.result(1))
        for read in (*readers, *results):
            with suppress(UserError):
                read()


KILLED = """
import os, sys
from pathlib import Path
from tests.grader.classroom.test_ledger import Ledger, _grading
with Ledger.open(Path(sys.argv[1]), create=True) as ledger:
    ledger.add_grading(_grading("first"), {})
    with ledger.writing():
        for number in range(2000):
            ledger.add_grading(_grading(str(number)), {"noise": os.urandom(2000).hex()})
        os.kill(os.getpid(), 9)
"""


def test_a_process_killed_while_it_writes_loses_only_that_write(path: Path) -> None:
    """Its journal is rolled back by the next one to open the ledger."""
    command = [sys.executable, "-c", KILLED, str(path)]
    ended = subprocess.run(command, env=environment(), cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.with_name("ledger.sqlite-journal").exists()
    with Ledger.open(path) as ledger:
        assert [each.key for each in ledger.gradings()] == ["first"]
        assert ledger.one("PRAGMA integrity_check") == "ok"
