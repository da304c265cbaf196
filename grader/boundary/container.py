"""What keeps workers apart where the kernel gives no namespaces: in a default Docker container.

The zygote is an ordinary process, and each worker locks itself down by Landlock, a stricter filter
of system calls, limits, no capabilities and, if the grader is root, a user of its own
(inside/landlock.py, inside/syscalls.py). It sees Python, copies of our own few files, its
submission and a temporary folder; without Landlock and the filter nothing is graded. Weaker than
the sandbox: docs/security.md lists what it does not stop.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.boundary import view
from grader.boundary.errors import IsolationUnavailable
from grader.boundary.inside import landlock, syscalls

_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/lib", "/lib64", "/lib32")
# Users that a system has no names for, and that a container usually may use: below 65536.
_FIRST_USER, USERS = 40000, 20000
_CAPABILITIES = 1 << 0 | 1 << 6 | 1 << 7  # chown, setgid, setuid: <linux/capability.h>
MOST_ENTRIES, DEEPEST = 4096, 32  # of a worker's own folder
LEAST_FREE = 2**28  # bytes of the disk: a worker that leaves less is ended
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def why_no_container(protected: Iterable[Path] = ()) -> str | None:
    """Why this isolation is impossible here, in a few words; None if it is possible."""
    if landlock.abi() < landlock.OLDEST_ABI:
        return f"the kernel's Landlock is version {landlock.abi()}, not {landlock.OLDEST_ABI} (6.2)"
    if not syscalls.known():
        return f"no filter of system calls for {os.uname().machine}"
    try:
        readable(protected)
    except IsolationUnavailable as error:
        return str(error)
    return None


def copy_libraries(checkout: Path, names: Iterable[str], folder: Path) -> None:
    """Copies our own files that are seen inside, where whoever may look finds nothing else."""
    for name in names:
        target = folder / name
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(checkout / name, target)
    folder.chmod(0o755)  # mkdtemp's are the owner's alone; a worker may be another user


def readable(protected: Iterable[Path]) -> list[str]:
    """What of this machine a worker may read: Python's own files.

    Raises IsolationUnavailable if something of `protected` lies below one: Landlock allows whole
    folders.
    """
    shown = view.binds(Path(sys.prefix), Path(sys.base_prefix))
    same = [(source, source.resolve()) for source, _ in shown]
    if found := view.covers(same, protected):
        raise IsolationUnavailable(
            f"{found[0]} must be hidden from student code, but lies among Python's own files"
        )
    return [*(str(source) for source, _ in shown), *_SYSTEM_FILES]


def user_for(worker: int, paths: Sequence[str]) -> int | None:
    """The user for the `worker`th worker; None to stay: only root may, if others may read all."""
    user = _FIRST_USER + worker % USERS
    return user if _may_become(user) and all(map(_open_to_others, paths)) else None


def _may_become(user: int) -> bool:
    """Whether this process is root with its capabilities, and the user exists in its namespace."""
    lines = Path("/proc/self/status").read_text().splitlines()
    held = int(next(line.split()[1] for line in lines if line.startswith("CapEff:")), 16)
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    mapped = any(int(first) <= user < int(first) + int(count) for first, _, count in ranges)
    return os.geteuid() == 0 and held & _CAPABILITIES == _CAPABILITIES and mapped


def _open_to_others(path: str) -> bool:
    """Whether any user may pass through the folders above a path, and read it."""
    place = Path(path).resolve()
    if not place.exists():
        return True  # no rule is made for it
    return bool(place.stat().st_mode & stat.S_IROTH) and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in place.parents
    )


def too_much(folder: Path, most: int) -> bool:
    """Whether what lies below a folder takes more than `most` bytes, or the disk is nearly full.

    Too many entries, or folders too deep, are too much as well: they could not be counted in time.
    Links are not followed, and what vanishes meanwhile takes nothing.
    """
    try:
        space = os.statvfs(folder)
        if space.f_bavail * space.f_frsize < LEAST_FREE:
            return True
        return _Count(most).over(os.open(folder, _FOLDER), DEEPEST)
    except OSError:
        return True


class _Count:
    """Counts bytes and entries, a folder at a time by its descriptor."""

    def __init__(self, most: int) -> None:
        self.left, self.entries = most, MOST_ENTRIES

    def over(self, descriptor: int, depth: int) -> bool:
        """Adds a folder, which it closes; whether that is too much."""
        try:
            with os.scandir(descriptor) as found:
                return any(self._one(descriptor, entry.name, depth) for entry in found)
        finally:
            os.close(descriptor)

    def _one(self, parent: int, name: str, depth: int) -> bool:
        try:
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            folder = os.open(name, _FOLDER, dir_fd=parent) if stat.S_ISDIR(status.st_mode) else None
        except FileNotFoundError:
            return False
        self.left -= status.st_blocks * 512
        self.entries -= 1
        if self.left < 0 or self.entries < 0 or depth == 0:
            if folder is not None:
                os.close(folder)
            return True
        return folder is not None and self.over(folder, depth - 1)


def remove(folder: Path) -> None:
    """Removes a folder and all below it, which may be deeper than Python's functions can go."""
    subprocess.run(["rm", "-rf", "--", str(folder)], check=False, stderr=subprocess.DEVNULL)
