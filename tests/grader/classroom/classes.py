"""A class's folder for the tests that collect into it, and the files of submissions."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.boundary.sandbox import Sandbox
from grader.classroom import course_file, setting_up, times
from grader.classroom.collect import Collection, Summary
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.classroom.records import Attempt
from grader.classroom.store import Store

Files = dict[str, str | bytes]
DUE = "2026-10-09T23:59"
ROSTER = """\
id,name,email,group
ada,Ada Lovelace,ada@x.org,red
bob,Bob Kahn,bob@x.org,red
cyd,Cyd Charisse,cyd@x.org,blue
"""
TIME = datetime(2026, 10, 9, 12, tzinfo=UTC)


class Class:
    """A class's folder, and one call to collect into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder.parent / "roster.csv").write_text(ROSTER)
        roster = folder.parent / "roster.csv"
        setting_up.init(folder, [("b1", DUE)], "Europe/London", "", roster, "me")
        self.course: Course = course_file.read(folder)
        self.ledger = Ledger.open(self.course.ledger_path)

    def collect(
        self,
        path: Path,
        kind: str = "auto",
        at: str = "due",
        listed: Any = None,
        sandbox: Sandbox | None = None,
        skip: bool = False,
    ) -> Summary:
        rules = self.course.find("b1")
        known = times.Times(rules.due, self.course.zone, at, listed or {})
        run = Collection(self.course, rules, self.ledger, sandbox, known, "me", skip)
        return run.run(path, kind)

    @property
    def attempts(self) -> dict[str, Attempt]:
        return {each.owner: each for each in self.ledger.attempts()}

    def text(self, owner: str) -> str:
        """What an owner's work says, from the store."""
        tree = Store(self.course.store_path).load(self.attempts[owner].sha256)
        return tree.files["src/model.py"].decode()


def zipped(files: Files) -> bytes:
    """A zip of {name: text}."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def write(folder: Path, files: Files) -> Path:
    """A folder with {name: text}."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
