"""The grader's version: the package's, and a digest of the sources that decide a verdict.

    grader_version()    # "0.1.0+5d41402abc4b"

An edited grader never passes for the same, whoever forgot to change the number. The digest covers
the names and bytes of the modules and nothing around them, so that it is the same in a checkout and
where pip has installed the packages.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from functools import cache
from pathlib import Path

PACKAGE = "bigrams-to-bert"
ROOT = Path(__file__).resolve().parents[2]  # the folder with both packages
# Not the suites, which count with their assignments, nor what shows, keeps or hands out results.
SOURCES = (
    "course/**/*.py",  # given files import it
    "grader/*.py",
    "grader/authoring/**/*.py",
    "grader/boundary/**/*.py",
    "grader/intake/**/*.py",
    "grader/verdict/**/*.py",
)
NOT = {
    *("grader/autograder.py", "grader/ci.py", "grader/cli.py", "grader/doctor.py"),
    *("grader/publishing.py", "grader/verbs.py"),
    *("grader/authoring/bundle.py", "grader/authoring/release.py", "grader/authoring/scan.py"),
}


@cache
def grader_version() -> str:
    """The version of the package and the digest of this process's sources."""
    return f"{importlib.metadata.version(PACKAGE)}+{digest(ROOT)[:12]}"


def digest(root: Path) -> str:
    """The sha256 of the sources of the packages in the folder `root`."""
    found = hashlib.sha256()
    for path in sources(root):
        name, text = path.relative_to(root).as_posix().encode(), path.read_bytes()
        found.update(b"%d %d\n%s%s" % (len(name), len(text), name, text))
    return found.hexdigest()


def sources(root: Path) -> list[Path]:
    """The modules that decide a verdict, sorted by name."""
    names = {
        path.relative_to(root).as_posix()
        for pattern in SOURCES
        for path in root.glob(pattern)
        if path.is_file() and not path.name.startswith(".")  # an editor's lock is a dangling link
    }
    return [root / name for name in sorted(names - NOT)]
