"""Writes submissions that no user's program would write, each with the wrong solution in it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

WRONG = (Path(__file__).resolve().parents[1] / "course" / "wrong" / "work.py").read_bytes()


def write_zip(folder: Path, entries: dict[str, bytes], **more: bytes) -> Path:
    """A zip of the wrong solution and of `entries`."""
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in ({"src/work.py": WRONG} | more | entries).items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def write_tar(folder: Path, *members: tarfile.TarInfo) -> Path:
    """A tar of the wrong solution and of `members`, which have no bytes."""
    path = folder / "work.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("src/work.py")
        info.size = len(WRONG)
        archive.addfile(info, io.BytesIO(WRONG))
        for member in members:
            archive.addfile(member)
    return path


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def write_raw_tar(folder: Path, *blocks: bytes) -> Path:
    """A tar.gz of any headers and bytes, before the wrong solution."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        info = tarfile.TarInfo("src/work.py")
        info.size = len(WRONG)
        archive.addfile(info, io.BytesIO(WRONG))
    path = folder / "work.tar.gz"
    path.write_bytes(gzip.compress(b"".join(blocks) + plain.getvalue(), compresslevel=1))
    return path


def header(kind: bytes, data: bytes) -> bytes:
    """A header of a tar with its bytes, such as an extended (pax) one."""
    info = member("header", kind)
    info.size = len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE)


def write_notebook(folder: Path, *cells: str) -> Path:
    """A notebook of the wrong solution and of `cells` before it."""
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    rows = [code | {"source": cell} for cell in (*cells, WRONG.decode())]
    book = {"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return write_raw_notebook(folder, json.dumps(book).encode())


def write_raw_notebook(folder: Path, data: bytes) -> Path:
    path = folder / "work.ipynb"
    path.write_bytes(data)
    return path


def write_folder(folder: Path, source: bytes = WRONG) -> Path:
    path = folder / "work"
    (path / "src").mkdir(parents=True)
    (path / "src" / "work.py").write_bytes(source)
    return path
