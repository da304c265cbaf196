"""a5's study, one factor at a time: its cells, and that no finished one runs again."""

import csv
import importlib
from pathlib import Path

import pytest

from course.errors import UserError
from tests.flat import flat_imports
from tests.programs import ROOT

A5 = ROOT / "a5_mingpt_perceiver"


@pytest.fixture
def study(monkeypatch):
    """The module, whose run.py answers at once: 30 of 40 right, but for one cell that fails."""
    with flat_imports(A5 / "solution", A5 / "given"):
        module = importlib.import_module("study")
    module.calls = []

    def call(function: str, *options: str) -> str:
        module.calls.append((function, *options))
        if "muon" in options and module.broken:
            raise UserError("run.py pretrain: broken")
        if function == "pretrain":
            return "step 9: loss 0.500000; weights in x"
        return "Correct: 30.0 out of 40.0: 75.0%" if function == "evaluate" else ""

    module.broken = False
    monkeypatch.setattr(module, "call", call)
    return module


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "study.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_factor_at_a_time(study, tmp_path):
    assert study.main(["--out", str(tmp_path), "--factors", "span_share", "--seeds", "0", "1"]) == 0
    rows = rows_of(tmp_path)
    found = {(row["factor"], row["value"], row["seed"]) for row in rows}
    wanted = [("base", ""), ("span_share", "0.1"), ("span_share", "0.5")]
    assert found == {(*cell, seed) for cell in wanted for seed in "01"}
    assert {row["accuracy"] for row in rows} == {"75.0"}
    assert (tmp_path / "study.png").read_bytes().startswith(b"\x89PNG")
    pretrained = [call for call in study.calls if call[0] == "pretrain"]
    shares = sorted(call[call.index("--span_share") + 1] for call in pretrained)
    assert shares == ["0.1", "0.1", "0.25", "0.25", "0.5", "0.5"]
    assert {call[call.index("--optimizer") + 1] for call in pretrained} == {"adamw"}


def test_a_finished_cell_is_not_run_again(study, tmp_path):
    options = ["--out", str(tmp_path), "--processes", "1", "--factors", "optimizer"]
    study.broken = True
    with pytest.raises(UserError, match="broken"):
        study.main(options)
    assert [row["factor"] for row in rows_of(tmp_path)] == ["base"]
    study.broken = False
    study.calls.clear()
    assert study.main(options) == 0
    assert [call[0] for call in study.calls] == ["pretrain", "finetune", "evaluate"]
    assert "muon" in study.calls[0]
    assert [row["factor"] for row in rows_of(tmp_path)] == ["base", "optimizer"]


def test_another_table_is_not_overwritten(study, tmp_path):
    (tmp_path / "study.csv").write_text("name,age\nAda,36\n")
    with pytest.raises(UserError, match="is not a table of a study"):
        study.main(["--out", str(tmp_path)])
    assert (tmp_path / "study.csv").read_text() == "name,age\nAda,36\n"
