"""Attacks by the submission itself, before any of its code runs.

Each function here writes a hostile submission below a folder and returns where it lies; its
docstring has the same form as an attack's (corpus.py).
"""

from __future__ import annotations

import gzip
import io
import json
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


def _raw_tar(folder: Path, *blocks: bytes) -> Path:
    """A tar.gz of any headers and bytes, before the wrong solution."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        info = tarfile.TarInfo("src/work.py")
        info.size = len(_WRONG)
        archive.addfile(info, io.BytesIO(_WRONG))
    path = folder / "work.tar.gz"
    path.write_bytes(gzip.compress(b"".join(blocks) + plain.getvalue(), compresslevel=1))
    return path


def _header(kind: bytes, data: bytes) -> bytes:
    """A header of a tar with its bytes, such as an extended (pax) one."""
    info = _member("header", kind)
    info.size = len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE)


def _notebook(folder: Path, *cells: str) -> Path:
    """A notebook of the wrong solution and of `cells` before it."""
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    rows = [code | {"source": cell} for cell in (*cells, _WRONG.decode())]
    book = {"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return _raw_notebook(folder, json.dumps(book).encode())


def _raw_notebook(folder: Path, data: bytes) -> Path:
    path = folder / "work.ipynb"
    path.write_bytes(data)
    return path


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

    layer: submission
    outcome: refused
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
    line = b"(" * 1000 + b"\n"
    return _folder(folder, _WRONG + b"\nx = " + line * 100 + line.replace(b"(", b")") * 100)


def other_encoding(folder: Path) -> Path:
    """A source file that says it is in UTF-7, in which other text is written than one reads.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, b"# coding: utf-7\n" + _WRONG)


def escaped_encoding(folder: Path) -> Path:
    """A source file in unicode_escape, whose comments hold code that only Python sees.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, b"# coding: unicode_escape\n" + _WRONG + b"# \\n\\nprint('ESCAPED')\n")


def encoding_after_a_carriage_return(folder: Path) -> Path:
    """A source file whose second line is one for Python, which ends lines at \\r too.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, b"#\r# coding: unicode_escape\r\n" + _WRONG)


def encoding_in_a_notebook(folder: Path) -> Path:
    """A notebook whose first line, the module's second, declares an encoding.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _notebook(folder, "# coding: unicode_escape")


def unknown_encoding(folder: Path) -> Path:
    """A source file in an encoding that there is not, with an escape sequence in its name.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, b"# coding: utf-42\x1b[2J\n" + _WRONG)


def byte_order_mark(folder: Path) -> Path:
    """A source file that begins with UTF-8's byte order mark, and says that it is UTF-8.

    layer: submission
    outcome: as without it
    plain: nothing
    """
    return _folder(folder, b"\xef\xbb\xbf# -*- coding: utf-8 -*-\n" + _WRONG)


def byte_order_marks(folder: Path) -> Path:
    """A source file that begins with byte order marks, a hundred thousand of them.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, b"\xef\xbb\xbf" * 100_000 + _WRONG)


def byte_order_mark_of_another(folder: Path) -> Path:
    """A source file in UTF-16, with its byte order mark.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _folder(folder, _WRONG.decode().encode("utf-16"))


def long_lines(folder: Path) -> Path:
    """A source file of fifty lines as long as they may be, in functions that call one another.

    layer: messages
    outcome: error
    plain: not run
    """
    calls = (f"def f{n}(): f{n + 1}()  #" + "x" * 19_900 for n in range(49))
    return _folder(folder, b"\n".join([_WRONG, *(line.encode() for line in calls), b"f0()"]))


def notebook_exclamation_marks(folder: Path) -> Path:
    """A notebook with thirty thousand commands of IPython's, a cell of which took minutes to read.

    layer: submission
    outcome: as without it
    plain: not run
    """
    return _notebook(folder, "!\n" * 30_000)


def magic_white_space(folder: Path) -> Path:
    """A notebook with 200 kB of white space before no magic, which took minutes to read.

    layer: submission
    outcome: as without it
    plain: not run
    """
    space = " " * 19_900
    return _notebook(folder, "\n".join([f"x={space}1", space, space.replace(" ", "\t")] * 4))


def notebook_open_brackets(folder: Path) -> Path:
    """A notebook of brackets, quotes and backslashes that never end, and a magic after each.

    layer: own process
    outcome: error
    plain: not run
    """
    return _notebook(folder, "((\n!ls\n'''\n%x\n\\\n?y\n" * 10_000)


def notebook_deep(folder: Path) -> Path:
    """A notebook that is a million lists in one another.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _raw_notebook(folder, b"[" * 1_000_000)


def notebook_huge_number(folder: Path) -> Path:
    """A notebook that is a number of ten million digits.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _raw_notebook(folder, b'{"cells": [' + b"7" * 10_000_000 + b"]}")


def notebook_many_cells(folder: Path) -> Path:
    """A notebook of three hundred thousand empty cells.

    layer: submission
    outcome: refused
    plain: not run
    """
    cell = b'{"cell_type": "code", "source": ""}'
    return _raw_notebook(folder, b'{"cells": [' + b",".join([cell] * 300_000) + b"]}")


def notebook_lists(folder: Path) -> Path:
    """A notebook of a million empty lists, which take far more memory than disk.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _raw_notebook(folder, b'{"cells": [' + b",".join([b"[]"] * 1_000_000) + b"]}")


def notebook_of_other_types(folder: Path) -> Path:
    """A notebook whose cells' code is a number, and whose numbers are text with a new line.

    layer: submission
    outcome: refused
    plain: not run
    """
    cells = [
        {"cell_type": "code", "source": "x = 1", "execution_count": "1]\nimport os"},
        {"cell_type": "code", "source": 7},
    ]
    return _raw_notebook(folder, json.dumps({"cells": cells}).encode())


def pax_headers(folder: Path) -> Path:
    """A tar.gz of 7 kB whose extended header has a quarter of a million records in one another.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _raw_tar(folder, _header(tarfile.XHDTYPE, b"2 " * 2**18 + b"="))


def pax_header_of_gigabytes(folder: Path) -> Path:
    """A tar.gz whose extended header says that it has eight gigabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    info = _member("header", tarfile.XHDTYPE)
    info.size = 2**33
    return _raw_tar(folder, info.tobuf(tarfile.GNU_FORMAT))


def pax_size(folder: Path) -> Path:
    """A tar.gz whose extended header gives the next file terabytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _raw_tar(folder, _header(tarfile.XHDTYPE, b"22 size=1000000000000\n"))


def pax_header_for_all(folder: Path) -> Path:
    """A tar.gz whose global header calls every file src/conftest.py.

    layer: submission
    outcome: as without it
    plain: not run
    """
    return _raw_tar(folder, _header(tarfile.XGLTYPE, b"24 path=src/conftest.py\n"))


def sparse_map(folder: Path) -> Path:
    """A tar.gz of 300 kB with a sparse file whose map has thirty million pieces.

    layer: submission
    outcome: refused
    plain: not run
    """
    said = b"22 GNU.sparse.major=1\n" + b"22 GNU.sparse.minor=0\n"
    pieces = b"99999999\n" + b"0\n" * 2**25
    return _raw_tar(folder, _header(tarfile.XHDTYPE, said), _header(tarfile.REGTYPE, pieces))


def chain_of_headers(folder: Path) -> Path:
    """A tar.gz of a hundred thousand long names for one file.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _raw_tar(folder, _header(tarfile.GNUTYPE_LONGNAME, b"src/work.py\0") * 100_000)


def gzip_members(folder: Path) -> Path:
    """A tar.gz of two hundred thousand gzip files of nothing.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = folder / "work.tgz"
    path.write_bytes(gzip.compress(b"") * 200_000)
    return path


def deep_folders(folder: Path) -> Path:
    """A folder with 1,100 folders in one another, deeper than Python calls.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = _folder(folder)
    deepest = path
    for _ in range(1100):  # not at once, as Path.mkdir calls itself for each
        deepest /= "d"
        deepest.mkdir()
    return path


def deep_names_in_zip(folder: Path) -> Path:
    """A zip with an entry thirty thousand folders deep.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {"d/" * 30_000 + "x.txt": b""})


def long_names_in_zip(folder: Path) -> Path:
    """A zip with a name of sixty thousand characters, at which the file system gives up.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _zip(folder, {"n" * 60_000 + ".md": b""})


def long_names_in_tar(folder: Path) -> Path:
    """A tar.gz with a name of a megabyte.

    layer: submission
    outcome: refused
    plain: not run
    """
    return _tar(folder, _member("n" * 1_000_000, tarfile.REGTYPE))


def zip_overlapping(folder: Path) -> Path:
    """A zip of a megabyte's text and 1,900 names for it, which share its compressed bytes.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = _zip(folder, {"0000.txt": b"x\n" * 2**19})
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
    inner = _zip(folder, {}).read_bytes()
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
    path = _zip(folder, {})
    os.truncate(path, 2**33)
    return path


def folder_with_many_files(folder: Path) -> Path:
    """A folder of three thousand empty files.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = _folder(folder)
    for number in range(3000):
        (path / f"{number}.md").touch()
    return path


def escapes_in_names(folder: Path) -> Path:
    """A folder with escape sequences, a bell and a new line in a file's name.

    layer: submission
    outcome: refused
    plain: not run
    """
    path = _folder(folder)
    (path / "a\x1b]0;title\x07\nerror: 100 of 100 points").touch()
    return path


def escapes_in_its_own_name(folder: Path) -> Path:
    """A zip whose own name has escape sequences and a new line in it.

    layer: submission
    outcome: as without it
    plain: not run
    """
    return _zip(folder, {}).rename(folder / "work\x1b[2J\x9b1A\n100 of 100 points.zip")


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
