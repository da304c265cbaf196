"""Hostile notebooks: depth, size, types and magics."""

from __future__ import annotations

import json
from pathlib import Path

from tests.hostile.archives.writing import write_notebook, write_raw_notebook


def encoding_in_a_notebook(folder: Path) -> Path:
    """A notebook whose first line, the module's second, declares an encoding.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_notebook(folder, "# coding: unicode_escape")


def notebook_exclamation_marks(folder: Path) -> Path:
    """A notebook with thirty thousand commands of IPython's, a cell of which took minutes to read.

    layer: submission
    outcome: as without it
    plain: not run
    """
    return write_notebook(folder, "!\n" * 30_000)


def magic_white_space(folder: Path) -> Path:
    """A notebook with 200 kB of white space before no magic, which took minutes to read.

    layer: submission
    outcome: as without it
    plain: not run
    """
    space = " " * 19_900
    return write_notebook(folder, "\n".join([f"x={space}1", space, space.replace(" ", "\t")] * 4))


def notebook_open_brackets(folder: Path) -> Path:
    """A notebook of brackets, quotes and backslashes that never end, and a magic after each.

    layer: own process
    outcome: error
    plain: not run
    """
    return write_notebook(folder, "((\n!ls\n'''\n%x\n\\\n?y\n" * 10_000)


def notebook_deep(folder: Path) -> Path:
    """A notebook that is a million lists in one another.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_raw_notebook(folder, b"[" * 1_000_000)


def notebook_huge_number(folder: Path) -> Path:
    """A notebook that is a number of ten million digits.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_raw_notebook(folder, b'{"cells": [' + b"7" * 10_000_000 + b"]}")


def notebook_many_cells(folder: Path) -> Path:
    """A notebook of three hundred thousand empty cells.

    layer: submission
    outcome: refused
    plain: not run
    """
    cell = b'{"cell_type": "code", "source": ""}'
    return write_raw_notebook(folder, b'{"cells": [' + b",".join([cell] * 300_000) + b"]}")


def notebook_lists(folder: Path) -> Path:
    """A notebook of a million empty lists, which take far more memory than disk.

    layer: submission
    outcome: refused
    plain: not run
    """
    return write_raw_notebook(folder, b'{"cells": [' + b",".join([b"[]"] * 1_000_000) + b"]}")


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
    return write_raw_notebook(folder, json.dumps({"cells": cells}).encode())
