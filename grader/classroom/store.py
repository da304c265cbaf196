"""The submissions of a class, each once: the student's files in a zip named by their sha256.

    store = Store(course.store_path)
    sha256 = store.put(tree)
    store.load(sha256).files["src/model.py"]

The sha256 is the tree's (grader.intake.submission.digest), and is checked again when a submission
is read, so that a damaged file is never graded.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from course.files import make_folder, write_aside
from grader.errors import UserError
from grader.intake.submission import Tree, digest

SAME_TIME = (1980, 1, 1, 0, 0, 0)  # equal trees make equal files
DAMAGED = (OSError, zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Store:
    """A folder of submissions; nothing in it is ever changed."""

    folder: Path

    def path(self, sha256: str) -> Path:
        """Where a submission is, whether it is there or not."""
        return self.folder / sha256[:2] / f"{sha256}.zip"

    def put(self, tree: Tree) -> str:
        """Keeps the files of a submission, if they are not there yet; returns their sha256."""
        path = self.path(tree.sha256)
        if path.is_file():
            return tree.sha256
        try:
            make_folder(path.parent)
            with write_aside(path) as file, zipfile.ZipFile(file, "w") as archive:
                for name, data in sorted(tree.files.items()):
                    entry = zipfile.ZipInfo(name, SAME_TIME)
                    archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
        return tree.sha256

    def load(self, sha256: str) -> Tree:
        """A submission, named by its sha256 and by nobody; raises UserError if it is damaged."""
        path = self.path(sha256)
        try:
            with zipfile.ZipFile(path) as archive:
                files = {name: archive.read(name) for name in archive.namelist()}
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: collect that submission again") from None
        except DAMAGED:
            files = {}
        if digest(files) != sha256:
            raise UserError(f"{path} is damaged: remove it, and collect that submission again")
        return Tree(sha256[:12], dict(sorted(files.items())), (), sha256)
