"""Files that are read with one clear error, and written aside and renamed: whole or not there."""

import errno
import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from course.errors import UserError

try:
    import fcntl
except ImportError:  # Windows, where what a kill leaves behind stays
    fcntl = None  # type: ignore[assignment]  # to mypy an imported name is a module for good

_PARTIAL = ".partial"


def make_folder(folder: Path) -> None:
    """Make `folder` and what is above it. Raises OSError, NotADirectoryError for a file there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # "File exists" would not tell a user what is wrong with it
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(folder)) from error


def must_be_writable(path: Path) -> None:
    """Raise UserError before any work, not after it, where the file `path` cannot be written."""
    try:
        make_folder(path.parent)
        if path.is_dir():
            raise UserError(f"{path} is a folder: the name of a file is needed")
        probe = _aside(path)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def is_file(path: Path) -> bool:
    """Whether there is such a file. Raises UserError where that cannot be told.

    pathlib raises OSError for a name that is too long, or a folder that may not be entered.
    """
    try:
        return path.is_file()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def read_text(path: Path) -> str:
    """The text of a user's file. Raises UserError where there is none, or it is not UTF-8.

    Lines end in "\\n" however the file spells it, and a byte order mark is no character.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: byte {error.start} cannot be read") from error


@contextmanager
def write_aside(path: Path) -> Iterator[BinaryIO]:
    """A binary file that becomes `path` only once the block has ended well.

    A process killed at any moment leaves `path` as it was or as it shall be, never in between.
    Each write has a file of its own beside `path`, so that two at once do not mix. What a kill
    leaves of it, `<path>.<letters>.partial`, is removed by the next write to `path`.
    A device or pipe, such as /dev/stdout, is written to directly.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as file:
            yield file
        return
    _remove_leftovers(path)
    opened, aside = _open_aside(path)
    try:
        with opened as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the bytes before the name: a power cut must not swap them
            if fcntl:
                aside.replace(path)  # while it is locked
        if not fcntl:
            aside.replace(path)  # Windows renames no open file
    except BaseException:
        with suppress(OSError):  # the first error is the one to tell
            aside.unlink()
        raise
    _sync_folder(path.parent)


def _aside(path: Path) -> Path:
    """A name beside `path` that nobody else uses; no tempfile's, which nobody else could read."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PARTIAL}")


def _open_aside(path: Path) -> tuple[BinaryIO, Path]:
    """A new file beside `path`, locked for as long as somebody writes to it."""
    while True:
        aside = _aside(path)
        file = aside.open("xb")
        if fcntl:
            with suppress(OSError):  # a network file system may know no locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if aside.exists():  # else it was taken for a leftover before it was locked
            return file, aside
        file.close()


def _remove_leftovers(path: Path) -> None:
    """Removes what a kill left of writes to `path`: the files that nobody holds a lock on."""
    if not fcntl:
        return
    for aside in path.parent.glob(f"{glob.escape(path.name)}.*{_PARTIAL}"):
        with suppress(OSError), aside.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            aside.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; some file systems know no fsync of a folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        return
    finally:
        os.close(handle)
