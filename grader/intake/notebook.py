"""A Jupyter notebook -> one Python module, without running any of it.

Each code cell follows a comment with its number, `# In[3]`. Lines for IPython alone (%magics,
!commands, help?) become comments behind a `pass`, so that a block which held nothing else still
parses. nbconvert's exporter turns them into calls of IPython, which a worker does not have; and
nbformat's reader validates a large notebook for minutes, so the JSON is read here, in linear time.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from grader.errors import Refused
from grader.intake.archive import MAX_FILE

# A magic, a command or a question, alone or assigned to a name, in a line without the white space
# around it. No two neighbours of the pattern match the same character: it never backtracks far.
IPYTHON_LINE = re.compile(r"([\w, ]+=\s*)?(%{1,2}[A-Za-z]|!|\?).*|%?[\w.]+\?{1,2}")
MAX_CELLS = 2000  # a long notebook has two hundred
PYTHON_CELLS = {"time", "timeit", "capture", "prun"}  # %%magics whose body is Python
# What decides where a statement of Python ends: escapes, quotes, brackets and comments.
PIECE = re.compile(r"\\.|\"\"\"|'''|[\"'()\[\]{}#]")


def to_source(data: bytes) -> bytes:
    """The notebook in `data` as a module; raises Refused."""
    cells = [cell for cell in _cells(data) if cell.get("cell_type") == "code"]
    if not cells:
        raise Refused("is a notebook without code cells")
    if len(cells) > MAX_CELLS:
        raise Refused(f"has {len(cells)} code cells: at most {MAX_CELLS} are allowed")
    sources = [_text(cell) for cell in cells]
    if sum(map(len, sources)) > MAX_FILE:
        raise Refused(f"its code is larger than {MAX_FILE // 2**20} MiB")
    text = "\n".join(
        f"# In[{_number(cell, place)}]\n{cell_source(source)}\n"
        for place, (cell, source) in enumerate(zip(cells, sources, strict=True), start=1)
    )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # JSON can write a lone surrogate, "\\ud800"
        raise Refused("has a lone surrogate in a code cell: it is not text") from None


def _cells(data: bytes) -> list[dict[str, Any]]:
    """The cells of a notebook of nbformat 4, or of 3, which had them in a "worksheet"."""
    try:
        book = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 text (byte {error.start})") from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"is not a notebook: {str(error)[:200]}") from None
    if type(book) is dict and type(book.get("worksheets")) is list:
        book = next(iter(book["worksheets"]), None)
    cells = book.get("cells") if type(book) is dict else None
    if type(cells) is not list or any(type(cell) is not dict for cell in cells):
        raise Refused("is not a notebook: it has no list of cells")
    return cells


def _text(cell: dict[str, Any]) -> str:
    """A cell's code, which JSON holds as one string or as a list of lines."""
    source = cell.get("source", cell.get("input", ""))
    lines = [source] if type(source) is str else source
    if type(lines) is not list or any(type(line) is not str for line in lines):
        raise Refused("is not a notebook: a code cell has no text")
    return "".join(lines)


def _number(cell: dict[str, Any], place: int) -> int:
    """The number that the student saw next to the cell; its place if it never ran."""
    count = cell.get("execution_count", cell.get("prompt_number"))
    return count if type(count) is int and 0 < count < 10**6 else place


def cell_source(source: str) -> str:
    """One cell's text as Python."""
    magic = re.match(r"\s*%%(\w+)", source)
    lines = source.split("\n")
    if magic and magic[1] not in PYTHON_CELLS:
        return "\n".join(f"# {line}" for line in lines)
    place, goes_on = _Place(), False
    output: list[str] = []
    for line in lines:
        bare = line.strip()
        if goes_on:  # `!pip install \\` has a second line
            line = f"# {bare}"
        elif place.begins_statement and IPYTHON_LINE.fullmatch(bare):
            line = f"{line[: len(line) - len(line.lstrip())]}pass  # {bare}"
            goes_on = True
        goes_on = goes_on and bare.endswith("\\")
        place = place.after(line)
        output.append(line)
    return "\n".join(output)


@dataclass(frozen=True)
class _Place:
    """Where a line begins in Python's grammar."""

    depth: int = 0  # brackets that are open
    quote: str = ""  # of the string that is open
    continued: bool = False  # the line before ends in a backslash

    @property
    def begins_statement(self) -> bool:
        """Whether the line is not inside brackets, a long string or a continued line."""
        return not (self.depth or self.quote or self.continued)

    def after(self, line: str) -> _Place:
        """The place of the line after `line`; each character is read once."""
        depth, quote = self.depth, self.quote
        for piece in PIECE.findall(line):
            if quote:  # '"a"""' is two strings
                quote = "" if piece in (quote, 3 * quote) else quote
            elif piece == "#":
                return _Place(depth)
            elif piece[0] in "\"'":
                quote = piece
            elif piece[0] != "\\":
                depth = max(0, depth + (piece in "([{") - (piece in ")]}"))
        continued = line.endswith("\\")
        if len(quote) == 1 and not continued:  # the student's own mistake; Python will report it
            quote = ""
        return _Place(depth, quote, continued)
