"""What the results' READMEs say stands in their results.json, and the predictions bear it out."""

import os
from pathlib import Path
from statistics import mean

import pytest

from course import data, results
from tests.programs import ROOT

A1, A5 = ROOT / "a1_makemore", ROOT / "a5_mingpt_perceiver"
ASSIGNMENTS = sorted(path.parent for path in ROOT.glob("*/assignment.toml"))


def runs(assignment: Path) -> list[results.Run]:
    return results.read(assignment).runs


def readme(assignment: Path) -> str:
    return (assignment / "results" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda path: path.name)
def test_a_run_has_all_that_repeats_it(assignment):
    starts = (f"python {assignment.name}/run.py ", "python benchmarks/")
    for run in runs(assignment):
        assert run.command and all(line.startswith(starts) for line in run.command)
        assert run.hardware and run.minutes > 0


def test_the_table_in_readme_is_made_from_the_runs():
    """`python -m course.results README.md` makes it anew."""
    document = (ROOT / "README.md").read_text(encoding="utf-8")
    assert results.with_table(document, results.table()) == document
    assert all(f"({path.name}/results/README.md)" in document for path in ASSIGNMENTS)


def test_a1s_losses_are_those_of_its_runs():
    text = readme(A1)
    for run in runs(A1):
        assert f"{run.figures['dev']:.4f}" in text, run.command
    published = mean(run.figures["dev"] for run in runs(A1) if run.recipe == "published")
    assert f"{published:.3f}" in text


def test_a5s_tables_are_those_of_its_runs():
    lines = readme(A5).splitlines()
    told = {
        (cells[-3], cells[-2], cells[-1])
        for line in lines
        if line.startswith("|")
        and len(cells := [c.strip() for c in line.strip("|").split("|")]) > 3
    }
    for run in runs(A5):
        correct, accuracy = int(run.figures["correct"]), run.figures["accuracy"]
        row = (str(correct), f"{accuracy:.1f} %", str(run.minutes))
        assert row in told, f"no row ends with {row}"
        assert accuracy == pytest.approx(100 * correct / run.figures["questions"], abs=0.05)


@pytest.mark.data
@pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs the real data in $COURSE_DATA")
def test_the_predictions_on_real_data_have_the_accuracy_that_is_told():
    dev = data.load("birthplaces", files=["birth_dev.tsv"])["birth_dev.tsv"]
    answers = [line.split("\t")[1] for line in dev.read_text(encoding="utf-8").splitlines()]
    real = [run for run in runs(A5) if run.predictions]
    assert {run.recipe.split(",")[0] for run in real} == {"vanilla", "perceiver"}
    for run in real:
        text = (A5 / "results" / "predictions" / run.predictions).read_text(encoding="utf-8")
        predicted = text.splitlines()
        assert (
            sum(a == b for a, b in zip(predicted, answers, strict=True)) == run.figures["correct"]
        )
