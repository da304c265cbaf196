"""A folder, zip, tar or notebook -> the student's files in memory, or a refusal by name.

    tree = take(Path("mywork.zip"), assignment)
    tree.files["src/model.py"]  # bytes

Nothing is executed and nothing is unpacked to disk. Only files that assignment.toml names are
taken; they may stand under their own name, at the top, under src/ or solution/, and all of it under
one single top folder. Sizes are measured while reading: what an archive says of itself is not
believed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from grader import archive, notebook
from grader.archive import MAX_FILE, MAX_TOTAL, Entry, Kind, read_capped, shown
from grader.assignment import Assignment
from grader.errors import Refused

# Left out without a word, with all that is below them: caches, environments, what systems add.
IGNORED = {
    ".git", ".venv", "venv", "__pycache__", "runs", ".ipynb_checkpoints", ".pytest_cache",
    ".ruff_cache", ".mypy_cache", ".idea", ".vscode", ".DS_Store", "__MACOSX",
}  # fmt: skip
SHAPES = "a folder, .zip, .tar, .tar.gz, .tgz or .ipynb"
NOTEBOOK_ALONE = "; a notebook is handed in by itself, not in a folder or an archive"
MAX_NAMED = 8  # files that a note names one by one


@dataclass(frozen=True)
class Tree:
    """What was taken of a submission."""

    name: str  # of the folder or archive, without its suffix
    files: dict[str, bytes]  # by canonical name, e.g. "src/model.py", sorted
    notes: tuple[str, ...]  # what was left out or is missing, a line each
    sha256: str  # of the sorted names and bytes of `files`
    own: bool = False  # it is the checkout's own src/ or solution/, not somebody else's work


def take(path: Path, assignment: Assignment) -> Tree:
    """The submission at `path`; raises Refused."""
    path = Path(path)
    if not path.exists():
        raise Refused(f"{path} is not there: a submission is {SHAPES}")
    real = path.resolve()
    name = re.sub(r"\.(zip|tar|tar\.gz|tgz|ipynb)$", "", real.name, flags=re.IGNORECASE)
    try:
        files, notes = _take(real, assignment)
    except Refused as error:
        raise Refused(f"{path}: {error}") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    own = real in (assignment.root, assignment.src.resolve(), assignment.solution.resolve())
    return Tree(name, files, notes, digest(files), own)


def digest(files: dict[str, bytes]) -> str:
    """The sha256 of the sorted names and bytes, each after its length: none runs into another."""
    total = hashlib.sha256()
    for name, data in sorted(files.items()):
        for item in (name.encode(), data):
            total.update(len(item).to_bytes(8, "big") + item)
    return total.hexdigest()


def _take(path: Path, assignment: Assignment) -> tuple[dict[str, bytes], tuple[str, ...]]:
    if path.suffix.lower() == ".ipynb" and path.is_file():
        return _take_notebook(path, assignment)
    # Two passes over the entries: which file stands for what depends on all names.
    with _entries(path) as entries:
        chosen, left_out = choose(entries, assignment)
    files = {}
    size = 0
    with _entries(path) as entries:
        for entry in entries:
            canonical = chosen.get(entry.name)
            if canonical is None:
                continue
            files[canonical] = _source(entry.name, entry.read(MAX_FILE))
            size += len(files[canonical])
            if size > MAX_TOTAL:
                raise Refused(f"its files are more than {MAX_TOTAL // 2**20} MiB together")
    return dict(sorted(files.items())), _notes(files, left_out, assignment)


def _take_notebook(path: Path, assignment: Assignment) -> tuple[dict[str, bytes], tuple[str, ...]]:
    target = assignment.notebook_file
    if not target:
        raise Refused(
            f"{assignment.id} takes no notebook: hand in a folder or an archive with "
            + ", ".join(assignment.student_files)
        )
    with path.open("rb") as file:
        data = read_capped(file, MAX_TOTAL, path.name)
    source = _source(path.name, notebook.to_source(data))
    if len(source) > MAX_FILE:
        raise Refused(f"its code is larger than {MAX_FILE // 2**20} MiB")
    files = {target: source}
    return files, (f"{path.name} was taken as {target}", *_notes(files, [], assignment))


@contextmanager
def _entries(path: Path) -> Iterator[Iterable[Entry]]:
    """The entries of a folder or archive, in its own order, without those to ignore."""
    name = path.name.lower()
    if path.is_dir():
        yield _listed(_walk(path, PurePosixPath()))
    elif not path.is_file():
        raise Refused(f"is no regular file: a submission is {SHAPES}")
    elif name.endswith(".zip"):
        with archive.open_zip(path) as entries:
            yield _listed(entries)
    elif name.endswith((".tar", ".tar.gz", ".tgz")):
        with archive.open_tar(path, compressed=not name.endswith(".tar")) as entries:
            yield _listed(entries)
    else:
        raise Refused(f"is no submission: a submission is {SHAPES}")


def _listed(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        parts = PurePosixPath(entry.name).parts  # none for "./", the folder itself
        if parts and not any(part in IGNORED or part.startswith("._") for part in parts):
            yield entry


def _walk(root: Path, below: PurePosixPath, count: list[int] | None = None) -> Iterator[Entry]:
    """The entries of a folder, sorted, without following links."""
    count = [0] if count is None else count
    for item in sorted(os.scandir(root / below), key=lambda item: item.name):
        if item.name in IGNORED:
            continue
        count[0] += 1
        if count[0] > archive.MAX_ENTRIES:
            raise Refused(f"has more than {archive.MAX_ENTRIES} files and folders")
        name = archive.checked((below / item.name).as_posix())
        mode = item.stat(follow_symlinks=False).st_mode
        yield Entry(name, archive.kind_of(mode), _reader(root / below / item.name, name))
        if stat.S_ISDIR(mode):
            yield from _walk(root, below / item.name, count)


def _reader(path: Path, name: str) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        # NOFOLLOW and NONBLOCK: it may have become a link or a pipe since it was listed
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Refused(f"{shown(name)} is not a regular file")
            return read_capped(file, limit, name)

    return read


def choose(entries: Iterable[Entry], assignment: Assignment) -> tuple[dict[str, str], list[str]]:
    """Which entries are taken, {entry: canonical name}, and the names of the others.

    Raises Refused where two entries stand for one file, or where one is no regular file.
    """
    entries = list(entries)
    top = _single_top(entries, assignment)
    standing: dict[str, list[Entry]] = {}
    left_out = []
    for entry in entries:
        canonical = canonical_name(_below(entry.name, top), assignment)
        if canonical:
            standing.setdefault(canonical.casefold(), []).append(entry)
        elif entry.kind is not Kind.FOLDER:
            _allow(entry, top, assignment)
            left_out.append(entry.name)
    chosen = {}
    for rivals in standing.values():
        canonical = canonical_name(_below(rivals[0].name, top), assignment) or ""
        if len(rivals) > 1:
            both = " and ".join(shown(entry.name) for entry in rivals[:2])
            raise Refused(f"{both} both stand for {canonical}: hand in one")
        if rivals[0].kind is not Kind.FILE:
            raise Refused(f"{shown(rivals[0].name)} is {rivals[0].kind}, not a regular file")
        if canonical not in assignment.student_files and not _optional(canonical, assignment):
            left_out.append(rivals[0].name)  # src/Model.py: not the name, but too near to a rival
            continue
        chosen[rivals[0].name] = canonical
    if not chosen:
        raise Refused(
            f"holds no file of {assignment.id}: {', '.join(assignment.student_files)} are looked "
            "for at its top, under src/ or solution/, or under one single folder"
            + (NOTEBOOK_ALONE if any(_is_notebook(entry.name) for entry in entries) else "")
        )
    return chosen, left_out


def canonical_name(name: str, assignment: Assignment) -> str | None:
    """The file that `name` stands for: "model.py" -> "src/model.py"; None for no student's file.

    Capital letters are forgiven here, so that src/Model.py is seen as a rival of src/model.py.
    """
    first, _, rest = name.partition("/")
    tails = [name, rest] if first in ("src", "solution") else [name]
    known = {file.casefold(): file for file in assignment.student_files}
    for tail in tails:
        for full in (tail, f"src/{tail}"):
            if full.casefold() in known:
                exact = known[full.casefold()]
                return exact if full == exact else full
        if _optional(tail, assignment):
            return tail
    return None


def _optional(name: str, assignment: Assignment) -> bool:
    """Whether an optional pattern matches, folder by folder: `*` does not match a slash."""
    parts = name.split("/")
    patterns = (pattern.split("/") for pattern in assignment.optional_files)
    return any(
        len(pattern) == len(parts) and all(map(fnmatchcase, parts, pattern)) for pattern in patterns
    )


def _single_top(entries: list[Entry], assignment: Assignment) -> str:
    """The one folder that everything lies under, with its slash, or "" where there is none."""
    tops = {entry.name.partition("/")[0] for entry in entries}
    only = tops.pop() if len(tops) == 1 else ""
    if any(entry.name == only and entry.kind is not Kind.FOLDER for entry in entries):
        return ""
    # src/model.py alone: src is no wrapping. predictions/ neither.
    inner = {"src", "solution"} | {
        pattern.partition("/")[0] for pattern in assignment.optional_files if "/" in pattern
    }
    return f"{only}/" if only and only not in inner else ""


def _below(name: str, top: str) -> str:
    return name[len(top) :] if name.startswith(top) else name


def _allow(entry: Entry, top: str, assignment: Assignment) -> None:
    """Raises Refused for what must not be there even though it is not taken."""
    if entry.kind is Kind.FILE:
        return
    folders = {"src", "solution"}
    for name in (*assignment.student_files, *assignment.optional_files):
        folders.update(parent.as_posix() for parent in PurePosixPath(name).parents)
    on_the_way = _below(entry.name, top) in folders
    # A folder on this machine may hold links of its owner's; an archive has no use for any.
    if entry.archived or on_the_way:
        raise Refused(f"{shown(entry.name)} is {entry.kind}: only regular files are taken")


def _source(name: str, data: bytes) -> bytes:
    """`data`, which must be UTF-8 text without NUL."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{shown(name)} is not UTF-8 text (byte {error.start})") from None
    if "\0" in text:
        raise Refused(f"{shown(name)} has a NUL byte at {text.index(chr(0))}: it is not text")
    return data


def _notes(files: dict[str, bytes], left_out: list[str], assignment: Assignment) -> tuple[str, ...]:
    missing = [name for name in assignment.student_files if name not in files]
    notes = [f"{name} is missing: the skeleton's is used" for name in missing]
    if assignment.notebook_file and any(map(_is_notebook, left_out)):
        notes.append("there is a notebook too, which is not looked at" + NOTEBOOK_ALONE)
        left_out = [name for name in left_out if not _is_notebook(name)]
    given = [name for name in left_out if _is_given(name, assignment)]
    other = [name for name in left_out if name not in given]
    if given:
        notes.append(f"the course's own copies are used of {_named(given)}")
    if other:
        notes.append(f"left out, not the student's files: {_named(other)}")
    return tuple(notes)


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def _is_given(name: str, assignment: Assignment) -> bool:
    """Whether the course itself lays such a file: src/trainer.py, trainer.py, work/run.py."""
    parts = PurePosixPath(name).parts
    places = [PurePosixPath(*parts[start:]) for start in range(min(len(parts), 2))]
    roots = (assignment.root, assignment.src, assignment.solution)
    return any((root / place).is_file() for root in roots for place in places)


def _named(names: list[str]) -> str:
    shortened = [shown(name) for name in sorted(names)[:MAX_NAMED]]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(shortened) + more
