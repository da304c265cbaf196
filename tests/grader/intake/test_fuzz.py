"""Intake, fuzzed: whatever the bytes, contents that may be graded or a refusal, within its limit.

Each of the properties has a twentieth of the profile's examples: 100 in `make test`, and 5,000 with
`HYPOTHESIS_PROFILE=nightly`, 40,000 together.
"""

from __future__ import annotations

import ast
import gzip
import io
import json
import tarfile
import warnings
import zipfile
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from grader.assignment import Assignment
from grader.errors import Refused, printable
from grader.intake import notebook
from grader.intake.archive import MAX_FILE, Kind
from grader.intake.contents import Contents, Shape, is_wanted, read
from grader.intake.isolated import LIMITS
from grader.intake.sources import MAX_LINE, source
from grader.intake.tar import open_tar
from tests.clock import within
from tests.hostile.corpus import HANDED_IN

TOY: Assignment = HANDED_IN
EXAMPLES = settings(max_examples=settings.default.max_examples // 20)
SECONDS = LIMITS.call_seconds  # what a worker has; here there is no other clock

GOOD = ("a.txt", "b.txt", "Größe.txt", "notes/", "run.py", "./c.txt", ".git/x", "é" * 60)
GOOD_NAMES = st.sampled_from(GOOD)
BAD_NAMES = st.sampled_from(
    ["work.py", "a/src/work.py", "src/Work.py", "solution/work.py", "src//work.py", "src/work.py/",
     "../x", "/etc/x", "C:\\x", "src\\work.py", "a\0b", "a\nb", "\x1b[2J", "n" * 300,
     "d/" * 50 + "x", "work.ipynb", "__MACOSX/._x", ""]
)  # fmt: skip
NAMES = GOOD_NAMES | BAD_NAMES | st.text(max_size=12)
GOOD_SOURCES = st.sampled_from([b"", b"x = 1\n", b"\xef\xbb\xbfx = 1\r\n", "ü".encode() * 99])
PIECES = st.sampled_from(
    [b"", b"\n", b"\r", b"\r\n", b"\f", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe9", b"#",
     b"x = 1", b"# coding: ", b"coding=", b"utf-8", b"utf8", b"UTF_8", b"latin-1", b"utf-7",
     b"unicode_escape", b"ascii", b"no-such", b"'", b'"""', b"\\", b" ", b"-*-", b"\xc3\xa9",
     b"vim: fileencoding=", b"+AAo-", b"\\n", b"(", b"y" * (MAX_LINE + 1), b"\xe2\x80\xa8",
     b"\x0b", b"\x1c", b"pass"]
)  # fmt: skip
ENCODINGS = st.sampled_from(
    ["utf-8", "UTF_8", "u8", "utf-8-sig", "latin-1", "utf-7", "unicode_escape", "ascii", "no-such"]
)


@st.composite
def declared(draw: st.DrawFn) -> bytes:
    """A source whose first lines may declare an encoding, and whose last lines are other code in
    each: a comment with an escaped new line, a string in UTF-7."""
    line = st.one_of(
        ENCODINGS.map("# coding: {}".format),
        ENCODINGS.map("# -*- coding: {} -*-".format),
        st.sampled_from(["", "#", "x = 1", "\f", "#\x0b"]),
    )
    new_line = draw(st.sampled_from(["\n", "\r", "\r\n"]))
    head = new_line.join(draw(st.lists(line, max_size=3)))
    text = f"{head}{new_line}# \\nx = 2{new_line}y = '+AGE- \\x61 é'{new_line}"
    return b"\xef\xbb\xbf" * draw(st.integers(0, 2)) + text.encode()


SOURCES = declared() | st.lists(PIECES, max_size=12).map(b"".join) | st.binary(max_size=200)
CELLS = st.lists(
    st.sampled_from(
        ["!", "!ls", "%x", "%%time", "%%bash", "?", "x?", "x", "=", " ", "\t", "    ", "\n", "\n\n",
         "\r", "\\", "'", '"', "'''", '"""', "(", ")", "[", "]", "{", "}", "#", ",", "r", "f", "7",
         "+", "%", "if x:", "def f():", "pass", "\u2028", "é"]
    ),
    max_size=40,
).map("".join)  # fmt: skip
GOOD_ENTRIES = st.dictionaries(GOOD_NAMES, GOOD_SOURCES, max_size=4).map(
    lambda entries: [("src/work.py", b"x = 1"), *entries.items()]
)
ENTRIES = GOOD_ENTRIES | st.lists(st.tuples(NAMES, SOURCES), min_size=1, max_size=5)


def pack_zip(entries: list[tuple[str, bytes]], kind: int) -> bytes:
    """A zip whose first entry is of a kind, such as a link."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if kind % 2 else 0) as archive:
        for number, (name, data) in enumerate(entries):
            info = zipfile.ZipInfo("x")
            info.filename = name.encode(errors="replace").decode()  # ZipInfo cuts at a NUL
            info.external_attr = (kind if number == 0 else 0) << 28
            archive.writestr(info, data)
    return file.getvalue()


def pack_tar(entries: list[tuple[str, bytes]], kind: int = 0, form: int = 1) -> bytes:
    """A tar in a format of tarfile's whose first entry is of a kind, such as a link."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for number, (name, data) in enumerate(entries):
            info = tarfile.TarInfo(name.encode(errors="replace").decode())
            info.type = str(kind % 8).encode() if number == 0 else tarfile.REGTYPE
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` with up to two places changed, left out or put in twice."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(changed)))
        stop = draw(st.integers(start, min(start + 8, len(changed))))
        changed[start:stop] = draw(st.binary(max_size=8)) * draw(st.integers(0, 3))
    return bytes(changed)


@st.composite
def archives(draw: st.DrawFn) -> tuple[Shape, bytes]:
    """A zip or tar of odd names and sources, then damaged, beneath the compression too."""
    entries = draw(ENTRIES)
    kind = draw(st.just(8) | st.integers(0, 15))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        if draw(st.booleans()):
            return Shape.ZIP, damaged(draw, pack_zip(entries, kind))
    data = damaged(draw, pack_tar(entries, kind, draw(st.integers(1, 2))))
    if draw(st.booleans()):
        return Shape.TAR, data
    return Shape.TAR_GZ, damaged(draw, gzip.compress(data, mtime=0))


NUMBERS = st.sampled_from([-1, 2**20 + 1, 2**33, 2**60])
RECORDS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1, -1]),
        st.sampled_from(["path", "size", "comment", "GNU.sparse.major", "hdrcharset", "", "a b"]),
        st.sampled_from(
            ["src/work.py", "7", "-7", "\n", "=", "\0", "\ud800", "x" * 300, "9" * 500]
        ),
    ),
    max_size=2,
)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """A tar of headers with sound checksums and wild fields."""
    blocks = [] if draw(st.booleans()) else [pack_tar([("src/work.py", b"x = 1")])[:1024]]
    kinds = [bytes([kind]) for kind in b"0055xxggLLXK12346789SDMV\0"]
    for _ in range(draw(st.integers(1, 4))):
        info = tarfile.TarInfo()
        info.name = draw(GOOD_NAMES | NAMES)[:99].encode(errors="replace").decode()
        info.type = draw(st.sampled_from(kinds))
        data = draw(GOOD_SOURCES | SOURCES) if info.type not in b"xgX" else records(draw(RECORDS))
        info.size = draw(st.sampled_from([len(data)] * 4) | NUMBERS)
        header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")[-512:]
        blocks += [header, data + bytes(-len(data) % 512)]
    return b"".join(blocks) + bytes(draw(st.sampled_from([1024, 1024, 512, 0])))


def records(rows: list[tuple[int, str, str]]) -> bytes:
    """The records of an extended header, whose lengths may be off by one."""
    made = b""
    for off, keyword, value in rows:
        body = f" {keyword}={value}\n".encode(errors="surrogatepass")
        length = len(body) + len(str(len(body) + 2))
        made += b"%d" % max(length + off, 0) + body
    return made


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@st.composite
def notebooks(draw: st.DrawFn) -> bytes:
    """Notebooks of odd cells, some with wild fields, some damaged."""
    cells = [{"cell_type": "code", "source": cell} for cell in draw(st.lists(CELLS, max_size=3))]
    book: Any = {"cells": cells, "nbformat": 4}
    if cells and draw(st.booleans()):
        key = draw(st.sampled_from(["source", "cell_type", "execution_count", "input"]))
        cells[0][key] = draw(st.integers() | st.lists(st.text() | st.none(), max_size=2) | JSON)
    if draw(st.integers(0, 9)) == 0:
        book = draw(JSON)
    return damaged(
        draw, json.dumps(book, ensure_ascii=draw(st.booleans())).encode(errors="replace")
    )


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
        theirs = [
            ("/".join(p for p in info.name.replace("\\", "/").split("/") if p not in ("", ".")),
             info.isfile() and archive.extractfile(info).read())
            for info in archive
        ]  # fmt: skip
    assert ours == theirs


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
