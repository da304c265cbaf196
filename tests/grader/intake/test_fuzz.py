"""Intake, fuzzed: whatever the bytes, contents that may be graded or a refusal, within its limit.

Each of the properties has a twentieth of the profile's examples: 100 in `make test`, and 5,000 with
`HYPOTHESIS_PROFILE=nightly`, 40,000 together.
"""

from __future__ import annotations

import ast
import io
import tarfile
import warnings

from hypothesis import event, given, settings
from hypothesis import strategies as st

from grader.assignment import Assignment
from grader.errors import Refused, printable
from grader.intake import notebook
from grader.intake.archive import MAX_FILE, Kind
from grader.intake.contents import Contents, Shape, is_wanted, read
from grader.intake.isolated import LIMITS
from grader.intake.sources import source
from grader.intake.tar import open_tar
from tests.clock import within
from tests.grader.intake.strategies import (
    CELLS,
    ENTRIES,
    GOOD,
    GOOD_ENTRIES,
    SOURCES,
    archives,
    headers,
    notebooks,
    pack_tar,
)
from tests.hostile.corpus import HANDED_IN

TOY: Assignment = HANDED_IN
EXAMPLES = settings(max_examples=settings.default.max_examples // 20)
SECONDS = LIMITS.call_seconds  # what a worker has; here there is no other clock


def taken(shape: Shape, data: bytes) -> Contents | None:
    """The contents, or None where they are refused, in a line that may be shown."""
    try:
        with within(SECONDS):
            contents = read(shape, "work", data, TOY)
    except Refused as refused:
        assert 0 < len(str(refused)) < 1000
        assert printable(str(refused)).isprintable()
        event("refused")
        return None
    event("taken")
    for name, text in contents.files.items():
        assert is_wanted(name, TOY) and len(text) <= MAX_FILE
        assert "\0" not in text.decode("utf-8")
    return contents


@EXAMPLES
@given(archives())
def test_a_damaged_archive_is_taken_or_refused(archive: tuple[Shape, bytes]) -> None:
    taken(*archive)


@EXAMPLES
@given(st.sampled_from(list(Shape)[1:]), st.binary(max_size=1500))
def test_any_bytes_are_taken_or_refused(shape: Shape, data: bytes) -> None:
    taken(shape, data)


@EXAMPLES
@given(headers())
def test_wild_headers_of_a_tar_are_taken_or_refused(data: bytes) -> None:
    taken(Shape.TAR, data)


@EXAMPLES
@given(GOOD_ENTRIES | ENTRIES, st.integers(1, 2))
def test_a_whole_tar_is_read_as_tarfile_reads_it(
    entries: list[tuple[str, bytes]], form: int
) -> None:
    """Our own reader differs in what it refuses, and in nothing that it gives."""
    data = pack_tar(entries, form=form)
    try:
        with open_tar(data, compressed=False) as found:
            ours = [(e.name, e.kind is Kind.FILE and e.read(MAX_FILE)) for e in found]
    except Refused:
        assert not is_good(entries)
        return
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8") as archive:
        bodies = [info.isfile() and archive.extractfile(info).read() for info in archive]
        parts = [info.name.replace("\\", "/").split("/") for info in archive]
    names = ["/".join(part for part in each if part not in ("", ".")) for each in parts]
    assert ours == list(zip(names, bodies, strict=True))


def is_good(entries: list[tuple[str, bytes]]) -> bool:
    """Whether nothing stands against the names, each of which is there once."""
    names = [name for name, _ in entries]
    return len(set(names)) == len(names) and set(names) <= {"src/work.py", *GOOD}


@EXAMPLES
@given(notebooks())
def test_a_notebook_is_taken_or_refused(data: bytes) -> None:
    taken(Shape.NOTEBOOK, data)


@EXAMPLES
@given(CELLS)
def test_a_cell_that_is_python_stays_as_it_is(cell: str) -> None:
    """Commands are told from strings, brackets and comments as Python tells them."""
    with within(SECONDS):
        module = notebook.cell_source(cell)
    if parsed(cell) and not cell.lstrip().startswith("%%"):
        event("python")
        assert module == cell


STATEMENTS = st.sampled_from(
    [
        "",
        "x = 1",
        "# ( [ {",
        "# it's",
        "# \\",
        "x = '#'",
        "x = '('",
        "x = '\\\\'",
        "x = {'a': [1,\n2]}  # )",
        "x = (7\n%3\n)",
        "x = 7 \\\n%3",
        "x = 'a\\\n!b'",
        "x = r'\\''",
        "x = f'{x}' 'it''s'",
        "x = '''\n!ls\n%time \"\"\"\n'''",
        'x = """\n?y\n\\"""\n"""',
        'x = "a"""',
        'x = \'a\'"""b\n!ls\n"""\'c\'',
        'if x:\n    y = """\n!ls"""',
    ]
)
COMMANDS = st.sampled_from(["!ls (", "%time x = '", "?x", "x?", "y = !ls '''", '%%x # "', "! {"])


@EXAMPLES
@given(st.lists(st.tuples(STATEMENTS, COMMANDS), min_size=1, max_size=6))
def test_commands_between_statements_become_comments(rows: list[tuple[str, str]]) -> None:
    """Whatever brackets and quotes stand in either; the rest stays a module of Python."""
    cell = "\n".join(f"x = 0\n{statement}\n{command}" for statement, command in rows)
    wanted = "\n".join(f"x = 0\n{statement}\npass  # {command}" for statement, command in rows)
    assert parsed(wanted)
    assert notebook.cell_source(cell) == wanted


@EXAMPLES
@given(SOURCES)
def test_a_source_is_refused_or_read_alike_as_bytes_and_as_text(data: bytes) -> None:
    """Python reads the bytes, and what shows or checks a source reads it as UTF-8."""
    try:
        with within(SECONDS):
            kept = source("work.py", data)
    except Refused as refused:
        assert printable(str(refused)).isprintable()
        return
    event("kept")
    assert not kept.startswith(b"\xef\xbb\xbf") and b"\0" not in kept
    assert parsed(kept) == parsed(kept.decode("utf-8"))


def parsed(text: str | bytes) -> str:
    """The syntax tree as Python reads it, or "" where it reads none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that are none
            return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError):
        return ""
