"""A folder, zip, tar or notebook -> the student's files in memory, or a refusal by name.

    tree = take(Path("mywork.zip"), assignment, sandbox)
    tree.files["src/model.py"]  # bytes

Nothing is executed and nothing is unpacked to disk. This process looks at the path and reads
opaque bytes; contents.py parses them, in a worker of the sandbox (isolated.py). Without a
sandbox contents.py runs here, which is for your own work.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from course.errors import printable
from grader.assignment import Assignment
from grader.errors import Refused
from grader.intake import archive, contents
from grader.intake.archive import MAX_TOTAL, Entry, checked, kind_of, read_capped, shown
from grader.intake.contents import IGNORED, NOTEBOOK_ALONE, Contents, Shape, is_notebook

if TYPE_CHECKING:
    from grader.boundary.sandbox import Sandbox

SUFFIXES = {
    ".zip": Shape.ZIP,
    ".tar": Shape.TAR,
    ".tar.gz": Shape.TAR_GZ,
    ".tgz": Shape.TAR_GZ,
    ".ipynb": Shape.NOTEBOOK,
}
SHAPES = "hand in a folder, .zip, .tar, .tar.gz, .tgz or .ipynb"
MAX_ARCHIVE = 128 * 2**20  # bytes of an archive; the wire to a worker takes 256 MiB
MAX_NAMED = 8  # files that a note names one by one


@dataclass(frozen=True)
class Tree:
    """What was taken from a submission."""

    name: str  # of the folder or archive, without its suffix, printable
    files: dict[str, bytes]  # by canonical name, e.g. "src/model.py", sorted
    notes: tuple[str, ...]  # what was left out or is missing, a line each
    sha256: str  # of the sorted names and bytes of `files`
    own: bool = False  # it is the checkout's own src/ or solution/, not somebody else's work

    def altered(self, name: str, files: dict[str, bytes]) -> Tree:
        """The same under another name, with other files."""
        return replace(self, name=name, files=files, sha256=digest(files))


@dataclass(frozen=True)
class Parcel:
    """A submission as it was handed in: within its limits, but not parsed yet."""

    path: Path  # as it was typed
    shape: Shape
    own: bool
    data: bytes = b""  # of an archive or notebook
    taken: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # of a folder, as gather's
    left_out: tuple[str, ...] = ()  # of a folder

    @property
    def real(self) -> Path:
        """The path behind its links."""
        return self.path.resolve()


def take(path: Path, assignment: Assignment, sandbox: Sandbox | None = None) -> Tree:
    """The submission at `path`, parsed in a worker of `sandbox`; raises Refused.

    Without a sandbox it is parsed in this process, which is for your own work.
    """
    return unpack(look(path, assignment), assignment, sandbox)


def look(path: Path, assignment: Assignment) -> Parcel:
    """The submission at `path`, unparsed; raises Refused if it is not one or is too large.

    A link is refused: it may come from a student's repository or upload, and lead to the solution
    or to another student's work.
    """
    path = Path(path)
    if not os.path.lexists(path):
        raise Refused(f"{path} does not exist: {SHAPES}")
    with _named(path):
        if path.is_symlink():
            raise Refused("is a link: name the folder or file itself")
        real = path.resolve()
        own = real in (assignment.root, assignment.src.resolve(), assignment.solution.resolve())
        if real.is_dir():
            entries = list(contents.listed(_walk(real)))
            chosen, left_out = contents.choose(entries, assignment)
            taken = contents.gather(entries, chosen)
            return Parcel(path, Shape.FOLDER, own, taken=taken, left_out=tuple(left_out))
        shape = _shape(real, assignment)
        return Parcel(path, shape, own, data=_read_whole(real, shape))


def unpack(parcel: Parcel, assignment: Assignment, sandbox: Sandbox | None = None) -> Tree:
    """What the parcel holds, parsed in a worker of `sandbox` as `take` does; raises Refused."""
    name = parcel.real.name
    with _named(parcel.path):
        content = _contents(parcel, name, assignment, sandbox)
        files = dict(sorted(content.files.items()))
        notes = _notes(files, [*parcel.left_out, *content.left_out], assignment)
    if parcel.shape is Shape.NOTEBOOK:
        notes = [f"{printable(name)} was taken as {assignment.notebook_file}", *notes]
    stem = name.removesuffix(_suffix(name)) if parcel.shape is not Shape.FOLDER else name
    return Tree(printable(stem), files, tuple(notes), digest(files), parcel.own)


def digest(files: dict[str, bytes]) -> str:
    """The sha256 of the sorted names and bytes, each after its length: none runs into another."""
    total = hashlib.sha256()
    for name, data in sorted(files.items()):
        for item in (name.encode(), data):
            total.update(len(item).to_bytes(8, "big") + item)
    return total.hexdigest()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Puts the submission's path before the reason for a refusal."""
    try:
        yield
    except Refused as error:
        raise Refused(f"{path}: {error}") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None


def _contents(
    parcel: Parcel, name: str, assignment: Assignment, sandbox: Sandbox | None
) -> Contents:
    if sandbox is not None:
        from grader.intake import isolated  # imports torch

        return isolated.read(sandbox, parcel.shape, name, parcel.data, parcel.taken, assignment)
    if parcel.shape is Shape.FOLDER:
        return Contents(contents.sources(parcel.taken), ())
    return contents.read(parcel.shape, name, parcel.data, assignment)


def _suffix(name: str) -> str:
    """The suffix that gives a file's shape, spelt as in the name."""
    match = re.search(r"(\.tar\.gz|\.[^.]*)\Z", name, flags=re.IGNORECASE)
    return match[0] if match and match[0].lower() in SUFFIXES else ""


def _shape(path: Path, assignment: Assignment) -> Shape:
    """The shape that the file's name indicates; raises Refused."""
    if not path.is_file():
        raise Refused(f"is not a regular file: {SHAPES}")
    shape = SUFFIXES.get(_suffix(path.name).lower())
    if shape is None:
        raise Refused(f"is not a submission: {SHAPES}")
    if shape is Shape.NOTEBOOK and not assignment.notebook_file:
        raise Refused(
            f"{assignment.id} does not take a notebook: hand in a folder or an archive with "
            + ", ".join(assignment.student_files)
        )
    return shape


def _read_whole(path: Path, shape: Shape) -> bytes:
    most, advice = MAX_ARCHIVE, ": leave out data, weights and runs"
    if shape is Shape.NOTEBOOK:
        most, advice = MAX_TOTAL, ": clear its outputs"
    return _reader(path, path.name, advice)(most)


def _walk(root: Path) -> Iterator[Entry]:
    """The entries of a folder, sorted, without following links; as deep as names may be."""
    waiting, count = [PurePosixPath()], 0
    while waiting:
        below = waiting.pop()
        with os.scandir(root / below) as items:
            wanted = (item for item in items if item.name not in IGNORED)
            children = sorted(islice(wanted, archive.MAX_ENTRIES + 1), key=lambda item: item.name)
        count += len(children)
        if count > archive.MAX_ENTRIES:
            raise Refused(f"has more than {archive.MAX_ENTRIES} files and folders")
        for item in children:
            name = checked((below / item.name).as_posix())
            mode = item.stat(follow_symlinks=False).st_mode
            yield Entry(name, kind_of(mode), _reader(root / below / item.name, name))
        folders = (item.name for item in reversed(children) if item.is_dir(follow_symlinks=False))
        waiting += [below / name for name in folders]


def _reader(path: Path, name: str, advice: str = "") -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        # NOFOLLOW and NONBLOCK: it may have become a link or a pipe since it was listed
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Refused(f"{shown(name)} is not a regular file")
            return read_capped(file, limit, name, advice)

    return read


def _notes(files: dict[str, bytes], left_out: list[str], assignment: Assignment) -> list[str]:
    missing = [name for name in assignment.student_files if name not in files]
    notes = [f"{name} is missing: the skeleton's copy is used" for name in missing]
    if assignment.notebook_file and any(map(is_notebook, left_out)):
        notes.append(f"the notebook among the other files is ignored: {NOTEBOOK_ALONE}")
        left_out = [name for name in left_out if not is_notebook(name)]
    given = [name for name in left_out if _is_given(name, assignment)]
    other = [name for name in left_out if name not in given]
    if given:
        notes.append(f"the course's own copies are used instead of {_listing(given)}")
    if other:
        notes.append(f"ignored, since the assignment does not ask for them: {_listing(other)}")
    return notes


def _is_given(name: str, assignment: Assignment) -> bool:
    """Whether the course itself has such a file: src/trainer.py, given/trainer.py, work/run.py."""
    parts = PurePosixPath(name).parts
    places = [PurePosixPath(*parts[start:]) for start in range(min(len(parts), 2))]
    roots = (assignment.root, assignment.src, assignment.solution, assignment.given_folder)
    return any((root / place).is_file() for root in roots for place in places)


def _listing(names: list[str]) -> str:
    shortened = [shown(name) for name in sorted(names)[:MAX_NAMED]]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(shortened) + more
