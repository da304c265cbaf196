"""What a sandbox shows of this machine: Python's own files, and nothing that holds an answer.

`binds` lists the folders that are bound read-only, each as (source, place inside). Of every prefix
only the parts that Python needs are taken, so that a virtual environment in the checkout itself
(`python -m venv .`) does not expose the checkout. `covers` lists the places inside at which
something protected would still be seen: a checkout in /usr/local/lib, a data folder
in the environment, and also another mount of the same folder (man 5 proc_pid_mountinfo). These
places are covered by empty folders; if Python itself lies in one, isolation is impossible.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from grader.boundary.errors import IsolationUnavailable

ENVIRONMENT = Path("/environment")  # the virtual environment inside, wherever it lies outside
PARTS = ("bin", "lib", "lib32", "lib64", "libexec", "pyvenv.cfg")
_SYSTEM = (Path("/"), Path("/usr"), Path("/usr/local"))
_ROOT_LINKS = ("/bin", "/lib", "/lib32", "/lib64")  # into /usr, on most systems
COVER_BYTES = 2**20  # of an empty folder in memory
_MOUNTS = Path("/proc/self/mountinfo")

Bind = tuple[Path, Path]


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo: the part `root` of the file system `device`, seen at `point`."""

    point: Path
    device: str
    root: Path


def arguments(
    protected: Iterable[Path],
    prefix: Path = Path(sys.prefix),
    base: Path = Path(sys.base_prefix),
) -> list[str]:
    """bubblewrap's arguments that show Python and nothing of `protected`.

    Raises IsolationUnavailable if a part of Python would have to be covered.
    """
    shown = binds(prefix, base)
    words: list[str] = []
    for source, place in shown:
        words += ["--ro-bind", str(source), str(place)]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        words += ["--ro-bind-try", path, path]
    for link in _ROOT_LINKS:
        if Path(link).is_symlink():
            words += ["--symlink", str(Path(link).readlink()), link]
    for cover in map(str, covers(shown, protected)):
        words += ["--size", str(COVER_BYTES), "--tmpfs", cover, "--remount-ro", cover]
    return words


def binds(prefix: Path, base: Path) -> list[Bind]:
    """(source, place inside) of all that Python needs to run."""
    pairs = [(folder / part, folder / part) for folder in (*_SYSTEM, base) for part in PARTS]
    pairs = [pair for pair in pairs if str(pair[0]) not in _ROOT_LINKS or not pair[0].is_symlink()]
    if prefix != base:
        # At a place of its own: a checkout may lie in a folder, such as /tmp, that is another one
        # inside.
        pairs += [(prefix / part, ENVIRONMENT / part) for part in PARTS]
    return [(source, place) for source, place in dict(pairs).items() if source.exists()]


def covers(shown: Sequence[Bind], protected: Iterable[Path]) -> list[Path]:
    """The places inside at which something of `protected` lies, outermost first.

    Raises IsolationUnavailable if a part of Python would have to be covered.
    """
    mounts = read_mounts()
    hidden = {_location(path.resolve(), mounts): path for path in protected if path.exists()}
    places: set[Path] = set()
    for (device, root), place, is_mount in _shown(shown, mounts):
        for (other, secret), path in hidden.items():
            if other != device:
                continue
            if secret.is_relative_to(root):
                places.add(place / secret.relative_to(root))
                _refuse_if_python_lies_in(path)
            elif is_mount and root.is_relative_to(secret):
                places.add(place)
    return sorted(place for place in places if not any(above in places for above in place.parents))


def read_mounts() -> list[Mount]:
    """Every mount that this process sees, the latest of one point last."""
    lines = (line.split() for line in _MOUNTS.read_text().splitlines())
    return [Mount(_unescaped(words[4]), words[2], _unescaped(words[3])) for words in lines]


def _shown(
    shown: Sequence[Bind], mounts: Sequence[Mount]
) -> Iterator[tuple[tuple[str, Path], Path, bool]]:
    """(location, place inside, False) of each bind, with True of each mount below one."""
    for source, place in shown:
        real = source.resolve()
        yield _location(real, mounts), place, False
        for mount in mounts:
            if mount.point != real and mount.point.is_relative_to(real):
                yield (mount.device, mount.root), place / mount.point.relative_to(real), True


def _location(path: Path, mounts: Sequence[Mount]) -> tuple[str, Path]:
    """Where `path` really lies: (file system, path in it), however it is mounted here."""
    above = [mount for mount in mounts if path.is_relative_to(mount.point)]
    mount = max(reversed(above), key=lambda mount: len(mount.point.parts))
    return mount.device, mount.root / path.relative_to(mount.point)


def _refuse_if_python_lies_in(path: Path) -> None:
    """A folder that holds Python's own modules cannot be covered, unless it is an environment's
    parent, of which only the environment's parts are shown."""
    here = path.resolve()
    prefix = Path(sys.prefix).resolve()
    needed = (Path(sys.executable), Path(torch.__file__), Path(sys.modules["os"].__file__ or ""))
    for file in (file.resolve() for file in needed):
        shown_apart = file.is_relative_to(prefix) and prefix.is_relative_to(here)
        if file.is_relative_to(here) and not shown_apart:
            raise IsolationUnavailable(
                f"{path} must be hidden from student code, but Python itself lies in it: move "
                "one of them"
            )


def _unescaped(word: str) -> Path:
    """A path of mountinfo, where a space is written \\040."""
    return Path(word.encode("latin-1").decode("unicode_escape").encode("latin-1").decode())
