"""A tar as a stream of entries, read once from beginning to end, in time linear in its bytes.

Each header block is read by TarInfo.frombuf. The rest is our own: tarfile.TarFile
seeks, recurses from header to header, and reads crafted extended (pax) and sparse headers
in quadratic time or without end. The format is POSIX.1-2008's, with GNU tar's long names.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from tarfile import BLOCKSIZE

from grader.errors import Refused
from grader.intake.archive import (
    CHUNK,
    MAX_ENTRIES,
    MAX_READ,
    Entry,
    Kind,
    Readable,
    checked,
    once,
    read_capped,
    shown,
    sound,
)

MAX_UNPACKED = 256 * 2**20  # bytes of a tar, including what is only skipped (weights, say)
MAX_HEADERS = 4 * MAX_ENTRIES  # an entry may have a long name and an extended header before it
LONG_NAME, LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)  # about the next entry
BEFORE = (LONG_NAME, LONG_LINK, *EXTENDED, tarfile.XGLTYPE)  # headers that are not entries
LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
NO_DATA = (*LINKS, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
TEXT = ("utf-8", "surrogateescape")  # archive.checked refuses what the second keeps
SPARSE = "GNU.sparse."
CUT_OFF = "is not a valid tar: it ends before its end mark"


@contextmanager
def open_tar(data: bytes, compressed: bool) -> Iterator[Iterator[Entry]]:
    """The entries of a tar; each can be read until the next one is asked for."""
    file = io.BytesIO(data)
    with sound("tar.gz" if compressed else "tar"):
        yield _entries(_Stream(gzip.GzipFile(fileobj=file) if compressed else file))


class _Stream:
    """The bytes of a tar in their order, counted."""

    def __init__(self, file: Readable) -> None:
        self.file, self.position = file, 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end; Refused beyond MAX_UNPACKED in all."""
        data = self.file.read(size)
        self.position += len(data)
        if self.position > MAX_UNPACKED:
            most = MAX_UNPACKED // 2**20
            raise Refused(f"unpacks to more than {most} MiB: leave out data, weights and runs")
        return data

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes; Refused if there are fewer."""
        data = self.read(size)
        if len(data) != size:
            raise Refused(CUT_OFF)
        return data

    def skip_to(self, position: int) -> None:
        """Skips everything before `position`."""
        while self.position < position:
            self.exactly(min(CHUNK, position - self.position))


class _Body:
    """The bytes of one entry, as a file."""

    def __init__(self, stream: _Stream, size: int) -> None:
        self.stream, self.end = stream, stream.position + size

    def read(self, size: int) -> bytes:
        return self.stream.read(min(size, self.end - self.stream.position))


def _entries(stream: _Stream) -> Iterator[Entry]:
    seen: set[str] = set()
    for count, info in enumerate(_members(stream), start=1):
        if count > MAX_ENTRIES:
            raise Refused(f"has more than {MAX_ENTRIES} entries")
        name = checked(info.name)
        once(name, seen, folder=info.isdir())
        yield Entry(name, _kind(info), _reader(stream, info, name), archived=True)
    while stream.read(CHUNK):  # to gzip's checksum
        pass


def _members(stream: _Stream) -> Iterator[tarfile.TarInfo]:
    """Every entry's header, changed by the headers before it; its bytes come next in `stream`."""
    more: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        block = stream.exactly(BLOCKSIZE)
        if not any(block):
            return
        info = tarfile.TarInfo.frombuf(block, *TEXT)
        if info.type in BEFORE:
            more |= _read_before(stream, info)
            continue
        _apply(more, info)
        more = {}
        end = stream.position + _padded(0 if info.type in NO_DATA else info.size)
        yield info
        stream.skip_to(end)
    raise Refused(f"has more than {MAX_HEADERS} headers")


def _read_before(stream: _Stream, info: tarfile.TarInfo) -> dict[str, str]:
    """What a header says about the next entry: its "path", its "size", and whether it is sparse."""
    if not 0 <= info.size <= MAX_READ:
        raise Refused(f"has a header of {info.size} bytes: at most {MAX_READ} are allowed")
    data = stream.exactly(_padded(info.size))[: info.size]
    if info.type == LONG_NAME:
        return {"path": data.partition(b"\0")[0].decode(*TEXT)}
    return dict(_records(data)) if info.type in EXTENDED else {}


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    """The (keyword, value) pairs of an extended header: records of "LENGTH KEYWORD=VALUE\\n"."""
    position = 0
    while position < len(data):
        digits, _, _ = data[position : position + 8].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = data[position + len(digits) + 1 : position + length]
        keyword, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n") or position + length > len(data):
            raise Refused("is not a valid tar: an extended header is malformed")
        yield keyword.decode(*TEXT), value[:-1].decode(*TEXT)
        position += length


def _apply(more: Mapping[str, str], info: tarfile.TarInfo) -> None:
    info.name = more.get("path", info.name)
    info.size = int(more.get("size", info.size))
    if info.size < 0:
        raise Refused(f"{shown(info.name)} has a size below 0")
    # Source is never sparse; unpacking one writes as many zeros as its header claims.
    if info.type == tarfile.GNUTYPE_SPARSE or any(key.startswith(SPARSE) for key in more):
        raise Refused(f"{shown(info.name)} is a sparse file: pack it without --sparse")


def _padded(size: int) -> int:
    """`size` up to the end of its last block."""
    return -(-size // BLOCKSIZE) * BLOCKSIZE


def _kind(info: tarfile.TarInfo) -> Kind:
    if info.issym() or info.islnk():
        return Kind.LINK
    if info.isdir():
        return Kind.FOLDER
    return Kind.FILE if info.isreg() else Kind.OTHER


def _reader(stream: _Stream, info: tarfile.TarInfo, name: str) -> Callable[[int], bytes]:
    body = _Body(stream, info.size)

    def read(limit: int) -> bytes:
        data = read_capped(body, limit, name)
        if len(data) != info.size:
            raise Refused(f"{shown(name)} ends before its {info.size} bytes")
        return data

    return read
