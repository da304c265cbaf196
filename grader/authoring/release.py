"""The students' repository: what students get of this one, and nothing else (`grader release`).

    files = release.build(chosen)                 # {name: bytes}
    leaks = release.leaks(files)                  # lines of a solution or a hidden test
    release.write(Path("../students"), files)

It holds the handouts, skeletons, given files, public tests and results (no predictions), `course/`,
the grader without its suites, and files of its own from the folder students/: README, Makefile, CI.
The skeletons are built from the solutions, so an edited src/ is never released. scan.py proves that
nothing hidden is among the files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from course.errors import UserError
from course.files import read_text, write_all
from grader.assignment import CHECKOUT, Assignment, all_assignments
from grader.authoring import scan, skeleton
from grader.authoring.scan import Leak

TEMPLATES = Path(__file__).with_name("students")
# {file of the template folder: its name in the students' repository}
OWN = {
    "README.md.jinja": "README.md",
    "Makefile": "Makefile",
    "gitignore": ".gitignore",
    "github.yml": ".github/workflows/check.yml",
    "gitlab.yml": ".gitlab-ci.yml",
}
MANIFEST = ".release"  # the names of the released files, one a line
COPIED = (
    "LICENSE",
    "constraints.txt",
    "pyproject.toml",
    "scripts/set_up.sh",
    "scripts/system_package.sh",
    "scripts/weights.txt",
)
SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".ipynb",
    ".json",
    ".csv",
    ".png",
    ".svg",
    ".jinja",
    ".css",
    ".js",
    ".yml",
    ".sh",
}
SUFFIXES |= {""}  # Makefile
LEFT_OUT = {"suites", "predictions"}  # folders
LINK = re.compile(r"\]\((?:\.\./)+(docs/[\w./-]+)\)")


@dataclass(frozen=True)
class Written:
    """What `write` did, as names of files."""

    changed: tuple[str, ...]
    removed: tuple[str, ...]
    same: int


def build(chosen: Sequence[Assignment], checkout: Path = CHECKOUT) -> dict[str, bytes]:
    """The files of a repository with these assignments, by name. Raises BadMarker, UserError."""
    files: dict[str, bytes] = {}
    for assignment in chosen:
        files |= _assignment(assignment)
    for folder in ("course", "grader"):
        files |= folder_files(checkout / folder, checkout)
    files.pop("grader/authoring/common_lines.txt", None)
    files |= {name: _read(checkout / name) for name in (*COPIED, *_linked(files))}
    return dict(sorted((files | _own(chosen)).items()))


def leaks(files: Mapping[str, bytes], checkout: Path = CHECKOUT) -> list[Leak]:
    """The hidden lines, of any assignment of the checkout, that stand in these files."""
    return scan.leaks(files, scan.hidden(all_assignments(checkout)))


def write(folder: Path, files: Mapping[str, bytes], checkout: Path = CHECKOUT) -> Written:
    """Brings `folder` up to date; removes only what an earlier release wrote. Raises UserError.

    The folder is new, empty or an earlier release, whose other files (.git, say) stay as they are.
    """
    before = _released(folder, checkout)
    changed = {name: data for name, data in files.items() if _bytes(folder / name) != data}
    removed = sorted(name for name in before - files.keys() if (folder / name).is_file())
    # The manifest comes first, so that a release which was stopped can be repeated.
    write_all(folder, {MANIFEST: _listing(before.union(files))})
    for name in changed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    write_all(folder, changed)
    for name in removed:
        (folder / name).unlink()
    write_all(folder, {MANIFEST: _listing(files)})
    return Written(tuple(changed), tuple(removed), len(files) - len(changed))


def _released(folder: Path, checkout: Path) -> set[str]:
    """The names that an earlier release wrote into `folder`; raises UserError if it is no place."""
    real = folder.resolve()
    if real == checkout or checkout in real.parents:
        raise UserError(f"{folder} is inside this checkout: name a folder outside it")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: name a folder")
    if (folder / MANIFEST).is_file():
        names = read_text(folder / MANIFEST).split("\n")
        return {name for name in names if name and ".." not in name and not name.startswith("/")}
    if folder.is_dir() and {item.name for item in folder.iterdir()} - {".git"}:
        raise UserError(
            f"{folder} holds files, and none is {MANIFEST}, which an earlier release leaves: "
            "name a new or empty folder"
        )
    return set()


def _assignment(assignment: Assignment) -> dict[str, bytes]:
    """What students get of one assignment; their files are the skeleton's."""
    if not assignment.solution.is_dir():
        raise UserError(
            f"{assignment.solution} does not exist: only the staff's checkout can be released"
        )
    checkout = assignment.root.parent
    names = ("README.md", "assignment.toml", "run.py")
    paths = [path for name in names if (path := assignment.root / name).is_file()]
    paths += sorted(assignment.root.glob("*.ipynb"))
    files = {path.relative_to(checkout).as_posix(): path.read_bytes() for path in paths}
    for folder in (assignment.given_folder, assignment.tests, assignment.root / "results"):
        files |= folder_files(folder, checkout)
    for name, text in skeleton.build(assignment).items():
        files[f"{assignment.id}/{name}"] = text.encode()
    return files | _probes(assignment, files)


def _probes(assignment: Assignment, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The suite's probes.py, if public tests use it: it runs next to student code anyway."""
    path = assignment.suite / "probes.py"
    tests = f"{assignment.id}/tests/"
    used = any(b"student.probe" in data for name, data in files.items() if name.startswith(tests))
    if not (used and path.is_file()):
        return {}
    return {f"grader/suites/{assignment.id}/probes.py": path.read_bytes()}


def folder_files(
    folder: Path, checkout: Path, left_out: Collection[str] = LEFT_OUT
) -> dict[str, bytes]:
    """{name: bytes} of what lies below `folder`, without caches and the folders left out."""
    files = {}
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - skeleton.CACHES - set(left_out))
        for path in (Path(root, name) for name in sorted(names)):
            if path.suffix in SUFFIXES:
                files[path.relative_to(checkout).as_posix()] = path.read_bytes()
    return files


def _linked(files: Mapping[str, bytes]) -> list[str]:
    """The documents and pictures of docs/ that the handouts link to."""
    texts = (data.decode() for name, data in files.items() if name.endswith(".md"))
    return sorted({name for text in texts for name in LINK.findall(text)})


def _own(chosen: Sequence[Assignment]) -> dict[str, bytes]:
    """The files that only the students' repository has."""
    texts = {OWN[path.name]: read_text(path) for path in sorted(TEMPLATES.iterdir())}
    readme = jinja2.Template(
        texts["README.md"], undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    texts["README.md"] = readme.render(assignments=chosen)
    return {name: text.encode() for name, text in texts.items()}


def _listing(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(names)).encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
