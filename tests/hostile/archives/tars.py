"""Hostile tars and gzips: links, devices, headers and sizes."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

from tests.hostile.archives.writing import header, member, write_raw_tar, write_tar


def tar_symbolic_link(folder: Path) -> Path:
    """A tar with a link to a folder of the machine, and a file that goes through it.

    layer: submission
    outcome: refused
    plain: not run
    """
    through = member("out/hostile-through.py", tarfile.REGTYPE)
    return write_tar(folder, member("out", tarfile.SYMTYPE, "/tmp"), through)


def tar_hard_link(folder: Path) -> Path:
    """A tar with a hard link to a file outside.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_tar(folder, member("src/notes.txt", tarfile.LNKTYPE, "../../../etc/passwd"))


def tar_device(folder: Path) -> Path:
    """A tar with a device, a pipe and a file that never ends.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_tar(folder, member("pipe", tarfile.FIFOTYPE), member("sda", tarfile.BLKTYPE))


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


def pax_headers(folder: Path) -> Path:
    """A tar.gz of 7 kB whose extended header has a quarter of a million records in one another.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_raw_tar(folder, header(tarfile.XHDTYPE, b"2 " * 2**18 + b"="))


def pax_header_of_gigabytes(folder: Path) -> Path:
    """A tar.gz whose extended header says that it has eight gigabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    info = member("header", tarfile.XHDTYPE)
    info.size = 2**33
    return write_raw_tar(folder, info.tobuf(tarfile.GNU_FORMAT))


def pax_size(folder: Path) -> Path:
    """A tar.gz whose extended header gives the next file terabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_raw_tar(folder, header(tarfile.XHDTYPE, b"22 size=1000000000000\n"))


def pax_header_for_all(folder: Path) -> Path:
    """A tar.gz whose global header calls every file src/conftest.py.

    layer: submission
    outcome: as without it
    plain: not run
    """
    return write_raw_tar(folder, header(tarfile.XGLTYPE, b"24 path=src/conftest.py\n"))


def sparse_map(folder: Path) -> Path:
    """A tar.gz of 300 kB with a sparse file whose map has thirty million pieces.

    layer: submission
    outcome: refused
    plain: not run
    """
    said = b"22 GNU.sparse.major=1\n" + b"22 GNU.sparse.minor=0\n"
    pieces = b"99999999\n" + b"0\n" * 2**25
    return write_raw_tar(folder, header(tarfile.XHDTYPE, said), header(tarfile.REGTYPE, pieces))


def chain_of_headers(folder: Path) -> Path:
    """A tar.gz of a hundred thousand long names for one file.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_raw_tar(folder, header(tarfile.GNUTYPE_LONGNAME, b"src/work.py\0") * 100_000)


def gzip_members(folder: Path) -> Path:
    """A tar.gz of two hundred thousand gzip files of nothing.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = folder / "work.tgz"
    path.write_bytes(gzip.compress(b"") * 200_000)
    return path


def long_names_in_tar(folder: Path) -> Path:
    """A tar.gz with a name of a megabyte.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_tar(folder, member("n" * 1_000_000, tarfile.REGTYPE))
