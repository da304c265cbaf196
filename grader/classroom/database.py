"""An SQLite file that is whole at any moment, and whose errors a user can understand.

Only one process writes at a time; others may read meanwhile. A process killed at any moment leaves
what was written before whole (rollback journal, synchronous=FULL; WAL would be wrong on a network
disk). A locked, damaged or full file is a UserError, and nothing of that write is kept.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader.classroom import migrations
from grader.errors import UserError

WAIT = 10.0  # seconds for another process's write; one of ours takes milliseconds

REASONS = {  # how SQLite names an error -> what to do
    "SQLITE_BUSY": "is locked by another process: wait until it is done, or stop it",
    "SQLITE_FULL": "cannot be written, the disk is full: nothing was recorded; free some space",
    "SQLITE_NOTADB": "is not a ledger, or is damaged: restore it from a backup",
    "SQLITE_CORRUPT": "is damaged: restore it from a backup",
    "SQLITE_READONLY": "cannot be written: it, or its folder, is read-only",
    "SQLITE_CANTOPEN": "cannot be opened: is its folder there, and may you write in it?",
    "SQLITE_IOERR": "cannot be read or written: the disk reports an error, or is full",
}
DAMAGED = (  # words of the errors of damaged files that SQLite gives no name
    *("Could not decode to UTF-8", "no such table", "no such column"),
    *("already exists", "unsupported file format"),
)


class Database:
    """An open file; use it in a `with` block, or call `close`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path, create: bool = False, wait: float = WAIT) -> Self:
        """The file at `path`, its tables as they are until something is written. Raises UserError.

        create: make one if there is none, with the tables of now.
        wait: seconds for another process's write.
        """
        if not create and not path.is_file():
            raise UserError(f"{path} does not exist: `grader class init` makes it")
        if not create and path.stat().st_size == 0:  # SQLite would take it for a new one
            raise UserError(f"{path} {REASONS['SQLITE_CORRUPT']}")
        mode = "rwc" if create else "rw"
        with explained(path):
            uri = f"{path.absolute().as_uri()}?mode={mode}"
            connection = sqlite3.connect(uri, timeout=wait, isolation_level=None, uri=True)
            try:
                for pragma in ("journal_mode = DELETE", "synchronous = FULL", "foreign_keys = ON"):
                    connection.execute(f"PRAGMA {pragma}")
                opened = cls(connection, path)
                if migrations.is_older(connection, str(path)) and create:
                    with opened.writing():
                        pass
            except BaseException:
                connection.close()
                raise
        return opened

    def close(self) -> None:
        """Closes the file; what was written is there already."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All that is added in the block becomes one write, whole or not at all; may be nested.

        It brings the tables up to date first, as part of the same write.
        """
        if self._connection.in_transaction:
            yield
            return
        self.do("BEGIN IMMEDIATE")
        try:
            with explained(self.path):
                migrations.migrate(self._connection, str(self.path))
            yield
            self.do("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk ends it by itself
                self.do("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All that is read in the block is of one moment, whatever another process writes."""
        if self._connection.in_transaction:
            yield
            return
        self.do("BEGIN")
        try:
            yield
        finally:
            self.do("ROLLBACK")

    def do(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Carries out one statement."""
        with explained(self.path):
            return self._connection.execute(statement, values)

    def insert(self, table: str, **values: Any) -> int:
        """Adds a row, inside `writing`; returns its id."""
        marks = ", ".join("?" * len(values))
        columns = ", ".join(values)
        cursor = self.do(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())
        return int(cursor.lastrowid or 0)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with explained(self.path):
            return self._connection.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        """The first value that a query gives; None without one."""
        rows = self.rows(query, *values)
        return rows[0][0] if rows else None

    def each(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Carries out a statement for each row of values, inside `writing`."""
        with explained(self.path):
            self._connection.executemany(statement, rows)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors that a user can do something about into a UserError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        for known, reason in REASONS.items():
            if name.startswith(known):
                raise UserError(f"{path} {reason}") from None
        if any(words in str(error) for words in DAMAGED):
            raise UserError(f"{path} {REASONS['SQLITE_CORRUPT']}") from None
        raise
    except UnicodeDecodeError:  # in an error's own message
        raise UserError(f"{path} {REASONS['SQLITE_CORRUPT']}") from None


@contextmanager
def decoded(path: Path) -> Iterator[None]:
    """Turns what is raised for a value that no writer of ours wrote into a UserError."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, zlib.error):
        raise UserError(f"{path} {REASONS['SQLITE_CORRUPT']}") from None
