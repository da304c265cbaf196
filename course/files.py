"""Files that are read with one clear error, and written aside and renamed: whole or not there."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from course.errors import UserError


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
        probe = path.with_name(path.name + ".partial")
        probe.touch()
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
    What a kill can leave behind, `<path>.partial`, is overwritten by the next write.
    """
    aside = path.with_name(path.name + ".partial")
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the bytes before the name: a power cut must not swap them
        aside.replace(path)
    except BaseException:
        # NotADirectoryError among others: nothing was made, and the first error is the one to tell
        _remove(aside)
        raise
    _sync_folder(path.parent)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return


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
