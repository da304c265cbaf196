"""Grades one submission in Gradescope's container; `run_autograder` of the bundle starts it.

    python -m grader.autograder /autograder

In that folder Gradescope lays `source/` (the bundle), `submission/`, `submission_metadata.json` and
the empty `results/`, and reads `results/results.json` when we end. Without a file there it reports
a failed autograder to the staff: that is what a fault of ours becomes, never a zero.

Attempts a day are counted by the times of submission, in the time zone that Gradescope writes them
in. One too many is not graded: it keeps the score of the last that was.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from course.errors import USAGE, UserError, one_line
from course.files import write_all
from grader import assignment as assignments
from grader.authoring.bundle import SETTINGS, Settings
from grader.boundary.errors import IsolationUnavailable, SandboxError
from grader.errors import Refused
from grader.secret import VARIABLE

DONE, FAULT = 0, 3


@dataclass(frozen=True)
class Attempt:
    """An earlier submission of the same student or group."""

    time: datetime  # aware
    score: float | None  # None: its autograder failed


@dataclass(frozen=True)
class Metadata:
    """What submission_metadata.json says of this submission."""

    time: datetime  # aware
    earlier: tuple[Attempt, ...]  # by time


def read_metadata(path: Path) -> Metadata:
    """The metadata of a submission; raises UserError if the file is not as Gradescope writes it.

    Only `created_at` and the `submission_time`, `score` and `autograder_error` of
    `previous_submissions` are read.
    """
    try:
        value = json.loads(path.read_bytes())
        earlier = [_attempt(each) for each in value.get("previous_submissions") or []]
        time = _time(value["created_at"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"{path} is not a submission's metadata: {reason}") from None
    return Metadata(time, tuple(sorted(earlier, key=lambda attempt: attempt.time)))


def _attempt(value: dict[str, Any]) -> Attempt:
    score = value.get("score")
    if value.get("autograder_error") is True:
        score = None
    return Attempt(_time(value["submission_time"]), None if score is None else float(score))


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return time


def graded_before(metadata: Metadata, per_day: int) -> tuple[list[Attempt], int]:
    """The earlier attempts that were graded, and how many of them on this submission's day.

    An attempt whose autograder failed counts for nothing. Whether one was over the limit follows
    from those before it, so nothing but their times is needed.
    """
    zone = metadata.time.tzinfo
    graded: list[Attempt] = []
    used: dict[object, int] = {}
    for attempt in metadata.earlier:
        day = attempt.time.astimezone(zone).date()
        if attempt.score is not None and used.get(day, 0) < per_day:
            used[day] = used.get(day, 0) + 1
            graded.append(attempt)
    return graded, used.get(metadata.time.date(), 0)


def over_limit(metadata: Metadata, per_day: int) -> dict[str, Any] | None:
    """The results.json of a submission that is one too many today; None if it is to be graded."""
    graded, used = graded_before(metadata, per_day)
    if used < per_day:
        return None
    last = graded[-1]
    words = "submission was" if per_day == 1 else "submissions were"
    return _results(
        f"Not graded: {per_day} {words} graded today, which is the limit. The score is that of "
        f"the last one, of {last.time.astimezone(metadata.time.tzinfo):%d %B, %H:%M}. "
        "Submit again tomorrow.",
        last.score or 0.0,
    )


def run(root: Path) -> int:
    """Grades what lies in `root`; returns the exit code. Raises UserError, SandboxError."""
    settings = _settings(root / "source" / SETTINGS)
    if settings.attempts_per_day is not None:
        try:
            metadata = read_metadata(root / "submission_metadata.json")
        except UserError as error:  # a student must not pay for it
            print(f"attempts are not counted: {one_line(error)}")
        else:
            limited = over_limit(metadata, settings.attempts_per_day)
            if limited:
                return _write(root, json.dumps(limited, indent=2) + "\n")
    os.environ[VARIABLE] = settings.secret
    try:
        text, code = _grade(root / "submission", assignments.find(settings.assignment))
    except Refused as error:
        reason = one_line(error).removeprefix(f"{root / 'submission'}: ")
        refusal = _results(f"Your submission was not graded: it {reason}", 0.0)
        text, code = json.dumps(refusal, indent=2) + "\n", DONE
    return _write(root, text) or code


def _grade(path: Path, assignment: assignments.Assignment) -> tuple[str, int]:
    """results.json, and the exit code; raises Refused, IsolationUnavailable."""
    from grader.boundary.sandbox import Sandbox, choose_isolation
    from grader.intake.submission import look, unpack
    from grader.report import gradescope
    from grader.verdict.grade import Options, grade
    from grader.verdict.students import protected_folders

    kind, _ = choose_isolation("auto", trusted=False)
    with Sandbox(kind, assignment.limits.threads, protected_folders()) as sandbox:
        tree = unpack(look(path, assignment), assignment, sandbox)
        result = grade(assignment, tree, Options(sandbox=sandbox))
    for fault in result.faults:
        print(f"fault: {fault}")
    return gradescope.render(result), DONE if result.usable else FAULT


def _results(output: str, score: float) -> dict[str, Any]:
    return {
        "score": score,
        "output": output,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
    }


def _write(root: Path, text: str) -> int:
    write_all(root / "results", {"results.json": text.encode()})
    return DONE


def _settings(path: Path) -> Settings:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except (OSError, msgspec.MsgspecError) as error:
        raise UserError(f"{path} is not a bundle's settings: {error}") from None


def main(argv: Sequence[str] | None = None) -> int:
    """Runs in the folder that the command line names; a fault leaves no results.json."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    root = Path(arguments[0] if arguments else "/autograder")
    with suppress(OSError):  # of an earlier run
        (root / "results" / "results.json").unlink()
    try:
        return run(root)
    except (UserError, IsolationUnavailable) as error:
        print(f"error: {one_line(error)}")
        return USAGE
    except SandboxError as error:
        print(f"error: the grader's own fault: {one_line(error)}")
        return FAULT


if __name__ == "__main__":
    sys.exit(main())
