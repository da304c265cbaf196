"""Hostile folders: links, pipes, names, and files that a test runner obeys."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.hostile.archives.writing import write_folder, write_zip


def folder_with_links(folder: Path) -> Path:
    """A folder whose src is a link to the solution's.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = folder / "work"
    path.mkdir()
    (path / "src").symlink_to(Path(__file__).resolve().parent / "course" / "solution")
    return path


def folder_with_pipe(folder: Path) -> Path:
    """A folder whose work.py is a pipe, which a reader would wait for without end.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = folder / "work"
    path.mkdir()
    os.mkfifo(path / "work.py")
    return path


def folder_with_socket(folder: Path) -> Path:
    """A folder whose predictions are a unix socket.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_folder(folder)
    descriptor = os.open(path, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as sock:  # a short name: that of a socket may not be long
        sock.bind(f"/proc/self/fd/{descriptor}/labels.txt")
    os.close(descriptor)
    return path


def deep_folders(folder: Path) -> Path:
    """A folder with 1,100 folders in one another, deeper than Python calls.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_folder(folder)
    deepest = path
    for _ in range(1100):  # not at once, as Path.mkdir calls itself for each
        deepest /= "d"
        deepest.mkdir()
    return path


def folder_with_many_files(folder: Path) -> Path:
    """A folder of three thousand empty files.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_folder(folder)
    for number in range(3000):
        (path / f"{number}.md").touch()
    return path


def escapes_in_names(folder: Path) -> Path:
    """A folder with escape sequences, a bell and a new line in a file's name.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_folder(folder)
    (path / "a\x1b]0;title\x07\nerror: 100 of 100 points").touch()
    return path


def escapes_in_its_own_name(folder: Path) -> Path:
    """A zip whose own name has escape sequences and a new line in it.

    layer: submission
    outcome: as without it
    plain: not run
    """
    return write_zip(folder, {}).rename(folder / "work\x1b[2J\x9b1A\n100 of 100 points.zip")


def settings_of_pytest(folder: Path) -> Path:
    """A pytest.ini, a pyproject.toml, a setup.cfg and a .pth file that leave out every test.

    layer: submission
    outcome: as without it
    plain: forges
    """
    path = write_folder(folder)
    (path / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    (path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--co'\n")
    (path / "setup.cfg").write_text("[tool:pytest]\naddopts = --collect-only\n")
    (path / "src" / "hostile.pth").write_text("import os; os._exit(0)\n")
    return path


def tests_of_its_own(folder: Path) -> Path:
    """Hands in the hidden tests, the grader's score and a cache of compiled files of its own.

    layer: submission
    outcome: as without it
    plain: nothing
    """
    path = write_folder(folder)
    (path / "test_toy.py").write_text("def test_mean():\n    pass\n")
    (path / "src" / "__pycache__").mkdir()
    (path / "src" / "__pycache__" / "work.cpython-311.pyc").write_bytes(bytes(16))
    (path / "score").write_text("10.0")
    return path
