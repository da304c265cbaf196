"""What an archive, a notebook and a source amount to: as tar, IPython and Python read them."""

from __future__ import annotations

import ast
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from grader.errors import Refused
from grader.intake import notebook
from grader.intake.archive import MAX_DEPTH, MAX_NAME
from grader.intake.sources import MAX_LINE, source
from grader.intake.submission import digest, take
from grader.intake.tar import open_tar
from tests.clock import within
from tests.grader.intake.submissions import (
    FILES,
    MODEL,
    SHAPES,
    make_folder,
    make_tar,
    make_zip,
)

SECONDS = 20.0  # of what took minutes; a few tenths of one today
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        BOM,
        BOM + b"# coding: utf-8\n",
        b"# -*- coding: utf-8 -*-\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=UTF_8 :\n",
        b"# coding: utf8\n",
        b"\r\n# coding: u8\r\n",
        b"# coding: utf-8-sig\n",
        b"\n\n# coding: latin-1\n",  # the third line declares nothing
        b"x = 1\n# coding: latin-1\n",  # nor does a comment behind code
    ],
)
def test_utf_8_is_taken_however_it_is_declared(tmp_path: Path, toy: Any, head: bytes) -> None:
    """A byte order mark and a declared encoding ended in a grader's fault."""
    data = head + "x = 'größe'\n".encode()
    tree = take(make_folder(tmp_path / "work", {"model.py": data}), toy)
    assert tree.files == {"src/model.py": data.removeprefix(BOM)}
    assert tree.sha256 == digest(tree.files)
    text = tree.files["src/model.py"].decode("utf-8")
    assert ast.dump(ast.parse(tree.files["src/model.py"])) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"# coding: utf-7\n", "declares the encoding utf-7: save it as UTF-8"),
        (b"# coding: latin-1\n", "declares the encoding iso-8859-1: save it as UTF-8"),
        (b"#\n# coding=unicode_escape\n", "declares the encoding unicode_escape"),
        (b"\r# coding: rot13\r", "unknown encoding: rot13|declares the encoding rot13"),
        (b"# coding: no-such\n", "unknown encoding: no-such: save it as UTF-8"),
        (BOM + b"# coding: cp1252\n", "declares the encoding cp1252"),
        (BOM + BOM + b"x = 1\n", "begins with two byte order marks"),
        ("x = 1\n".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
        (b"\xfe\xff\0x", "is UTF-16 text: save it as UTF-8"),
        (b"# coding: latin-1\nx = '\xe9'\n", "is not UTF-8 text .byte 23."),
        (b"x = 1\n" + b"y" * (MAX_LINE + 1), "has 20,001 characters in line 2: at most 20,000"),
    ],
)
def test_other_text_is_refused_by_name(tmp_path: Path, toy: Any, data: bytes, message: str) -> None:
    with pytest.raises(Refused, match=rf"work: 'model\.py':? {message}") as error:
        take(make_folder(tmp_path / "work", {"model.py": data}), toy)
    assert str(error.value).isprintable()


def test_a_line_as_long_as_allowed_is_taken() -> None:
    """In characters, not bytes, and however lines end."""
    data = "\r".join(["ü" * MAX_LINE] * 3).encode()
    assert source("model.py", data) == data


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_of_every_format_is_read(kind: int) -> None:
    """Long names, names beyond ASCII, times with fractions: each format says them its own way."""
    long = "/".join(["a folder with a rather long name"] * 5)
    names = ["x.py", f"{long}/x.py", "d", f"{long[:90]}/{'n' * 99}"]
    names += ["größe.py", "名" * 60 + ".py"] if kind != tarfile.USTAR_FORMAT else []
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as target:
        for name in names:
            info = tarfile.TarInfo(name)
            info.mtime, info.uname = 1.5, "größer"
            info.type = tarfile.DIRTYPE if name == "d" else tarfile.REGTYPE
            info.size = 0 if name == "d" else 700
            info.pax_headers = {"comment": "some\nlines = more"} if kind else {}
            target.addfile(info, io.BytesIO(name.encode().ljust(700)))
    with open_tar(file.getvalue(), compressed=False) as entries:
        read = {entry.name: entry.kind == "a folder" or entry.read(700) for entry in entries}
    assert list(read) == names
    assert all(read[name] in (True, name.encode().ljust(700)) for name in names)


def test_a_tar_by_git_is_read() -> None:
    """`git archive` begins with a header for all entries, which holds the commit."""
    file = io.BytesIO()
    with tarfile.open(
        fileobj=file, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "0" * 40}
    ) as target:
        target.addfile(tarfile.TarInfo("x.py"))
    with open_tar(file.getvalue(), compressed=False) as entries:
        assert [entry.name for entry in entries] == ["x.py"]


NAMES = {
    "long": ("n" * (MAX_NAME + 1), "has a name of more than 255 bytes"),
    "long in bytes": ("ü" * 128, "has a name of more than 255 bytes"),
    "deep": ("d/" * MAX_DEPTH + "x.py", "is more than 40 folders deep"),
    "control": ("\x9b2J", "has a control character in its name"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_name_that_no_disk_holds_is_refused(
    tmp_path: Path, toy: Any, make: Any, name: str
) -> None:
    """A long one in a zip ended in an OSError of the file system that was asked for it."""
    path = make(
        tmp_path / ("w.zip" if make is make_zip else "w.tgz"), FILES | {NAMES[name][0]: b""}
    )
    with pytest.raises(Refused, match=NAMES[name][1]):
        take(path, toy)


def test_a_deep_folder_is_refused(tmp_path: Path, toy: Any) -> None:
    """Python's own recursion ended at a thousand folders, as a grader's fault."""
    work = make_folder(tmp_path / "work", FILES)
    Path(work, *["d"] * MAX_DEPTH).mkdir(parents=True)
    assert take(work, toy).files == FILES
    Path(work, *["d"] * (MAX_DEPTH + 1)).mkdir()
    with pytest.raises(Refused, match="is more than 40 folders deep"):
        take(work, toy)


REPOSITORY = {"README.md": b"", "b2_other/src/model.py": b"", "b2_other/src/utils.py": b""}


@pytest.mark.parametrize(
    ("files", "lie", "better"),
    [
        (["b1_toy/src/model.py"], "b1_toy/src", "b1_toy"),
        (["b1_toy/src/model.py", "b1_toy/solution/model.py"], "b1_toy/src", "b1_toy/src"),
        (["b1_toy/src/x.py"], "b2_other/src", "b2_other"),
        (["homework/one/model.py", "homework/one/utils.py"], "homework/one", "homework/one"),
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_whole_repository_is_told_where_the_work_lies(
    tmp_path: Path, toy: Any, shape: str, files: list[str], lie: str, better: str
) -> None:
    """It was refused with the places that are looked at, and not the one to hand in."""
    more = dict.fromkeys(files, MODEL)
    kept = {} if files[0].startswith("homework") else REPOSITORY
    path = SHAPES[shape](tmp_path / shape, {f"repo/{n}": d for n, d in (more | kept).items()})
    with pytest.raises(Refused) as error:
        take(path, toy)
    assert str(error.value) == (f"{path}: your files are in 'repo/{lie}': hand in 'repo/{better}'")


def code(*cells: Any, **more: Any) -> bytes:
    """A notebook of these cells."""
    rows = [{"cell_type": "code", "source": cell} | more for cell in cells]
    return json.dumps({"cells": rows}).encode()


CELLS = {
    "!ls": "pass  # !ls",
    "    %time x = 1": "    pass  # %time x = 1",
    "a, b = !ls": "pass  # a, b = !ls",
    "x.y?\n%x??\n?x": "pass  # x.y?\npass  # %x??\npass  # ?x",
    "x = 7 % 3": "x = 7 % 3",
    "x = (7\n%abs(2))": "x = (7\n%abs(2))",
    "x = 7 \\\n%abs(2)\n!ls": "x = 7 \\\n%abs(2)\npass  # !ls",
    "x = '''\n!ls\n'''\n!ls": "x = '''\n!ls\n'''\npass  # !ls",
    "x = \"'''\"\n!ls": "x = \"'''\"\npass  # !ls",
    "x = '\\''\n!ls": "x = '\\''\npass  # !ls",
    'x = "a"""\n!ls': 'x = "a"""\npass  # !ls',
    'x = r"\\""\n!ls': 'x = r"\\""\npass  # !ls',
    "x = 1  # ( '''\n!ls": "x = 1  # ( '''\npass  # !ls",
    "# a\\\n!ls": "# a\\\npass  # !ls",
    "x = 'a\n!ls": "x = 'a\npass  # !ls",  # the student's own mistake ends with its line
    "x = )\n!ls": "x = )\npass  # !ls",
    "!pip install \\\n  torch \\\n  numpy\nx = 1": (
        "pass  # !pip install \\\n# torch \\\n# numpy\nx = 1"
    ),
    "%%bash\nls\n": "# %%bash\n# ls\n# ",
    "%%time\nx = 1": "pass  # %%time\nx = 1",
}


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_for_ipython_alone_becomes_a_comment(cell: str) -> None:
    """At the beginning of a statement only; Python's own lines stay as they are."""
    assert notebook.cell_source(cell) == CELLS[cell]


def test_a_cell_of_commands_is_read_in_linear_time() -> None:
    """All lines before each were read once more: 60 kB took minutes."""
    with within(SECONDS):
        assert notebook.cell_source("!\n" * 30_000).count("pass") == 30_000


@pytest.mark.parametrize("line", [" " * 200_000 + "x", "x=" + " " * 200_000 + "y", "a, " * 60_000])
def test_white_space_is_read_in_linear_time(line: str) -> None:
    """The pattern of a magic tried all ways to part it: 200 kB took minutes."""
    with within(SECONDS):
        assert notebook.cell_source(line) == line


def test_notebooks_of_other_makers_are_read() -> None:
    """Lines as a list, a byte order mark, numbers of cells that ran or did not, version 3."""
    assert notebook.to_source(BOM + code(["x = 1\n", "y = 2"])) == b"# In[1]\nx = 1\ny = 2\n"
    assert notebook.to_source(code("x", execution_count=7)) == b"# In[7]\nx\n"
    for odd in (None, "1]\nimport os", -1, True, 10**9, 1.5):
        assert notebook.to_source(code("x", execution_count=odd)) == b"# In[1]\nx\n"
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "x", "prompt_number": 3}]}]}
    assert notebook.to_source(json.dumps(old).encode()) == b"# In[3]\nx\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"7" * 100_000, "is not a notebook"),
        (b'{"cells": 7}', "it has no list of cells"),
        (b'{"cells": [7]}', "it has no list of cells"),
        (b'{"worksheets": [[]]}', "it has no list of cells"),
        (code(7), "a code cell has no text"),
        (code([["x"]]), "a code cell has no text"),
        (code(*["x"] * 2001), "has 2001 code cells: at most 2000"),
        (b'{"cells": []}', "without code cells"),
    ],
)
def test_a_malformed_notebook_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(Refused, match=message):
        notebook.to_source(data)
