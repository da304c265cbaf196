"""play_char.ipynb runs from top to bottom, and what a reader sees in it is so."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from grader.assignment import CHECKOUT

ASSIGNMENT = CHECKOUT / "a5_mingpt_perceiver"
NOTEBOOK = ASSIGNMENT / "play_char.ipynb"
KERNEL = "this-python"
CELL_SECONDS = 240  # the slowest cell trains for some 15 s; only a hang takes so long
PAD = "\u25a1"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a kernel that is this Python, whatever kernels the machine has."""
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
    }
    folder = tmp_path / "jupyter" / "kernels" / KERNEL
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return KERNEL


def execute(kernel: str) -> nbformat.NotebookNode:
    """The notebook with its outputs; a cell that raises raises here, with its traceback."""
    from nbconvert.preprocessors import ExecutePreprocessor
    from traitlets.config import Config

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # No ports, not even local ones. A socket's path may have about 100 characters, so not tmp_path.
    with tempfile.TemporaryDirectory(prefix="nb") as sockets:
        manager = {"transport": "ipc", "ip": f"{sockets}/k", "connection_file": f"{sockets}/k.json"}
        preprocessor = ExecutePreprocessor(
            kernel_name=kernel, timeout=CELL_SECONDS, config=Config({"KernelManager": manager})
        )
        preprocessor.preprocess(notebook, {"metadata": {"path": str(ASSIGNMENT)}})
    return notebook


def printed(notebook: nbformat.NotebookNode) -> str:
    """All that the cells printed."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_it_trains_a_model_that_writes_in_its_alphabet(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the solution the loss begins near ln V and falls, and samples are of known letters."""
    monkeypatch.setenv("PLAY_CHAR_SOURCE", "solution")
    notebook = execute(kernel)
    shown = printed(notebook)

    begin = re.search(r"loss (\S+), ln V (\S+)\n", shown)
    assert float(begin[1]) == pytest.approx(float(begin[2]), abs=0.2)
    losses = re.search(r"(\d+) steps; loss at first (\S+), at last (\S+)\n", shown)
    # Half of it is what guessing each character by its frequency alone does not reach.
    assert float(losses[3]) < 0.5 * float(losses[2])

    alphabet = set(re.search(r"alphabet: (.*)\n", shown)[1]) | {"\n"}
    samples = re.findall(r"^--- .*\n((?:.*\n)*?)(?=\n\n|\n--- |\Z)", shown, flags=re.MULTILINE)
    assert len(samples) == 4
    for sample in samples:
        assert sample.startswith("Ada ")
        assert set(sample) <= alphabet | {PAD}
    images = [out for cell in notebook.cells for out in cell.get("outputs", ()) if "data" in out]
    assert any("image/png" in image.data for image in images)


def test_unfinished_work_is_named(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the skeleton it stops at the first TODO and says its name; src/ is the default."""
    from nbclient.exceptions import CellExecutionError

    monkeypatch.delenv("PLAY_CHAR_SOURCE", raising=False)
    with pytest.raises(CellExecutionError) as error:
        execute(kernel)
    assert (error.value.ename, error.value.evalue) == (
        "NotImplementedError",
        "TODO(c): GPT.forward",
    )


def test_it_is_committed_without_outputs() -> None:
    """Outputs would be a machine's, and would change with each run."""
    cells = [c for c in nbformat.read(NOTEBOOK, as_version=4).cells if c.cell_type == "code"]
    assert cells
    assert [(cell.outputs, cell.execution_count) for cell in cells] == [([], None)] * len(cells)
