"""A table that another system exported: read, changed in single cells, written as it was.

Encoding (UTF-8 or UTF-16, with or without a byte order mark), separator, quotes and line ends stay.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course.errors import UserError
from grader.classroom.words import plural

SEPARATORS = (",", ";", "\t")
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass
class Sheet:
    """The cells of a file, and how they are written."""

    path: Path
    rows: list[list[str]]  # the first holds the names of the columns
    encoding: str
    separator: str
    quoted: bool  # every cell is in quotes
    line_end: str

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return self.rows[0]

    def column(self, name: str) -> int:
        """The place of a column; raises UserError if there is not exactly one of that name."""
        if self.header.count(name) == 1:
            return self.header.index(name)
        what = "two columns" if name in self.header else "no column"
        raise UserError(f"{self.path} has {what} {name!r}: {shown(self.header)}")

    def place(self, name: str) -> int | None:
        """The place of a column that need not be there."""
        return self.column(name) if name in self.header else None

    def to_bytes(self) -> bytes:
        """The file's content."""
        text = io.StringIO(newline="")
        writer = csv.writer(
            text,
            delimiter=self.separator,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
            lineterminator=self.line_end,
        )
        writer.writerows(self.rows)
        return text.getvalue().encode(self.encoding)


def read(path: Path) -> Sheet:
    """The table in a file; raises UserError if it is none, or its encoding is not Unicode."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 or UTF-16: byte {error.start} cannot be read; export it again, "
            "and do not save it in a spreadsheet program in between"
        ) from None
    return _sheet(path, text, encoding)


def _sheet(path: Path, text: str, encoding: str) -> Sheet:
    first = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise UserError(f"{path} is not a table of cells: {error}") from None
    if not rows or len(rows[0]) < 2:
        raise UserError(f"{path} has no columns: it is not a table that a gradebook exports")
    for number, row in enumerate(rows, start=1):
        if row and len(row) != len(rows[0]):
            cells = f"{plural(len(row), 'cell')}, and the first row {len(rows[0])}"
            raise UserError(f"{path}: row {number} has {cells}")
    line_end = "\r\n" if first.endswith("\r") else "\n"
    quoted = all(cell.startswith('"') for cell in first.rstrip("\r").split(separator))
    return Sheet(path, rows, encoding, separator, quoted, line_end)


def shown(names: Sequence[str]) -> str:
    """Names in a message."""
    return "choose from " + ", ".join(repr(name) for name in names) if names else "there is none"
