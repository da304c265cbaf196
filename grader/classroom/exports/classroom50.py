"""`classroom50/result/v1`: one JSON file a student and assignment, in a folder.

The schema's name is Classroom 50's; its fields could not be checked against a published schema.
These are ours, each of which a reader may take or leave: schema, assignment, student, status, score
(null unless graded), max_score, late_days, parts, explanation. Compare them with
https://classroom50.org before you rely on them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from course.errors import UserError
from grader.classroom.entry import Entry

SCHEMA = "classroom50/result/v1"
UNSAFE = re.compile(r"^\.+|[^\w.@-]+")  # in the name of a file


def files(entries: Sequence[Entry]) -> dict[str, bytes]:
    """{name: JSON}, such as "a5_mingpt_perceiver/ada.json"; raises UserError for equal names."""
    found: dict[str, bytes] = {}
    for entry in entries:
        name = f"{entry.assignment}/{UNSAFE.sub('_', entry.student)}.json"
        if name in found:
            raise UserError(f"{entry.student!r} and another student would share the file {name}")
        found[name] = msgspec.json.format(msgspec.json.encode(value(entry))) + b"\n"
    return found


def value(entry: Entry) -> dict[str, Any]:
    """One result."""
    return {
        "schema": SCHEMA,
        "assignment": entry.assignment,
        "student": entry.student,
        "status": entry.status,
        "score": entry.points,
        "max_score": entry.out_of,
        "late_days": entry.late_days,
        "parts": [
            {"id": part, "score": earned, "max_score": possible}
            for part, (earned, possible) in entry.parts.items()
        ],
        "explanation": entry.explanation,
    }


def differences(made: Mapping[str, bytes], folder: Path) -> list[str]:
    """Which files would be new or changed, a line each. Raises UserError."""
    try:
        before = {name: (folder / name).read_bytes() for name in made if (folder / name).is_file()}
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror or error}") from None
    lines = [
        f"{name}: {_said(before[name]) if name in before else 'new'} -> {_said(data)}"
        for name, data in made.items()
        if before.get(name) != data
    ]
    return lines or [f"{folder} is up to date"]


def _said(data: bytes) -> str:
    try:
        read = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError:
        return "not JSON"
    score = read.get("score")
    return str(read.get("status")) if score is None else f"{score:g}"
