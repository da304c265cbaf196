"""What intake is fuzzed with: names, sources, cells, and archives and notebooks made of them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import warnings
import zipfile
from typing import Any

from hypothesis import strategies as st

from grader.intake.contents import Shape
from grader.intake.sources import MAX_LINE

GOOD = ("a.txt", "b.txt", "Größe.txt", "notes/", "run.py", "./c.txt", ".git/x", "é" * 60)
GOOD_NAMES = st.sampled_from(GOOD)
PATHS = "work.py a/src/work.py src/Work.py solution/work.py src//work.py src/work.py/ ../x /etc/x"
ODD = ["C:\\x", "src\\work.py", "a\0b", "a\nb", "\x1b[2J", "", "work.ipynb", "__MACOSX/._x"]
BAD_NAMES = st.sampled_from([*PATHS.split(), *ODD, "n" * 300, "d/" * 50 + "x"])
NAMES = GOOD_NAMES | BAD_NAMES | st.text(max_size=12)
GOOD_SOURCES = st.sampled_from([b"", b"x = 1\n", b"\xef\xbb\xbfx = 1\r\n", "ü".encode() * 99])
WORDS = b"utf-8 utf8 UTF_8 latin-1 utf-7 unicode_escape ascii no-such coding= -*- +AAo- \\n pass"
SPACED = [b"", b"\r\n", b"x = 1", b"# coding: ", b"vim: fileencoding=", b'"""']
BYTES = [bytes([byte]) for byte in b"\n\r\f\0\x0b\x1c\xe9 #'\\("]
MARKS = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\xa9", b"\xe2\x80\xa8"]
PIECES = st.sampled_from([*BYTES, *MARKS, *SPACED, *WORDS.split(), b"y" * (MAX_LINE + 1)])
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
CHARACTERS = "!?x= \t\n\r\\'\"()[]{}#,rf7+%é\u2028"
TOKENS = ["!ls", "%x", "%%time", "%%bash", "x?", "    ", "\n\n", "'''", '"""']
CODE = ["if x:", "def f():", "pass"]
CELLS = st.lists(st.sampled_from([*CHARACTERS, *TOKENS, *CODE]), max_size=40).map("".join)
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
