"""a2's results: the table of 422 cells, and the report that rests on it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from statistics import mean
from types import SimpleNamespace

import pytest

from course import results
from tests.flat import flat_imports
from tests.programs import ROOT

A2 = ROOT / "a2_bigram_bow"
RESULTS = A2 / "results"
SETTING = ("tinyshakespeare", 1337, 5000, 64, 200)


@pytest.fixture(scope="module")
def a2() -> Iterator[SimpleNamespace]:
    """The modules report and table, our rows and the published ones."""
    with flat_imports(A2 / "solution", A2 / "given"):
        report, table = importlib.import_module("report"), importlib.import_module("table")
        rows = table.of_cells(RESULTS / "table.csv").read()
        published = report.read_published()
        yield SimpleNamespace(report=report, table=table, rows=rows, published=published)


def test_the_figures_of_results_json_are_the_tables(a2):
    (run,) = results.read(A2).runs
    sizes = [abs(o["val_loss"] - t["val_loss"]) for o, t in a2.report.pair(a2.rows, a2.published)]
    best = min(row["val_loss"] for row in a2.rows if row["model"] == "bow_v2")
    assert run.figures["cells"] == len(a2.rows)
    assert run.figures["mean_absolute_difference"] == pytest.approx(mean(sizes), abs=5e-5)
    assert run.figures["largest_difference"] == pytest.approx(max(sizes), abs=5e-5)
    assert run.figures["best_bow_v2"] == pytest.approx(best, abs=5e-5)


def test_every_published_cell_is_there_once_in_the_studys_setting(a2):
    ours = [a2.report.key(row) for row in a2.rows]
    assert len(ours) == len(set(ours)) == 422
    assert set(ours) == {a2.report.key(row) for row in a2.published}
    assert {tuple(row[name] for name in a2.table.SETTING) for row in a2.rows} == {SETTING}


def test_the_validation_losses_are_near_the_published_ones(a2):
    differences = [
        abs(ours["val_loss"] - theirs["val_loss"])
        for ours, theirs in a2.report.pair(a2.rows, a2.published)
    ]
    assert sum(differences) / len(differences) <= 0.02
    assert max(differences) <= 0.06


def test_the_readmes_say_what_the_table_says(a2):
    pairs = a2.report.pair(a2.rows, a2.published)
    sizes = [abs(ours["val_loss"] - theirs["val_loss"]) for ours, theirs in pairs]
    told = (RESULTS / "README.md").read_text(encoding="utf-8")
    report = (RESULTS / "report.md").read_text(encoding="utf-8")
    verdicts = [line for line in report.splitlines() if "| true |" in line or "| false |" in line]
    assert len(verdicts) == 9 and all(line in told for line in verdicts)
    assert f"by {sum(sizes) / len(sizes):.4f} in the mean" in told
    assert f"by {max(sizes):.4f} at most" in told.replace("\n", " ")
    handout = (A2 / "README.md").read_text(encoding="utf-8")
    for model in ("bow_v2", "bow", "bigram_v2", "bigram", "bigram_mf"):
        best = min(
            (pair for pair in pairs if pair[0]["model"] == model), key=lambda p: p[1]["val_loss"]
        )
        losses = [f"{row['train_loss']:.4f} / {row['val_loss']:.4f}" for row in best[::-1]]
        assert " | ".join(losses) in handout, model


def test_the_report_is_the_tables(a2, tmp_path):
    a2.report.write(a2.rows, tmp_path)
    for name in ("report.md", "heat_map.png"):
        assert (RESULTS / name).exists(), name
    assert (tmp_path / "report.md").read_text() == (RESULTS / "report.md").read_text()
