"""Hostile zips: names, links, sizes and entries."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

from tests.hostile.archives.writing import write_zip


def zip_slip(folder: Path) -> Path:
    """A zip whose entries lead out of the folder that it is unpacked to.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_zip(folder, {"../../../../tmp/hostile-slip.py": b"x = 1"})


def zip_absolute(folder: Path) -> Path:
    """A zip with an absolute path, and one with a drive's letter.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_zip(folder, {"/tmp/hostile-absolute.py": b"x = 1", "C:\\hostile.py": b"x = 1"})


def zip_bomb(folder: Path) -> Path:
    """A zip of a few hundred kilobytes that unpacks to many megabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_zip(folder, {"src/work.py": bytes(b"#" * 2**28)})


def zip_lies_about_sizes(folder: Path) -> Path:
    """A zip bomb whose directory says that its files are small.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_zip(folder, {"src/work.py": b"#" * 2**26})
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
    return write_zip(folder, {f"data/{number}": b"" for number in range(20_000)})


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
    return write_zip(folder, {"src/./work.py": b"x = 1"})


def zip_capital_letters(folder: Path) -> Path:
    """A zip that holds work.py and Work.py, which are one file on some disks.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_zip(folder, {"src/Work.py": b"x = 1"})


def zip_null_in_name(folder: Path) -> Path:
    """A zip with a NUL, an escape sequence and a new line in its names.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_zip(folder, {"src/work.pyX": b"x = 1", "a\x1b[2J\nb": b""})
    path.write_bytes(path.read_bytes().replace(b"work.pyX", b"work.py\0"))
    return path


def zip_garbage(folder: Path) -> Path:
    """A zip that is cut off in the middle.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_zip(folder, {})
    path.write_bytes(path.read_bytes()[:-30])
    return path


def deep_names_in_zip(folder: Path) -> Path:
    """A zip with an entry thirty thousand folders deep.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_zip(folder, {"d/" * 30_000 + "x.txt": b""})


def long_names_in_zip(folder: Path) -> Path:
    """A zip with a name of sixty thousand characters, at which the file system gives up.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_zip(folder, {"n" * 60_000 + ".md": b""})


def zip_overlapping(folder: Path) -> Path:
    """A zip of a megabyte's text and 1,900 names for it, which share its compressed bytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_zip(folder, {"0000.txt": b"x\n" * 2**19})
    data = path.read_bytes()
    start, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    first, row, tail = data[:start], data[start:end], bytearray(data[end:])
    rows = b"".join(row.replace(b"0000.txt", b"%04d.txt" % n) for n in range(1900))
    where = struct.unpack("<I", tail[16:20])[0]
    earlier = first[where:]
    struct.pack_into("<HHI", tail, 8, 1901, 1901, len(earlier) + len(rows))
    path.write_bytes(first + rows + tail)
    return path


def zip_in_a_zip(folder: Path) -> Path:
    """A zip that holds the work as a zip, which is not looked into.

    layer: submission
    outcome: refused
    plain: not run
    """
    inner = write_zip(folder, {}).read_bytes()
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("work.zip", inner)
    return path


def huge_archive(folder: Path) -> Path:
    """A zip of eight gigabytes, of which the disk holds nothing.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = write_zip(folder, {})
    os.truncate(path, 2**33)
    return path
