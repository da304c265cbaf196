"""The entries of a submission: names, kinds, limits, and zip archives, hostile ones included.

zipfile's reads are bounded: each asks for at most MAX_READ bytes (a header may claim gigabytes),
and a file is read only up to its limit. Tar archives are in tar.py.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from gzip import BadGzipFile
from typing import IO, Protocol

from grader.errors import Refused

MAX_ENTRIES = 2000  # files and folders; a submission has about ten
MAX_FILE = 2**20  # bytes of one taken file
MAX_TOTAL = 16 * 2**20  # bytes of all taken files, or of one notebook with its pictures
MAX_READ = 2**20  # bytes of one read of an archive's own tables
MAX_DEPTH = 40  # nested folders
MAX_NAME = 255  # bytes of a file's or folder's name: no file system allows more
CHUNK = 2**16

# What the readers raise on bytes that are not an archive. RuntimeError: a zip of a later version
# (NotImplementedError). AssertionError and AttributeError: states that zipfile itself thinks
# impossible.
CORRUPT = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, BadGzipFile),
    *(EOFError, ValueError, LookupError, OverflowError),
    *(RuntimeError, AssertionError, AttributeError),
)


class Kind(StrEnum):
    """What an entry is; the value reads well after "is"."""

    FILE = "a regular file"
    FOLDER = "a folder"
    LINK = "a link"
    OTHER = "a device, pipe or socket"


@dataclass(frozen=True)
class Entry:
    """One name in a submission. `read(limit)` gives its bytes, or raises Refused beyond `limit`."""

    name: str  # checked, with "/" between its parts
    kind: Kind
    read: Callable[[int], bytes]
    archived: bool = False


class Readable(Protocol):
    """What bytes are read from, such as a file."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""


def shown(name: str) -> str:
    """`name` as messages show it: quoted, escaped, and cut to 100 characters."""
    text = ascii(name[:100])
    return text if len(text) <= 100 else f"{text[:97]}...'"


def checked(name: str) -> str:
    """`name` without "." parts and with "/" as separator; raises Refused for a bad one."""
    if re.search(r"[\x00-\x1f\x7f-\x9f]", name):
        raise Refused(f"{shown(name)} has a control character in its name")
    if re.search(r"[\ud800-\udfff]", name):
        raise Refused(f"the name {shown(name)} is not UTF-8: rename it")
    parts = name.replace("\\", "/").split("/")
    if not parts[0] or re.match(r"[A-Za-z]:", name):
        raise Refused(f"{shown(name)} is an absolute path")
    if ".." in parts:
        raise Refused(f"{shown(name)} points outside the submission")
    if len(parts) > MAX_DEPTH:
        raise Refused(f"{shown(name)} is more than {MAX_DEPTH} folders deep")
    if any(len(part.encode()) > MAX_NAME for part in parts):
        raise Refused(f"{shown(name)} has a name of more than {MAX_NAME} bytes")
    return "/".join(part for part in parts if part not in ("", "."))


def kind_of(mode: int) -> Kind:
    """The kind that a Unix file mode gives; without type bits it is a regular file."""
    if stat.S_ISLNK(mode):
        return Kind.LINK
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.FILE if stat.S_IFMT(mode) in (0, stat.S_IFREG) else Kind.OTHER


def read_capped(file: Readable, limit: int, name: str, advice: str = "") -> bytes:
    """All of `file`; raises Refused, which ends in `advice`, if it has more than `limit` bytes."""
    parts, size = [], 0
    while chunk := file.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise Refused(f"{shown(name)} is larger than {limit / 2**20:g} MiB{advice}")
        parts.append(chunk)
    return b"".join(parts)


def once(name: str, seen: set[str], folder: bool = False) -> None:
    """Adds `name` to `seen`; raises Refused for a file that is already there."""
    if name in seen and not folder:
        raise Refused(f"{shown(name)} appears twice: hand in one")
    seen.add(name)


@contextmanager
def sound(kind: str) -> Iterator[None]:
    """Turns whatever the readers raise on bad bytes into Refused."""
    try:
        yield
    except Refused:
        raise
    except CORRUPT as error:
        raise Refused(f"is not a valid {kind}: {error or type(error).__name__}") from None


class _Leash(io.RawIOBase):
    """A file whose reads each give at most MAX_READ bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self.file = file

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_READ:
            size = MAX_READ + 1
        data = self.file.read(size)
        if len(data) > MAX_READ:
            raise Refused(f"its tables are larger than {MAX_READ // 2**20} MiB")
        return data


@contextmanager
def open_zip(data: bytes) -> Iterator[Iterator[Entry]]:
    """The entries of a zip."""
    with (
        sound("zip"),
        zipfile.ZipFile(_Leash(io.BytesIO(data))) as archive,
    ):
        yield _zip_entries(archive)


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise Refused(f"has {len(infos)} entries: at most {MAX_ENTRIES} are allowed")
    seen: set[str] = set()
    for info in infos:
        name = checked(_zip_name(info))
        if info.flag_bits & 0x1:
            raise Refused(f"{shown(name)} is encrypted: hand in a zip without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(f"{shown(name)} uses an unsupported compression: use a plain zip")
        kind = Kind.FOLDER if info.filename.endswith("/") else kind_of(info.external_attr >> 16)
        once(name, seen, folder=kind is Kind.FOLDER)
        yield Entry(name, kind, _zip_reader(archive, info, name), archived=True)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as written: zipfile cuts at a NUL, and reads unmarked names as cp437."""
    name = info.orig_filename
    if info.flag_bits & 0x800 or name.isascii():
        return name
    return name.encode("cp437").decode("utf-8", errors="surrogateescape")


def _zip_reader(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str
) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        with archive.open(info) as file:
            return read_capped(file, limit, name)

    return read
