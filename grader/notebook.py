"""A Jupyter notebook -> one Python module, without running any of it, and a module -> a notebook.

Each code cell stands after a comment with its number, `# In[3]`. Lines for IPython alone (%magics,
!commands, help?) become comments behind a `pass`, so that a block which held nothing else still
parses. nbconvert's exporter turns them into calls of IPython, which a worker does not have.

The other way, a module in the percent format (`# %%` begins a cell of code, `# %% [markdown]` one
of text, written as comments) becomes the notebook that students are given.
"""

from __future__ import annotations

import io
import re
import tokenize
import warnings

import nbformat

from grader.errors import BadMarker, Refused

# A magic, a command or a question, alone or assigned to a name, at the start of a statement.
IPYTHON_LINE = re.compile(r"\s*([\w, ]+=\s*)?(%{1,2}[A-Za-z]|!|\?).*|\s*%?[\w.]+\?{1,2}\s*")
CELL = re.compile(r"# %%( \[markdown\])?")  # begins a cell of the percent format
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
PYTHON_CELLS = {"time", "timeit", "capture", "prun"}  # %%magics whose body is Python


def to_source(data: bytes) -> bytes:
    """The module that the notebook in `data` amounts to; raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without ids, in notebooks of older versions
            book = nbformat.reads(data.decode("utf-8"), as_version=4)
            nbformat.validate(book)
    except UnicodeDecodeError:
        raise Refused("is not UTF-8 text") from None
    except Exception as error:  # nbformat has no one class for what is no notebook
        reason = str(error).partition("\n")[0][:200]
        raise Refused(f"is not a notebook: {reason}") from None
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    if not cells:
        raise Refused("is a notebook without a code cell")
    text = "\n".join(
        f"# In[{cell.execution_count or number}]\n{cell_source(cell.source)}\n"
        for number, cell in enumerate(cells, start=1)
    )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # JSON can write half a character, "\\ud800"
        raise Refused("has half a character in a code cell: it is not text") from None


def from_source(source: str, where: str) -> str:
    """The notebook, as JSON, of a module in the percent format; `where` names it in errors.

    The same module gives the same bytes. Raises BadMarker for code before the first cell.
    """
    cells: list[tuple[str, list[str]]] = []
    for number, line in enumerate(source.splitlines(), start=1):
        begins = CELL.fullmatch(line)
        if begins:
            cells.append(("markdown" if begins[1] else "code", []))
        elif cells:
            cells[-1][1].append(line)
        elif line.strip():
            raise BadMarker(f"{where}:{number}: stands before the first cell, '# %%'")
    made = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    for number, (kind, lines) in enumerate(cells, start=1):
        if kind == "markdown":
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines).strip("\n")
            cell = nbformat.v4.new_markdown_cell(text)
        else:
            cell = nbformat.v4.new_code_cell("\n".join(lines).strip("\n"))
        cell["id"] = f"cell-{number}"  # nbformat's own are drawn at random
        made.cells.append(cell)
    return nbformat.writes(made) + "\n"


def cell_source(source: str) -> str:
    """One cell's text as Python."""
    magic = re.match(r"\s*%%(\w+)", source)
    lines = source.split("\n")
    if magic and magic[1] not in PYTHON_CELLS:
        return "\n".join(f"# {line}" for line in lines)
    done: list[str] = []
    for line in lines:
        if IPYTHON_LINE.fullmatch(line) and _statement_begins(done):
            indent = line[: len(line) - len(line.lstrip())]
            line = f"{indent}pass  # {line.strip()}"
        done.append(line)
    return "\n".join(done)


def _statement_begins(lines: list[str]) -> bool:
    """Whether the line after `lines` begins a statement: not inside brackets or a long string."""
    if lines and lines[-1].endswith("\\"):
        return False
    try:
        list(tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline))
    except tokenize.TokenError:
        return False
    except SyntaxError:  # the student's own; Python will name it
        return True
    return True
