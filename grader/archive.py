"""Zip and tar archives as a stream of entries, hostile ones among them.

The libraries' readers are kept on a short lead: one read asks for at most MAX_READ bytes (a header
may claim gigabytes), a tar ends at MAX_UNPACKED bytes, and a file at what its reader allows.
"""

from __future__ import annotations

import gzip
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
from pathlib import Path
from typing import IO

from grader.errors import Refused

MAX_ENTRIES = 2000  # files and folders; a submission has about ten
MAX_FILE = 2**20  # bytes of one taken file
MAX_TOTAL = 16 * 2**20  # bytes of all taken files, or of one notebook with its pictures
MAX_READ = 2**20  # bytes of one read of an archive's own tables
MAX_UNPACKED = 256 * 2**20  # bytes of a tar, with what is only passed over (weights, say)
CHUNK = 2**16

# What the readers raise on bytes that are no archive. RuntimeError: a tar of chained long names
# (RecursionError), a zip of a later version (NotImplementedError).
# AssertionError and AttributeError: states that tarfile and zipfile themselves think impossible.
CORRUPT = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, ValueError,
    KeyError, IndexError, OverflowError, RuntimeError, AssertionError, AttributeError,
    struct.error, gzip.BadGzipFile,
)  # fmt: skip


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


def shown(name: str) -> str:
    """`name` as it may be printed: quoted, what cannot be printed escaped, and not too long."""
    text = ascii(name)
    return text if len(text) <= 100 else f"{text[:97]}...'"


def checked(name: str) -> str:
    """`name` without "." parts and with "/" as separator; raises Refused for a bad one."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise Refused(f"{shown(name)} has a control character in its name")
    if any(0xD800 <= ord(letter) < 0xE000 for letter in name):
        raise Refused(f"{shown(name)} is not UTF-8: rename it")
    parts = name.replace("\\", "/").split("/")
    if not parts[0] or re.match(r"[A-Za-z]:", name):
        raise Refused(f"{shown(name)} is an absolute path")
    if ".." in parts:
        raise Refused(f"{shown(name)} leads out of the submission")
    return "/".join(part for part in parts if part not in ("", "."))


def kind_of(mode: int) -> Kind:
    """The kind that a file mode of Unix says; no type bits at all are a regular file."""
    if stat.S_ISLNK(mode):
        return Kind.LINK
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.FILE if stat.S_IFMT(mode) in (0, stat.S_IFREG) else Kind.OTHER


def read_capped(file: IO[bytes], limit: int, name: str) -> bytes:
    """All of `file`; raises Refused where it has more than `limit` bytes."""
    parts, size = [], 0
    while chunk := file.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise Refused(f"{shown(name)} is larger than {limit / 2**20:g} MiB")
        parts.append(chunk)
    return b"".join(parts)


class Leash(io.RawIOBase):
    """A file of which one read gives at most MAX_READ bytes, and which ends at `most` bytes."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        super().__init__()
        self.file, self.most = file, most
        self.last = b""  # what the latest read gave

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET:
            self._allow(offset)
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_READ:
            size = MAX_READ + 1
        data = self.file.read(size)
        if len(data) > MAX_READ:
            raise Refused(f"its tables are larger than {MAX_READ // 2**20} MiB")
        self._allow(self.file.tell())
        self.last = data
        return data

    def _allow(self, position: int) -> None:
        if position > self.most:
            raise Refused(
                f"unpacks to more than {self.most // 2**20} MiB: leave out data, weights and runs"
            )


@contextmanager
def _sound(kind: str) -> Iterator[None]:
    """Turns whatever the readers raise on bad bytes into Refused."""
    try:
        yield
    except Refused:
        raise
    except CORRUPT as error:
        raise Refused(f"is not a whole {kind}: {error or type(error).__name__}") from None


@contextmanager
def open_zip(path: Path) -> Iterator[Iterator[Entry]]:
    """The entries of a zip."""
    with (
        _sound("zip"),
        path.open("rb") as file,
        zipfile.ZipFile(Leash(file, path.stat().st_size)) as archive,  # type: ignore[arg-type]
    ):
        yield _zip_entries(archive)


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise Refused(f"has {len(infos)} entries: at most {MAX_ENTRIES} are taken")
    seen = set()
    for info in infos:
        name = checked(_zip_name(info))
        if info.flag_bits & 0x1:
            raise Refused(f"{shown(name)} is encrypted: hand in a zip without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(f"{shown(name)} is compressed in an unusual way: use a plain zip")
        kind = Kind.FOLDER if info.filename.endswith("/") else kind_of(info.external_attr >> 16)
        _once(name, seen, folder=kind is Kind.FOLDER)
        yield Entry(name, kind, _zip_reader(archive, info, name), archived=True)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as it was written: zipfile cuts at a NUL, and reads unmarked names as cp437."""
    name = info.orig_filename
    if info.flag_bits & 0x800 or name.isascii():
        return name
    return name.encode("cp437").decode("utf-8", errors="surrogateescape")


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Callable:
    def read(limit: int) -> bytes:
        with archive.open(info) as file:
            return read_capped(file, limit, name)

    return read


@contextmanager
def open_tar(path: Path, compressed: bool) -> Iterator[Iterator[Entry]]:
    """The entries of a tar; each can be read until the next one is asked for."""
    with (
        _sound("tar.gz" if compressed else "tar"),
        gzip.open(path, "rb") if compressed else path.open("rb") as file,
        Leash(file, MAX_UNPACKED) as leash,
        tarfile.open(fileobj=leash, mode="r:", encoding="utf-8") as archive,  # type: ignore[arg-type]
    ):
        yield _tar_entries(archive, leash)


def _tar_entries(archive: tarfile.TarFile, leash: Leash) -> Iterator[Entry]:
    seen: set[str] = set()
    for count, info in enumerate(archive, start=1):
        if count > MAX_ENTRIES:
            raise Refused(f"has more than {MAX_ENTRIES} entries")
        name = checked(info.name)
        if info.size < 0:
            raise Refused(f"{shown(name)} has a size below 0")
        _once(name, seen, folder=info.isdir())
        yield Entry(name, _tar_kind(info), _tar_reader(archive, info, name), archived=True)
    # tarfile takes a broken header for the end; the true end is a block of zeros
    if leash.last != bytes(tarfile.BLOCKSIZE):
        raise Refused("is not a whole tar: it ends before its end mark")
    while leash.read(CHUNK):  # to gzip's checksum
        pass


def _tar_kind(info: tarfile.TarInfo) -> Kind:
    if info.issym() or info.islnk():
        return Kind.LINK
    if info.isdir():
        return Kind.FOLDER
    # A sparse file holds no source; tarfile would give zeros for as long as its header says.
    return Kind.FILE if info.isreg() and not info.issparse() else Kind.OTHER


def _tar_reader(archive: tarfile.TarFile, info: tarfile.TarInfo, name: str) -> Callable:
    def read(limit: int) -> bytes:
        file = archive.extractfile(info)
        if file is None:
            raise Refused(f"{shown(name)} is not a regular file")
        data = read_capped(file, limit, name)
        if len(data) != info.size:
            raise Refused(f"{shown(name)} ends before its {info.size} bytes")
        return data

    return read


def _once(name: str, seen: set[str], folder: bool = False) -> None:
    if name in seen and not folder:
        raise Refused(f"{shown(name)} is there twice: which one is meant?")
    seen.add(name)
