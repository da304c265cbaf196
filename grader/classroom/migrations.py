"""The ledger's tables, as numbered steps: SQLite's `user_version` says how many were taken.

A step is never edited once a ledger has taken it; a change is a new step at the end. The first
write takes the steps, so that a ledger that is only looked at stays as its own grader knows it.
"""

from __future__ import annotations

import sqlite3

from grader.errors import UserError

# One table row is one fact, written once: triggers refuse every change but gradings.accepted.
_FIRST = (
    """CREATE TABLE rosters (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE students (
        roster INTEGER NOT NULL REFERENCES rosters, id TEXT NOT NULL, name TEXT NOT NULL,
        email TEXT NOT NULL, section TEXT NOT NULL, team TEXT NOT NULL,
        PRIMARY KEY (roster, id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE attempts (
        id INTEGER PRIMARY KEY, assignment TEXT NOT NULL, owner TEXT NOT NULL,
        sha256 TEXT NOT NULL, submitted_at TEXT NOT NULL, source TEXT NOT NULL,
        notes TEXT NOT NULL, refusal TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL,
        UNIQUE (assignment, owner, submitted_at, sha256, refusal)
    ) STRICT""",
    """CREATE TABLE members (
        attempt INTEGER NOT NULL REFERENCES attempts, student TEXT NOT NULL,
        PRIMARY KEY (attempt, student)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE gradings (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, assignment TEXT NOT NULL, sha256 TEXT NOT NULL,
        earned REAL NOT NULL, possible REAL NOT NULL, parts TEXT NOT NULL,
        is_fault INTEGER NOT NULL CHECK (is_fault IN (0, 1)),
        who TEXT NOT NULL, at TEXT NOT NULL, why TEXT NOT NULL, accepted INTEGER NOT NULL
    ) STRICT""",
    "CREATE UNIQUE INDEX one_grading_a_key ON gradings (key) WHERE is_fault = 0",
    "CREATE INDEX gradings_of ON gradings (assignment, sha256)",
    "CREATE INDEX gradings_accepted ON gradings (accepted)",
    # Apart from gradings, so that a gradebook does not read through every result.
    """CREATE TABLE results (
        grading INTEGER PRIMARY KEY REFERENCES gradings, json BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, assignment TEXT NOT NULL, owner TEXT NOT NULL,
        data TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL, why TEXT NOT NULL
    ) STRICT""",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "INSERT INTO facts VALUES ('salt', lower(hex(randomblob(16))))",
    *(
        f"""CREATE TRIGGER {table}_never_{verb} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""
        for table in ("rosters", "students", "attempts", "members", "results", "events", "facts")
        for verb in ("UPDATE", "DELETE")
    ),
    """CREATE TRIGGER gradings_never_DELETE BEFORE DELETE ON gradings
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER gradings_only_accepted BEFORE UPDATE OF
        id, key, assignment, sha256, earned, possible, parts, is_fault, who, at, why ON gradings
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
)

# What gradings are of (keys.py), to say later what has changed since.
_STATES = (
    """CREATE TABLE states (
        stamp TEXT PRIMARY KEY, state TEXT NOT NULL, at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    *(
        f"""CREATE TRIGGER states_never_{verb} BEFORE {verb} ON states
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""
        for verb in ("UPDATE", "DELETE")
    ),
)

STEPS: tuple[tuple[str, ...], ...] = (_FIRST, _STATES)
WITH_STATES = 2  # the first version that has that table


def version(connection: sqlite3.Connection) -> int:
    """How many steps a ledger has taken."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_older(connection: sqlite3.Connection, name: str) -> bool:
    """Whether a ledger lacks steps; raises UserError for one that has more than are known here."""
    done = version(connection)
    if done > len(STEPS):
        raise UserError(
            f"{name} was written by a newer grader (its version is {done}, this grader knows "
            f"{len(STEPS)}): update the grader"
        )
    return done < len(STEPS)


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Takes the steps that are missing, as part of the caller's write; raises as `is_older`."""
    if not is_older(connection, name):
        return
    for statement in (each for step in STEPS[version(connection) :] for each in step):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
