"""Students in which some functions are a submission's and all others the reference's.

    grafts = Grafts(assignment, layout, sandbox, open_student)
    grafts.survey().unwritten           # units that are still the skeleton's
    student = grafts.student({"Block.forward"})

intake/graft.py makes the texts, in a worker that only parses. It gets the reference without the
kept regions, so that what a graft is to show never lies beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from grader.assignment import Assignment
from grader.authoring import markers, skeleton
from grader.boundary.errors import StudentFault
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import Sandbox
from grader.boundary.student import Connection, RemoteStudent
from grader.intake import graft, isolated
from grader.intake.graft import GraftFailed, Texts, Units
from grader.intake.submission import Tree
from grader.verdict.workspace import Workspace, hidden

Student = RemoteStudent | LocalStudent
Names = frozenset[str]
ALIVE = 2  # students kept open: tests about one function come together


@dataclass(frozen=True)
class Survey:
    """What a look at the submission's text shows."""

    unwritten: frozenset[str] = frozenset()  # units that are still the skeleton's
    changed: frozenset[str] = frozenset()  # files whose given code is not the skeleton's


class Grafts:
    """Opens grafts of one submission; close it."""

    def __init__(
        self,
        assignment: Assignment,
        layout: Workspace,
        sandbox: Sandbox | None,
        open_student: Callable[[Workspace], Student],
    ) -> None:
        """sandbox: where to parse; without one, in this process."""
        self._layout, self._open = layout, open_student
        self._assignment = assignment
        self._sources = skeleton.marked(assignment)
        self.units = {unit.name: unit for units in self._sources.values() for unit in units[1]}
        self._names = {f: [u.name for u in units] for f, (_, units) in self._sources.items()}
        self._parser = _Parser(sandbox, _texts(layout.files, self._names), self._names)
        self._students: dict[object, Student] = {}  # by what is kept, or missing

    def survey(self) -> Survey:
        """Which units are not yet written, and which files have other changes."""
        try:
            unwritten, changed = self._parser.survey(self._cut(frozenset(self.units)))
        except StudentFault:
            return Survey()
        return Survey(frozenset(unwritten) & self.units.keys(), frozenset(changed))

    def file_of(self, unit: str) -> str:
        """The file in which a unit is."""
        return next(file for file, names in self._names.items() if unit in names)

    def student(self, keep: Names, blank: Names = frozenset()) -> Student:
        """The student of a graft; raises GraftFailed. It is open until later ones close it.

        keep: names of units, and of files whose code outside of units is to be the submission's.
        blank: of units that are to be the skeleton's.
        """
        texts = {**self._layout.files}
        return self._opened((keep, blank), lambda: texts | self._graft(keep, blank))

    def without(self, unit: str) -> Student:
        """The reference but for one unit, which is the skeleton's: nothing of the submission's."""
        return self._opened(f"without {unit}", lambda: self._blank(unit))

    def _opened(self, key: object, files: Callable[[], Mapping[str, bytes]]) -> Student:
        if key not in self._students:
            layout = replace(self._layout, files=files())
            while len(self._students) >= ALIVE:
                self._students.pop(next(iter(self._students))).close()
            self._students[key] = self._open(layout)
        self._students[key] = self._students.pop(key)  # the last one used
        return self._students[key]

    def _graft(self, keep: Names, blank: Names) -> dict[str, bytes]:
        try:
            return self._parser.graft(self._cut(keep | blank), keep)
        except StudentFault:
            raise GraftFailed("your code cannot be taken apart") from None

    @cached_property
    def _given(self) -> Mapping[str, bytes]:
        return hidden(self._assignment, Tree("reference", {}, (), "")).files

    def _blank(self, unit: str) -> dict[str, bytes]:
        cut = self._cut(frozenset({unit}))
        return {**self._given, **{name: text.encode() for name, text in cut.items()}}

    def close(self) -> None:
        """Ends all workers."""
        self._parser.close()
        while self._students:
            self._students.popitem()[1].close()

    def _cut(self, keep: frozenset[str]) -> dict[str, str]:
        """The reference's files without the regions that are kept."""
        return {
            file: markers.cut(text, file, [unit for unit in units if unit.name in keep])
            for file, (text, units) in self._sources.items()
        }


def _texts(files: Mapping[str, bytes], names: Mapping[str, Any]) -> dict[str, str]:
    return {n: files[n].decode("utf-8", errors="replace") for n in names if n in files}


class _Parser:
    """graft.py in a worker of its own, or in this process for work that is trusted."""

    def __init__(self, sandbox: Sandbox | None, student: dict[str, str], units: Units):
        self._sandbox, self._student, self._units = sandbox, student, units
        self._connection: Connection | None = None

    def survey(self, skeleton: Texts) -> tuple[list[str], list[str]]:
        if self._sandbox is None:
            return graft.survey(self._student, skeleton, self._units)
        claim = self._ask("survey", skeleton)
        if type(claim) is not tuple or [type(part) for part in claim] != [list, list]:
            raise StudentFault("malformed")
        unwritten, changed = ([str(name) for name in part] for part in claim)
        return unwritten, changed

    def graft(self, reference: Texts, keep: frozenset[str]) -> dict[str, bytes]:
        if self._sandbox is None:
            texts = graft.graft(self._student, reference, self._units, keep)
            return {name: text.encode() for name, text in texts.items()}
        claim = self._ask("graft", reference, sorted(keep))
        if type(claim) is str:
            raise GraftFailed(claim[: isolated.MAX_REASON])
        if type(claim) is not dict or claim.keys() != self._student.keys() | self._units.keys():
            raise StudentFault("malformed")
        return {str(name): isolated.content(text) for name, text in claim.items()}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.worker.kill()
        self._connection = None

    def _ask(self, request: str, ours: Texts, *keep: Any) -> Any:
        assert self._sandbox is not None
        if self._connection is None or not self._connection.worker.alive:
            self._connection = Connection(self._sandbox.spawn({}, [], isolated.LIMITS))
        self._connection.deadline = time.monotonic() + isolated.LIMITS.call_seconds
        self._connection.worker.received = 0
        module = self._connection.ask("import", "grader.intake.graft")
        return module.answer(request, _arrays(self._student), _arrays(ours), self._units, *keep)


def _arrays(texts: Texts) -> dict[str, Any]:
    return {name: isolated.array(text.encode()) for name, text in texts.items()}
