"""What decides a result, as one sha256: equal keys would give equal results.

A key stands for the submission and for a state: the hidden suite with its reference solution and
given files, the grader's version with its sources, the course's secret and the limits. The ledger
keeps each state that it has gradings of, so that a later one can say what has changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import msgspec

from grader.assignment import FILE, Assignment
from grader.classroom.records import Grading
from grader.errors import UserError
from grader.secret import VARIABLE as SECRET
from grader.secret import secret
from grader.verdict.version import grader_version

State = Mapping[str, str]  # {what: its digest; the grader's is its version}

# They change what the grader says of a mistake, but no points.
_WITHOUT_POINTS = {"mistakes", "alternatives", "__pycache__"}
GRADER = "the grader"
UNKNOWN = "some are from before the ledger noted what they rest on"


def key(sha256: str, stamp: str) -> str:
    """The key of one submission's grading."""
    return hashlib.sha256(f"{sha256}\n{stamp}".encode()).hexdigest()


def stamp(assignment: Assignment) -> str:
    """The sha256 of all that decides a result but the submission."""
    return stamp_of(state(assignment))


def stamp_of(state: State) -> str:
    """The same, of a state."""
    return _hashed(msgspec.json.encode(dict(state), order="sorted"))


def state(assignment: Assignment) -> dict[str, str]:
    """What decides a result but the submission, each by the name that staff read."""
    limits = asdict(replace(assignment.limits, threads=1))  # as work.py grades
    return {
        FILE: _hashed((assignment.root / FILE).read_bytes()),
        "the suite": _folder(assignment.suite),
        "the solution": _folder(assignment.solution),
        "the given files": _folder(assignment.given_folder),
        GRADER: grader_version(),
        "how a class is graded": _hashed(Path(__file__).with_name("work.py").read_bytes()),
        SECRET: _of_secret(secret()),
        "the limits": _hashed(msgspec.json.encode(limits, order="sorted")),
    }


def require_secret(states: Mapping[str, State]) -> None:
    """Raises UserError if gradings are with a secret and none is set: anyone can draw its inputs.

    states: those that the ledger knows, {stamp: state}.
    """
    without = _of_secret("")
    if not secret() and any(each.get(SECRET, without) != without for each in states.values()):
        raise UserError(f"{SECRET} is not set here, and this class has gradings with one: set it")


def counted(gradings: Iterable[Grading], stamps: Collection[str]) -> Counter[str]:
    """How many gradings are of each state, {stamp: gradings}; "" stands for an unknown one."""
    return Counter(
        next((stamp for stamp in stamps if key(each.sha256, stamp) == each.key), "")
        for each in gradings
    )


def changes(gradings: Iterable[Grading], states: Mapping[str, State], now: State) -> list[str]:
    """What has changed since the gradings, in words; none if they are of the state of now.

    states: those that the ledger knows, {stamp: state}.
    """
    known = {stamp_of(now): now, **states}
    found: dict[str, None] = {}  # in the order of finding, each once
    for stamp in counted(gradings, known):
        found |= dict.fromkeys(_differences(known[stamp], now) if stamp else [UNKNOWN])
    return list(found)


def graders(gradings: Iterable[Grading], states: Mapping[str, State]) -> dict[str, int]:
    """{the grader's version: gradings by it}, the most first."""
    found: Counter[str] = Counter()
    for stamp, count in counted(gradings, states).items():
        found[states.get(stamp, {}).get(GRADER, "of unknown version")] += count
    return dict(found.most_common())


def _differences(old: State, new: State) -> list[str]:
    changed = [what for what in new if old.get(what) != new[what]]
    versions = f"{GRADER} changed from {old.get(GRADER)} to {new[GRADER]}"
    return [versions if what == GRADER else f"{what} changed" for what in changed]


def _of_secret(text: str) -> str:
    return _hashed(f"secret\n{text}".encode())


def _folder(folder: Path) -> str:
    """The digest of the names and bytes of the files that decide what a submission earns."""
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _WITHOUT_POINTS & set(path.relative_to(folder).parts)
    ]
    names = [path.relative_to(folder).as_posix() for path in paths]
    rows = [(name, _hashed(path.read_bytes())) for name, path in zip(names, paths, strict=True)]
    return _hashed(msgspec.json.encode(rows))


def _hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
