"""a1's notebook: the skeleton once more, handed in instead of src/, its failing cells named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from grader.assignment import find
from grader.authoring import notebook, skeleton
from grader.errors import BadMarker
from grader.intake.submission import Tree, take
from grader.verdict.check import check
from grader.verdict.grade import Options, grade
from grader.verdict.result import Outcome, Result
from tests.flat import flat_imports

A1 = find("a1")
SOURCE = (A1.solution / "makemore.py").read_text(encoding="utf-8")


def filled_in(tmp_path: Path, change=lambda cells: None) -> Tree:
    """The reference's notebook, its cells first changed in place, as a submission."""
    book = json.loads(notebook.from_source(SOURCE, "makemore.py"))
    change(book["cells"])
    path = tmp_path / "makemore.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    return take(path, A1)


def code(text: str) -> dict:
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "source": text}
    return cell | {"outputs": [], "execution_count": None}


def messages(result: Result) -> set[str]:
    return {test.message for test in result.tests}


def test_the_notebook_has_the_skeletons_code_and_text() -> None:
    """Cell for cell the same lines as src/makemore.py; written in nbformat's own shape."""
    text = (A1.root / "makemore.ipynb").read_text(encoding="utf-8")
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    module = skeleton.build(A1)["src/makemore.py"]
    found = [line.lstrip("# ") for cell in book.cells for line in cell.source.splitlines()]
    wanted = [line.lstrip("# ") for line in module.splitlines() if not line.startswith("# %%")]
    assert list(filter(None, found)) == list(filter(None, wanted))
    assert {cell.cell_type for cell in book.cells} == {"code", "markdown"}


def test_the_notebook_as_it_is_given_is_not_implemented() -> None:
    result = check(A1, take(A1.root / "makemore.ipynb", A1))
    assert {test.outcome for test in result.tests} == {Outcome.NOT_IMPLEMENTED}


def test_a_notebook_that_is_filled_in_is_graded_as_the_files_are(tmp_path: Path) -> None:
    """Magics, prints and a cell that only Jupyter runs do no harm."""

    def change(cells):
        cells.insert(1, code("%matplotlib inline\n!pip install torch\nimport math"))
        cells.append(code("print('a very long', 'output' * 100)\n%timeit Tanh()"))
        cells.append(code("if __name__ == '__main__':\n    raise SystemExit(1)"))

    tree = filled_in(tmp_path, change)
    for result in (check(A1, tree), grade(A1, tree, Options(isolation="none", quick=True))):
        assert {test.outcome for test in result.tests} == {Outcome.PASSED}


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("x = 1\n1 / 0", "in cell In[2], line 2: ZeroDivisionError: division by zero"),
        ("def f(:\n    pass", "in cell In[2], line 1: SyntaxError: invalid syntax"),
    ],
    ids=["raises", "no Python"],
)
def test_a_cell_that_fails_is_named_by_its_number(tmp_path: Path, cell: str, said: str) -> None:
    tree = filled_in(tmp_path, lambda cells: cells.insert(2, code(cell)))
    result = check(A1, tree, parts=("a",))
    assert {test.outcome for test in result.tests} == {Outcome.ERROR}
    in_full, others = max(messages(result), key=len), min(messages(result), key=len)
    assert said in in_full
    assert others == f"importing your code fails {said.partition(':')[0]}, see above"


def test_hidden_tests_name_the_cell_and_not_the_message(tmp_path: Path) -> None:
    tree = filled_in(tmp_path, lambda cells: cells.insert(2, code("x = 1\n1 / 0")))
    result = grade(A1, tree, Options(isolation="process", parts=("a",)))
    where = "importing your code fails in cell In[2], line 2"
    assert messages(result) == {
        f"{where}: your code raised a ZeroDivisionError",
        f"{where}, see above",
    }
    frame = result.tests[0].frames[-1]
    assert (frame.file, frame.line, frame.source) == ("In[2]", 2, "1 / 0")


def test_the_last_cell_trains_and_writes(capsys) -> None:
    """Run as a program, as Jupyter does: the quick look at the end, some steps of it."""
    source = SOURCE.replace("max_steps=1000", "max_steps=5")
    source = source.replace("names = build()", "names = build(200)")
    with flat_imports(A1.root / "given"):
        exec(compile(source, "makemore.py", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("loss at first 3.") and printed[1].startswith("dev loss ")
    assert len(printed[2].split(" ")) == 10


def test_the_same_module_gives_the_same_notebook() -> None:
    """Cell ids are no random ones, else `grader skeleton --check` would never be content."""
    assert notebook.from_source(SOURCE, "a.py") == notebook.from_source(SOURCE, "a.py")


def test_code_before_the_first_cell_is_refused() -> None:
    with pytest.raises(BadMarker, match=r"a\.py:2: comes before the first cell, '# %%'"):
        notebook.from_source("\nimport math\n# %%\nx = 1\n", "a.py")


def test_an_edited_notebook_is_seen(tmp_path: Path) -> None:
    """`grader skeleton --check` reads the notebook as it reads src/."""
    here = replace(A1, root=tmp_path)
    for name, text in skeleton.build(A1).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "solution").symlink_to(A1.solution)
    assert skeleton.check(here) == []
    (tmp_path / "makemore.ipynb").write_text("{}", encoding="utf-8")
    assert skeleton.check(here) == ["makemore.ipynb differs from the solution"]
