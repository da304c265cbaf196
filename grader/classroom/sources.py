"""What there is to collect: from a folder or a zip to one item for each submission.

A zip is unpacked into a scratch folder; of a learning system's export (downloads.py) its names say
whose each file is. Nothing here looks into a student's file: intake does, in its sandbox.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.classroom.people import Claim
from grader.errors import Refused, UserError
from grader.intake.archive import checked, once, read_capped, sound
from grader.intake.contents import IGNORED
from grader.intake.submission import MAX_ARCHIVE, SUFFIXES

MAX_ITEMS = 200_000  # files of a whole class


@dataclass(frozen=True)
class Item:
    """One submission of a source."""

    path: Path  # the folder, archive or notebook
    label: str  # what messages call it
    claims: tuple[Claim, ...]  # its submitters
    submitted_at: datetime | None = None  # aware; None: the source does not say
    is_late: bool = False  # the source says so, though not by how much
    fetch: Callable[[], Path] | None = None  # brings it, and says where it is; else it is at `path`


def unpacked(path: Path, scratch: Path) -> Path:
    """A class's zip, unpacked into the new folder `scratch`. Raises UserError.

    Its own names and sizes are checked; a link becomes a small file, so nothing leads outside.
    """
    try:
        with sound("zip"), zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_ITEMS:
                raise Refused(f"has {len(infos)} entries: at most {MAX_ITEMS} are allowed")
            seen: set[str] = set()
            scratch.mkdir(parents=True)
            for info in infos:
                _extract(archive, info, scratch, seen)
    except Refused as error:
        raise UserError(f"{path}: {error}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be unpacked: {error.strerror or error}") from None
    return scratch


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path, seen: set[str]) -> None:
    name = checked(info.filename)
    is_folder = info.is_dir()
    once(name, seen, is_folder)
    if set(name.split("/")) & IGNORED or not name:
        return
    target = folder / name
    if is_folder:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as file:
        data = read_capped(file, MAX_ARCHIVE, name)
    with target.open("xb") as out:
        out.write(data)


def children(folder: Path) -> list[Path]:
    """What a folder holds, sorted by name, without the system's own files."""
    try:
        paths = [path for path in folder.iterdir() if path.name not in IGNORED]
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror or error}") from None
    return sorted(path for path in paths if not path.name.startswith("."))


def one_each(folder: Path) -> Iterator[Item]:
    """A folder with one folder, archive or notebook for each student, named by the id."""
    for path in children(folder):
        yield Item(submission_in(path), path.name, (Claim(id=stem(path), name=stem(path)),))


def stem(path: Path) -> str:
    """A file's name without a submission's suffix; a folder's whole name."""
    endings = sorted((each for each in SUFFIXES if path.name.lower().endswith(each)), key=len)
    return path.name[: -len(endings[-1])] if endings and not path.is_dir() else path.name


def is_packed(path: Path) -> bool:
    """Whether a file's name is that of an archive or a notebook."""
    # a student's link could lead to anybody's file
    return path.is_file() and not path.is_symlink() and path.name.lower().endswith(tuple(SUFFIXES))


def submission_in(path: Path) -> Path:
    """The only archive or notebook in a folder that holds nothing else; else the folder itself."""
    if path.is_dir() and not path.is_symlink():
        inner = children(path)
        if len(inner) == 1 and is_packed(inner[0]):
            return inner[0]
    return path


def gathered(files: dict[str, Path], folder: Path) -> Path:
    """A new folder with copies of loose files, {name: where it is}; or their only archive."""
    if len(files) == 1 and is_packed(only := next(iter(files.values()))):
        return only
    try:
        folder.mkdir(parents=True)
        for name, path in files.items():
            shutil.copyfile(path, folder / name, follow_symlinks=False)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from None
    return folder
