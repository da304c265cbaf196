"""What a learning system's "download all submissions" gives: names and times of its files.

What is taken as known of each:
- Canvas: one file each upload, `name_[LATE_]userid_submissionid_filename`, where `name` is the
  sortable name in lower case without spaces ("lovelaceada"), and the group's in a group assignment.
  A file handed in again has "-1", "-2" before its suffix. The user id is Canvas's own number.
- Moodle: `Full Name_number_assignsubmission_file_` before each file, or as the name of a folder;
  the number is not the student's. Texts typed online (`_onlinetext_`) are skipped.
- Gradescope: folders `submission_NUMBER` beside `submission_metadata.yml`, which gives for each the
  `:submitters:` (`:name:`, `:sid:`, `:email:`) and `:created_at:`.

Only Gradescope's says when a submission was made. These forms were written down from use, not from
a specification: an export that is named differently is reported, not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from course.files import read_text
from grader.classroom.people import Claim
from grader.classroom.sources import (
    Item,
    children,
    gathered,
    one_each,
    stem,
    submission_in,
)
from grader.errors import UserError

CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<submission>\d+)_(?P<file>.+)"
)
MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?(?P<file>.*)"
)
AGAIN = re.compile(r"-\d+(?=\.[^.]+\Z)")
METADATA = "submission_metadata.yml"


def items(
    folder: Path, kind: str, scratch: Path, known: Callable[[Claim], bool] = lambda claim: False
) -> list[Item]:
    """The submissions in a folder. kind: one of KINDS. Raises UserError.

    scratch: a folder for copies of loose files. known: whether a claim is somebody's; a lone folder
    that is nobody's is looked into, since some exports have such a one around everything.
    """
    inner = children(folder)
    is_alone = len(inner) == 1 and inner[0].is_dir() and not inner[0].is_symlink()
    if is_alone and _detected(folder) == "folder":
        folder = inner[0] if _is_wrapper(inner[0], known) else folder
    reader = READERS[_detected(folder) if kind == "auto" else kind]
    found = list(reader(folder, scratch))
    if not found:
        raise UserError(f"{folder} holds no submissions")
    return found


def _is_wrapper(folder: Path, known: Callable[[Claim], bool]) -> bool:
    """Whether a lone folder is no submission, but around all of them."""

    def is_known(path: Path) -> bool:
        return any(known(Claim(id=name, name=name)) for name in (path.name, stem(path)))

    if is_known(folder):
        return False
    return _detected(folder) != "folder" or any(map(is_known, children(folder)))


def _detected(folder: Path) -> str:
    names = [path.name for path in children(folder)]
    if METADATA in names:
        return "gradescope"
    for kind, pattern in (("moodle", MOODLE), ("canvas", CANVAS)):
        if names and all(pattern.fullmatch(name) for name in names):
            return kind
    return "folder"


def _matched(path: Path, pattern: re.Pattern[str], system: str) -> re.Match[str]:
    match = pattern.fullmatch(path.name)
    if match is None:
        raise UserError(f"{path.name!r} is not named as in {system}'s export: use --from folder")
    return match


def _canvas(folder: Path, scratch: Path) -> Iterator[Item]:
    uploads: dict[tuple[str, str, str], dict[str, Path]] = {}
    late = set()
    for path in children(folder):
        match = _matched(path, CANVAS, "Canvas")
        key = match["name"], match["user"], match["submission"]
        files = uploads.setdefault(key, {})
        name = AGAIN.sub("", match["file"])
        files[match["file"] if name in files else name] = path
        if match["late"]:
            late.add(key)
    for key, files in uploads.items():
        label = "_".join(key)
        claim = Claim(name=key[0], number=key[1])
        yield Item(gathered(files, scratch / label), label, (claim,), is_late=key in late)


def _moodle(folder: Path, scratch: Path) -> Iterator[Item]:
    loose: dict[str, dict[str, Path]] = {}
    names = {}
    for path in children(folder):
        match = _matched(path, MOODLE, "Moodle")
        if match["kind"] == "onlinetext":
            continue
        label = f"{match['name']}_{match['number']}"
        names[label] = match["name"]
        if path.is_dir():
            yield Item(submission_in(path), label, (Claim(name=match["name"]),))
        else:
            loose.setdefault(label, {})[match["file"]] = path
    for label, files in loose.items():
        yield Item(gathered(files, scratch / label), label, (Claim(name=names[label]),))


def _gradescope(folder: Path, scratch: Path) -> Iterator[Item]:
    path = folder / METADATA
    table = _yaml(path)
    for name, about in table.items():
        try:
            claims = tuple(_submitter(each) for each in about[":submitters"])
            time = _utc(about[":created_at"])
        except (KeyError, TypeError, AttributeError, ValueError):
            reason = "has no submitters and time as Gradescope writes them"
            raise UserError(f"{path}: {name!r} {reason}") from None
        if not re.fullmatch(r"submission_\w+", str(name)) or not (folder / name).is_dir():
            raise UserError(f"{path} names {name!r}, but there is no such folder beside it")
        yield Item(submission_in(folder / name), name, claims, time)


def _submitter(value: dict[str, Any]) -> Claim:
    keys = {"id": ":sid", "email": ":email", "name": ":name"}
    return Claim(**{field: str(value.get(key) or "") for field, key in keys.items()})


def _utc(value: Any) -> datetime:
    """A time of the metadata; without an offset it is UTC."""
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]  # only Gradescope needs it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        table = yaml.load(read_text(path), loader)
    except yaml.YAMLError as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    if not isinstance(table, dict):
        raise UserError(f"{path} names no submissions")
    return table


def _folder(folder: Path, scratch: Path) -> Iterator[Item]:
    return one_each(folder)


READERS: dict[str, Callable[[Path, Path], Iterator[Item]]] = {
    "folder": _folder,
    "canvas": _canvas,
    "moodle": _moodle,
    "gradescope": _gradescope,
}
KINDS = ("auto", *READERS)
