"""Read files with one clear error, and write them through a temporary file: whole or not at all."""

import errno
import glob
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from course.errors import UserError

try:
    import fcntl
except ImportError:  # Windows, where leftovers of a killed process stay
    fcntl = None  # type: ignore[assignment]  # to mypy an imported name is always a module

_PARTIAL = ".partial"


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents. Raises OSError; NotADirectoryError if a file is in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # "File exists" would not explain what is wrong
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(folder)) from error


def must_be_writable(path: Path) -> None:
    """Raise UserError before any work, not after it, if the file `path` cannot be written."""
    try:
        make_folder(path.parent)
        if path.is_dir():
            raise UserError(f"{path} is a folder: name a file instead")
        probe = _aside(path)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def write_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files, {name: content}, into `folder`. Raises UserError if they cannot be written."""
    try:
        make_folder(folder)
        for name, content in contents.items():
            with write_aside(folder / name) as file:
                file.write(content)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from error


def is_file(path: Path) -> bool:
    """Whether `path` is a file. Raises UserError if that cannot be determined.

    pathlib raises OSError for a name that is too long, or a folder that may not be entered.
    """
    try:
        return path.is_file()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def read_text(path: Path) -> str:
    """The text of a user's file. Raises UserError if it cannot be read or is not UTF-8.

    Line ends become "\\n", and a byte order mark is dropped.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: byte {error.start} cannot be read") from error


@contextmanager
def write_aside(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """A binary file that becomes `path` only if the block ends without an error.

    A process killed at any moment leaves `path` old or new, never in between. Each write has its
    own file next to `path`, so that two at once do not mix. The file that a killed write leaves,
    `<path>.<letters>.partial`, is removed by the next write to `path`.
    A device or pipe, such as /dev/stdout, is written to directly.

    durable: whether the file outlasts a power cut. Without, writing takes far less time: for
    thousands that can be made again. Call `remove_leftovers` on their folder once.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as file:
            yield file
        return
    if durable:
        remove_leftovers(path.parent, path.name)
    opened, aside = _open_aside(path)
    try:
        with opened as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())  # bytes before name, so that a power cut cannot swap them
            if fcntl:
                aside.replace(path)  # while it is locked
        if not fcntl:
            aside.replace(path)  # Windows cannot rename an open file
    except BaseException:
        with suppress(OSError):  # the first error is the one to report
            aside.unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Remove what killed writes left in `folder`, of the file `name` or of all files.

    Those are the partial files that nobody has locked.
    """
    if not fcntl:
        return
    for aside in folder.glob(f"{glob.escape(name) or '*'}.*{_PARTIAL}"):
        with suppress(OSError), aside.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            aside.unlink()


def _aside(path: Path) -> Path:
    """An unused name next to `path`; a file made by tempfile would be unreadable to others."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PARTIAL}")


def _open_aside(path: Path) -> tuple[BinaryIO, Path]:
    """A new file next to `path`, locked while it is being written."""
    while True:
        aside = _aside(path)
        file = aside.open("xb")
        if fcntl:
            with suppress(OSError):  # a network file system may not support locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if aside.exists():  # else it was removed as a leftover before it was locked
            return file, aside
        file.close()


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; some file systems cannot fsync a folder."""
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
