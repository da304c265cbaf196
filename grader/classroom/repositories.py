"""Submissions in git repositories, each at one commit, from a list:

    id,repository,commit,time
    ada,https://example.org/ada/a5.git,3f2a...,2026-10-09T22:10

id is a student's or a group's; time may be left out; a repository's relative path begins in the
current folder. The commit is named in full: a branch would move. Its own date is not used, since
whoever makes a commit can choose it. git fetches it, runs no hook and no filter, and writes a tar
that intake reads in its sandbox like any other.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.classroom import roster
from grader.classroom.course_file import to_time
from grader.classroom.people import Claim
from grader.classroom.sources import Item
from grader.errors import UserError

COLUMNS = ("id", "repository", "commit", "time")
NEEDED = ("id", "repository", "commit")
SECONDS = 300  # for one call of git: a history may hold weights
# The staff's own settings may name a filter, such as git-lfs, and a student's .gitattributes asks
# for it. Only `fetch` has these settings, for passwords: it filters nothing.
ALONE = {
    **{"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "0"},
    **{"HOME": os.devnull, "XDG_CONFIG_HOME": os.devnull},  # of git before 2.32
}
SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "gc.auto=0")


@dataclass(frozen=True)
class Repository:
    """One line of the list."""

    id: str
    address: str
    commit: str
    submitted_at: datetime | None


def read(path: Path, zone: ZoneInfo) -> list[Repository]:
    """The lines of a list. Raises UserError."""
    found = []
    for number, row in roster.rows(path, COLUMNS, NEEDED):
        place = f"{path}, line {number}"
        if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", row["commit"]):
            raise UserError(f"{place}: {row['commit']!r} is not a commit: give its full hash")
        try:
            time = to_time(row["time"], zone, "time") if row.get("time") else None
        except ValueError as error:
            raise UserError(f"{place}: {error}") from None
        found.append(Repository(row["id"], row["repository"], row["commit"], time))
    return found


def items(path: Path, zone: ZoneInfo, scratch: Path) -> list[Item]:
    """The submissions of a list, each fetched into `scratch` when its turn comes."""
    return [
        Item(
            path=path,
            label=each.id,
            claims=(Claim(id=each.id, name=each.id),),
            submitted_at=each.submitted_at,
            fetch=partial(fetched, each, scratch),
        )
        for each in read(path, zone)
    ]


def fetched(repository: Repository, scratch: Path) -> Path:
    """The commit as a new tar in `scratch`. Raises UserError if git does not give it."""
    path = scratch / f"{repository.commit}.tar"
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        _git(repository, "init", "--bare", "--quiet", folder)
        source = ("--", repository.address)
        inside = f"--git-dir={folder}"  # with -C, relative paths would begin there
        fetch = (inside, "fetch", "--quiet", "--no-tags")
        try:
            _git(repository, *fetch, "--depth=1", *source, repository.commit)
        except UserError:  # a server may give only what a branch names
            _git(repository, *fetch, *source, "+refs/heads/*:refs/heads/*")
        archive = ("archive", "--format=tar", f"--output={path}", repository.commit)
        _git(repository, inside, *archive, settings=ALONE)
    return path


def _git(repository: Repository, *arguments: str, settings: Mapping[str, str] = {}) -> None:
    """Runs git; raises UserError with the line that says why. settings: of its environment."""
    quiet = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", **settings}
    where = f"{repository.id}: {repository.address} at {repository.commit[:12]}"
    try:
        done = subprocess.run(
            ["git", *SAFE, *arguments],
            capture_output=True,
            check=False,
            timeout=SECONDS,
            env=quiet,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise UserError("git is not installed: install it, or collect folders or zips") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{where}: git took more than {SECONDS} s") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["git gave no reason"]
        why = [line for line in said if line.startswith(("fatal:", "error:"))] or said[-1:]
        raise UserError(f"{where}: {why[0]}")
