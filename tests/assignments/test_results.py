"""What the results' READMEs say stands in their results.json, and the predictions bear it out."""

import json
import os
from pathlib import Path
from statistics import mean

import pytest

from course import data
from tests.programs import ROOT

A1, A5 = ROOT / "a1_makemore", ROOT / "a5_mingpt_perceiver"
KEYS = {"data", "command", "seed", "minutes", "hardware"}


def runs(assignment: Path) -> list[dict]:
    return json.loads((assignment / "results" / "results.json").read_text(encoding="utf-8"))


def readme(assignment: Path) -> str:
    return (assignment / "results" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("assignment", [A1, A5], ids=lambda path: path.name)
def test_a_run_has_all_that_repeats_it(assignment):
    for run in runs(assignment):
        assert set(run) >= KEYS
        start = f"python {assignment.name}/run.py "
        assert all(line.startswith(start) for line in run["command"])


def test_a1s_losses_are_those_of_its_runs():
    text = readme(A1)
    for run in runs(A1):
        assert f"{run['dev']:.4f}" in text, run["command"]
    published = mean(run["dev"] for run in runs(A1) if run["recipe"] == "published")
    for document in (text, (ROOT / "README.md").read_text(encoding="utf-8")):
        assert f"{published:.3f}" in document


def test_a5s_tables_are_those_of_its_runs():
    lines = readme(A5).splitlines()
    told = {
        (cells[-3], cells[-2], cells[-1])
        for line in lines
        if line.startswith("|")
        and len(cells := [c.strip() for c in line.strip("|").split("|")]) > 3
    }
    for run in runs(A5):
        row = (str(run["correct"]), f"{run['accuracy']:.1f} %", str(run["minutes"]))
        assert row in told, f"no row ends with {row}"
        assert run["accuracy"] == pytest.approx(100 * run["correct"] / run["questions"], abs=0.05)


@pytest.mark.data
@pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs the real data in $COURSE_DATA")
def test_the_predictions_on_real_data_have_the_accuracy_that_is_told():
    dev = data.load("birthplaces", files=["birth_dev.tsv"])["birth_dev.tsv"]
    answers = [line.split("\t")[1] for line in dev.read_text(encoding="utf-8").splitlines()]
    real = [run for run in runs(A5) if "predictions" in run]
    assert {run["variant"] for run in real} == {"vanilla", "perceiver"}
    for run in real:
        text = (A5 / "results" / "predictions" / run["predictions"]).read_text(encoding="utf-8")
        predicted = text.splitlines()
        assert sum(a == b for a, b in zip(predicted, answers, strict=True)) == run["correct"]
