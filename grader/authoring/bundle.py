"""The autograder of one assignment, as a zip for Gradescope (`grader bundle`).

Gradescope unpacks it into /autograder/source, runs setup.sh once, and for each submission
run_autograder, which starts grader/autograder.py. The zip holds the hidden suite, the solution and
the course's secret: it is for staff only. The same checkout gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from course.errors import UserError
from course.files import make_folder, must_be_writable, read_text, write_aside
from grader.assignment import CHECKOUT, Assignment
from grader.authoring.release import COPIED, folder_files

SETTINGS = "bundle.json"
TEMPLATES = Path(__file__).with_name("gradescope")
SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
PROGRAMS = {"setup.sh", "run_autograder"}


@dataclass(frozen=True)
class Settings:
    """What `grader bundle` chose; it lies in the bundle as bundle.json."""

    assignment: str  # its full name
    attempts_per_day: int | None = None  # None: no limit
    secret: str = ""  # the course's, from which hidden inputs are drawn


def build(
    assignment: Assignment, settings: Settings, checkout: Path = CHECKOUT
) -> dict[str, bytes]:
    """The files of the bundle, by name; raises UserError if this is not the staff's checkout."""
    for folder in (assignment.solution, assignment.suite):
        if not folder.is_dir():
            raise UserError(f"{folder} does not exist: a bundle needs the staff's checkout")
    folders = [checkout / "course", checkout / "grader", assignment.root]
    files = {
        name: data
        for folder in folders
        for name, data in folder_files(folder, checkout, {"classroom", "suites", "results"}).items()
    }
    files |= folder_files(assignment.suite, checkout, {"mistakes", "alternatives"})
    files |= {name: (checkout / name).read_bytes() for name in COPIED}
    files |= {name: read_text(TEMPLATES / name).encode() for name in PROGRAMS}
    files[SETTINGS] = msgspec.json.format(msgspec.json.encode(settings)) + b"\n"
    return dict(sorted(files.items()))


def write(path: Path, files: dict[str, bytes]) -> None:
    """Writes the zip, whole or not at all; raises UserError."""
    if path.suffix.lower() != ".zip":
        raise UserError(f"{path} is not the name of a zip: Gradescope takes a .zip")
    must_be_writable(path)
    make_folder(path.parent)
    with write_aside(path) as file:
        file.write(packed(files))


def packed(files: dict[str, bytes]) -> bytes:
    """The bytes of the zip; its programs may be executed."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, SAME_TIME)
            entry.external_attr = (0o100755 if name in PROGRAMS else 0o100644) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return held.getvalue()
