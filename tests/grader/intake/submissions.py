"""Submissions made by hand, for the tests of intake: folders, zips, tars and notebooks."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

MODEL = b"def answer():\n    return 42\n"
FILES = {"src/model.py": MODEL, "src/utils.py": b"# nothing yet\n"}


def make_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return path


def make_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as target:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return path


SHAPES: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "mywork": make_folder,
    "mywork.zip": make_zip,
    "mywork.tar": make_tar,
    "mywork.tar.gz": make_tar,
    "mywork.tgz": make_tar,
}
LAYOUTS = {
    "as it is": lambda name: name,
    "at the top": lambda name: Path(name).name,
    "under solution": lambda name: f"solution/{Path(name).name}",
    "under one folder": lambda name: f"my work/{name}",
    "under one folder, flat": lambda name: f"my work/{Path(name).name}",
    "with a dot": lambda name: f"./{name}",
}


def fix_checksums(data: bytes, name: bytes) -> bytes:
    """`data`, a tar, with the right checksum in the header that holds `name`."""
    at = data.index(name) // 512 * 512
    header = data[at : at + 512]
    header = header[:148] + b" " * 8 + header[156:]
    header = header[:148] + b"%06o\0 " % sum(header) + header[156:]
    return data[:at] + header + data[at + 512 :]


def tar_header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    """A header with any bytes for a size."""
    header = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size.ljust(12, b"\0")
    header += b"00000000000\0" + b" " * 8 + kind + bytes(100) + b"ustar\x0000" + bytes(247)
    return fix_checksums(header, name)


def notebook(*cells: str, kind: str = "code") -> bytes:
    """A notebook of format 4.4, whose cells have no ids yet."""
    rows = [
        {"cell_type": kind, "metadata": {}, "source": cell}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for cell in cells
    ]
    return json.dumps({"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()
