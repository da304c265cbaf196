"""Which files of a submission are the student's, and what they hold: bytes in, bytes out.

All code that parses other people's bytes is here and in this module's imports. It runs in a
sandboxed worker (isolated.py), or in this process for your own work. It reads no file, and needs
only Python's standard library.

Only files that assignment.toml names are taken; they may be under their own name, at the top, or
under src/ or solution/, and all of it in one top folder. Sizes are measured while reading: an
archive's own figures are not trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Protocol

from grader.errors import Refused
from grader.intake import notebook
from grader.intake.archive import MAX_FILE, MAX_TOTAL, Entry, Kind, open_zip, shown
from grader.intake.sources import source
from grader.intake.tar import open_tar

# Silently skipped, with everything below them: caches, environments, files of the system.
CACHES = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
IGNORED = CACHES | {".git", ".venv", "venv", "runs", ".idea", ".vscode", ".DS_Store", "__MACOSX"}
NOTEBOOK_ALONE = "hand in a notebook by itself, not in a folder or an archive"
OWN_FOLDERS = ("src", "solution")  # where a student's files may lie


class Shape(StrEnum):
    """How a submission is packed."""

    FOLDER = "folder"
    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    NOTEBOOK = "ipynb"


class Wanted(Protocol):
    """What to look for: an Assignment, or in a worker only these fields of one."""

    @property
    def id(self) -> str: ...

    @property
    def student_files(self) -> tuple[str, ...]: ...

    @property
    def optional_files(self) -> tuple[str, ...]: ...

    @property
    def notebook_file(self) -> str | None: ...


@dataclass(frozen=True)
class Contents:
    """Files by the names that the assignment gives them, and the names of those left out."""

    files: dict[str, bytes]
    left_out: tuple[str, ...]


def read(shape: Shape, name: str, data: bytes, wanted: Wanted) -> Contents:
    """The contents of the archive or notebook called `name`; raises Refused."""
    if shape is Shape.NOTEBOOK:
        return Contents({wanted.notebook_file or "": _notebook(name, data)}, ())
    # Two passes over the entries: what each file stands for depends on all the names.
    with _open(shape, data) as entries:
        chosen, left_out = choose(entries, wanted)
    with _open(shape, data) as entries:
        taken = gather(entries, chosen)
    return Contents(sources(taken), tuple(left_out))


def sources(taken: dict[str, tuple[str, bytes]]) -> dict[str, bytes]:
    """The text files of {canonical name: (the name it was handed in under, its bytes)}."""
    return {canonical: source(name, data) for canonical, (name, data) in sorted(taken.items())}


def _notebook(name: str, data: bytes) -> bytes:
    text = notebook.to_source(data)
    if len(text) > MAX_FILE:
        raise Refused(f"its code is larger than {MAX_FILE // 2**20} MiB")
    return source(name, text)


@contextmanager
def _open(shape: Shape, data: bytes) -> Iterator[Iterable[Entry]]:
    """The entries of an archive, in its own order, without ignored ones."""
    opened = open_zip(data) if shape is Shape.ZIP else open_tar(data, shape is Shape.TAR_GZ)
    with opened as entries:
        yield listed(entries)


def listed(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries without ignored ones."""
    for entry in entries:
        parts = PurePosixPath(entry.name).parts  # none for "./", the folder itself
        if parts and not any(part in IGNORED or part.startswith("._") for part in parts):
            yield entry


def gather(entries: Iterable[Entry], chosen: dict[str, str]) -> dict[str, tuple[str, bytes]]:
    """{canonical name: (entry, bytes)} of the chosen; raises Refused if they total too much."""
    taken, size = {}, 0
    for entry in entries:
        canonical = chosen.get(entry.name)
        if canonical is None:
            continue
        taken[canonical] = entry.name, entry.read(MAX_FILE)
        size += len(taken[canonical][1])
        if size > MAX_TOTAL:
            raise Refused(f"its files are more than {MAX_TOTAL // 2**20} MiB together")
    return taken


def choose(entries: Iterable[Entry], wanted: Wanted) -> tuple[dict[str, str], list[str]]:
    """Which entries are taken, {entry: canonical name}, and the names of the others.

    Raises Refused if two entries stand for one file, if one is not a regular file, or if none is
    the student's.
    """
    entries = list(entries)
    top = _single_top(entries, wanted)
    standing: dict[str, list[Entry]] = {}
    left_out = []
    for entry in entries:
        canonical = canonical_name(_below(entry.name, top), wanted)
        if canonical:
            standing.setdefault(canonical.casefold(), []).append(entry)
        elif entry.kind is not Kind.FOLDER:
            _allow(entry, top, wanted)
            left_out.append(entry.name)
    chosen = {}
    for rivals in standing.values():
        canonical = canonical_name(_below(rivals[0].name, top), wanted) or ""
        if len(rivals) > 1:
            both = " and ".join(shown(entry.name) for entry in rivals[:2])
            raise Refused(f"{both} both stand for {canonical}: hand in one")
        if rivals[0].kind is not Kind.FILE:
            raise Refused(f"{shown(rivals[0].name)} is {rivals[0].kind}, not a regular file")
        if not is_wanted(canonical, wanted):
            left_out.append(rivals[0].name)  # src/Model.py: not the name, only close to it
            continue
        chosen[rivals[0].name] = canonical
    if not chosen:
        raise Refused(_nothing(entries, wanted))
    return chosen, left_out


def canonical_name(name: str, wanted: Wanted) -> str | None:
    """The file that `name` stands for: "model.py" -> "src/model.py"; None if it is not a student's.

    Case is ignored here, so that src/Model.py is seen as a rival of src/model.py.
    """
    first, _, rest = name.partition("/")
    tails = [name, rest] if first in OWN_FOLDERS else [name]
    known = {file.casefold(): file for file in wanted.student_files}
    for tail in tails:
        for full in (tail, f"src/{tail}"):
            if full.casefold() in known:
                exact = known[full.casefold()]
                return exact if full == exact else full
        if _optional(tail, wanted):
            return tail
    return None


def is_wanted(canonical: str, wanted: Wanted) -> bool:
    """Whether the assignment names such a file."""
    return canonical in wanted.student_files or _optional(canonical, wanted)


def is_notebook(name: str) -> bool:
    """Whether a file of this name is a notebook."""
    return name.lower().endswith(".ipynb")


def _optional(name: str, wanted: Wanted) -> bool:
    """Whether an optional pattern matches, folder by folder: `*` does not match a slash."""
    parts = name.split("/")
    patterns = (pattern.split("/") for pattern in wanted.optional_files)
    return any(
        len(pattern) == len(parts) and all(map(fnmatchcase, parts, pattern)) for pattern in patterns
    )


def _single_top(entries: list[Entry], wanted: Wanted) -> str:
    """The one folder that holds everything, with its slash, or "" if there is none."""
    tops = {entry.name.partition("/")[0] for entry in entries}
    only = tops.pop() if len(tops) == 1 else ""
    if any(entry.name == only and entry.kind is not Kind.FOLDER for entry in entries):
        return ""
    # src/model.py alone: src is not a wrapper, nor is predictions/.
    inner = set(OWN_FOLDERS) | {
        pattern.partition("/")[0] for pattern in wanted.optional_files if "/" in pattern
    }
    return f"{only}/" if only and only not in inner else ""


def _below(name: str, top: str) -> str:
    return name[len(top) :] if name.startswith(top) else name


def _allow(entry: Entry, top: str, wanted: Wanted) -> None:
    """Raises Refused for an entry that must not be there, even if it is not taken."""
    if entry.kind is Kind.FILE:
        return
    folders = set(OWN_FOLDERS)
    for name in (*wanted.student_files, *wanted.optional_files):
        folders.update(parent.as_posix() for parent in PurePosixPath(name).parents)
    on_the_way = _below(entry.name, top) in folders
    # A folder on this machine may hold its owner's links; an archive needs none.
    if entry.archived or on_the_way:
        raise Refused(f"{shown(entry.name)} is {entry.kind}: only regular files are allowed")


def _nothing(entries: list[Entry], wanted: Wanted) -> str:
    """Why no file is the student's, and what to do."""
    folders = _deeper(entries, wanted)
    if folders:
        # in a whole course repository, the assignment's own folder is meant, and src/ in it
        best = max(folders, key=lambda path: (wanted.id in path.parts, folders[path], path.name))
        outer = best.parent if best.name in OWN_FOLDERS else best
        if {outer / own for own in OWN_FOLDERS} <= folders.keys():
            outer = best  # a folder with src/ and solution/ has each file twice
        return f"your files are in {shown(str(best))}: hand in {shown(str(outer))}"
    files = ", ".join(wanted.student_files)
    if any(is_notebook(entry.name) for entry in entries):
        refusal = f"{wanted.id} does not take a notebook"
        alone = NOTEBOOK_ALONE if wanted.notebook_file else refusal
        return f"contains no file of {wanted.id} ({files}), only a notebook: {alone}"
    return f"contains no file of {wanted.id}: put {files} at the top or in src/"


def _deeper(entries: list[Entry], wanted: Wanted) -> dict[PurePosixPath, int]:
    """{folder deeper than those searched: how many of the student's files it holds}."""
    names = {PurePosixPath(name).name for name in wanted.student_files}
    counts: dict[PurePosixPath, int] = {}
    for entry in entries:
        path = PurePosixPath(entry.name)
        if entry.kind is Kind.FILE and path.name in names and len(path.parts) > 1:
            counts[path.parent] = counts.get(path.parent, 0) + 1
    return counts


@dataclass(frozen=True)
class _Wanted:
    """A Wanted that has crossed the wire."""

    id: str
    student_files: tuple[str, ...]
    optional_files: tuple[str, ...]
    notebook_file: str | None


def answer(
    shape: str,
    name: str,
    data: Any,
    taken: dict[str, tuple[str, Any]],
    wanted: tuple[str, tuple[str, ...], tuple[str, ...], str | None],
) -> tuple[str, str] | tuple[str, dict[str, Any], list[str]]:
    """A worker's answer to isolated.py: ("taken", {name: array}, left out) or ("refused", line).

    Bytes cross as arrays (of uint8), `data` of an archive or notebook, `taken` of a folder.
    """
    import numpy  # a worker has it; the rest of this module needs only the standard library

    try:
        if shape == Shape.FOLDER:
            files = {own: (entry, _bytes(array)) for own, (entry, array) in taken.items()}
            contents = Contents(sources(files), ())
        else:
            contents = read(Shape(shape), name, _bytes(data), _Wanted(*wanted))
    except Refused as refused:
        return "refused", str(refused)
    arrays = {own: numpy.frombuffer(text, numpy.uint8) for own, text in contents.files.items()}
    return "taken", arrays, list(contents.left_out)


def _bytes(array: Any) -> bytes:
    data: bytes = array.numpy().tobytes()
    return data
