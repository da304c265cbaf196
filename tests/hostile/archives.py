"""Attacks by the submission itself, before any of its code runs.

Each function here writes a hostile submission below a folder and returns where it lies; its
docstring has the same form as an attack's (corpus.py).
"""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import tarfile
import zipfile
from pathlib import Path

_WRONG = (Path(__file__).resolve().parent / "course" / "wrong" / "work.py").read_bytes()


def _zip(folder: Path, entries: dict[str, bytes], **more: bytes) -> Path:
    """A zip of the wrong solution and of `entries`."""
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in ({"src/work.py": _WRONG} | more | entries).items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def _tar(folder: Path, *members: tarfile.TarInfo) -> Path:
    """A tar of the wrong solution and of `members`, which have no bytes."""
    path = folder / "work.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("src/work.py")
        info.size = len(_WRONG)
        archive.addfile(info, io.BytesIO(_WRONG))
        for member in members:
            archive.addfile(member)
    return path


def _member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _folder(folder: Path, source: bytes = _WRONG) -> Path:
    path = folder / "work"
    (path / "src").mkdir(parents=True)
    (path / "src" / "work.py").write_bytes(source)
    return path


def zip_slip(folder: Path) -> Path:
    """A zip whose entries lead out of the folder that it is unpacked to.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {"../../../../tmp/hostile-slip.py": b"x = 1"})


def zip_absolute(folder: Path) -> Path:
    """A zip with an absolute path, and one with a drive's letter.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {"/tmp/hostile-absolute.py": b"x = 1", "C:\\hostile.py": b"x = 1"})


def zip_bomb(folder: Path) -> Path:
    """A zip of a few hundred kilobytes that unpacks to many megabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {"src/work.py": bytes(b"#" * 2**28)})


def zip_lies_about_sizes(folder: Path) -> Path:
    """A zip bomb whose directory says that its files are small.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = _zip(folder, {"src/work.py": b"#" * 2**26})
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\x01\x02")
    data[start + 24 : start + 28] = struct.pack("<I", 100)
    path.write_bytes(data)
    return path


def zip_many_entries(folder: Path) -> Path:
    """A zip of twenty thousand empty files.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {f"data/{number}": b"" for number in range(20_000)})


def zip_symbolic_link(folder: Path) -> Path:
    """A zip whose work.py is a symbolic link to the solution.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = folder / "work.zip"
    info = zipfile.ZipInfo("src/work.py")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "../../solution/work.py")
    return path


def zip_twice_the_same(folder: Path) -> Path:
    """A zip that holds work.py twice, a right and a wrong one for whoever looks first or last.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {"src/./work.py": b"x = 1"})


def zip_capital_letters(folder: Path) -> Path:
    """A zip that holds work.py and Work.py, which are one file on some disks.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {"src/Work.py": b"x = 1"})


def zip_null_in_name(folder: Path) -> Path:
    """A zip with a NUL, an escape sequence and a new line in its names.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = _zip(folder, {"src/work.pyX": b"x = 1", "a\x1b[2J\nb": b""})
    path.write_bytes(path.read_bytes().replace(b"work.pyX", b"work.py\0"))
    return path


def zip_garbage(folder: Path) -> Path:
    """A zip that is cut off in the middle.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = _zip(folder, {})
    path.write_bytes(path.read_bytes()[:-30])
    return path


def tar_symbolic_link(folder: Path) -> Path:
    """A tar with a link to a folder of the machine, and a file that goes through it.

    layer: submission
    outcome: refused
    plain: not run
    """
    through = _member("out/hostile-through.py", tarfile.REGTYPE)
    return _tar(folder, _member("out", tarfile.SYMTYPE, "/tmp"), through)


def tar_hard_link(folder: Path) -> Path:
    """A tar with a hard link to a file outside.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _tar(folder, _member("src/notes.txt", tarfile.LNKTYPE, "../../../etc/passwd"))


def tar_device(folder: Path) -> Path:
    """A tar with a device, a pipe and a file that never ends.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _tar(folder, _member("pipe", tarfile.FIFOTYPE), _member("sda", tarfile.BLKTYPE))


def gzip_bomb(folder: Path) -> Path:
    """A tar.gz of a few hundred kilobytes that unpacks to half a gigabyte.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = folder / "work.tgz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        info = tarfile.TarInfo("weights.bin")
        info.size = 2**29
        file.write(info.tobuf())
        for _ in range(2**9):
            file.write(bytes(2**20))
    return path


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
    path = _folder(folder)
    descriptor = os.open(path, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as sock:  # a short name: that of a socket may not be long
        sock.bind(f"/proc/self/fd/{descriptor}/labels.txt")
    os.close(descriptor)
    return path


def not_utf_8(folder: Path) -> Path:
    """A source file that is not UTF-8.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, b"# coding: latin-1\nx = '\xe9'\n" + _WRONG)


def null_byte(folder: Path) -> Path:
    """A source file with a NUL in it.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, _WRONG + b"\0")


def large_file(folder: Path) -> Path:
    """A source file of two megabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, _WRONG + b"#" * 2**21)


def syntax_error(folder: Path) -> Path:
    """A source file that is no Python.

    layer: own process
    outcome: error
    plain: not run
    """
    return _folder(folder, _WRONG + b"\ndef (:\n")


def huge_line(folder: Path) -> Path:
    """A source file with one line of nearly a megabyte, that raises.

    layer: messages
    outcome: error
    plain: not run
    """
    line = b"raise ValueError(0" + b" + 0" * 1000 + b")  #" + b"x" * 1_000_000
    return _folder(folder, _WRONG + b"\n" + line + b"\n")


def deep_source(folder: Path) -> Path:
    """A source file nested so deeply that the compiler itself gives up.

    layer: own process
    outcome: error
    plain: not run
    """
    return _folder(folder, _WRONG + b"\nx = " + b"(" * 100_000 + b")" * 100_000 + b"\n")


def other_encoding(folder: Path) -> Path:
    """A source file that says it is in UTF-7, in which other text is written than one reads.

    layer: own process
    outcome: error
    plain: not run
    """
    return _folder(folder, b"# coding: utf-7\n" + _WRONG)


def settings_of_pytest(folder: Path) -> Path:
    """A pytest.ini, a pyproject.toml, a setup.cfg and a .pth file that leave out every test.

    layer: submission
    outcome: as without it
    plain: forges
    """
    path = _folder(folder)
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
    path = _folder(folder)
    (path / "test_toy.py").write_text("def test_mean():\n    pass\n")
    (path / "src" / "__pycache__").mkdir()
    (path / "src" / "__pycache__" / "work.cpython-311.pyc").write_bytes(bytes(16))
    (path / "score").write_text("10.0")
    return path
