"""A module in the percent format -> the notebook that students are given.

`# %%` begins a cell of code, `# %% [markdown]` one of text, written as comments.
"""

from __future__ import annotations

from grader.errors import BadMarker

CELL = "# %%"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def from_source(source: str, where: str) -> str:
    """The notebook, as JSON, of a module in the percent format; `where` names it in errors.

    The same module gives the same bytes. Raises BadMarker for code before the first cell.
    """
    for number, line in enumerate(source.splitlines(), start=1):
        if line.startswith(CELL):
            break
        if line.strip():
            raise BadMarker(f"{where}:{number}: comes before the first cell, {CELL!r}")
    import jupytext  # takes half a second, and a grade rarely needs it
    import nbformat

    notebook = jupytext.reads(source, fmt="py:percent")
    notebook.metadata = {"kernelspec": KERNEL}
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"], cell["metadata"] = f"cell-{number}", {}  # nbformat draws ids at random
    text: str = nbformat.writes(notebook)
    return text + "\n"
