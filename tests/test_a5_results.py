"""a5's results: what the README says stands in results.json, and the predictions bear it out."""

import json
import os
from pathlib import Path

import pytest

from course import data

A5 = Path(__file__).parent.parent / "a5_mingpt_perceiver"
RUNS = json.loads((A5 / "results" / "results.json").read_text(encoding="utf-8"))
KEYS = {"data", "variant", "pretrained", "accuracy", "correct", "questions", "command", "seed",
        "minutes", "hardware"}  # fmt: skip


def test_a_run_has_all_that_repeats_it():
    for run in RUNS:
        assert set(run) >= KEYS
        assert run["accuracy"] == pytest.approx(100 * run["correct"] / run["questions"], abs=0.05)
        assert all(line.startswith("python a5_mingpt_perceiver/run.py ") for line in run["command"])


def test_the_tables_are_those_of_the_runs():
    lines = (A5 / "results" / "README.md").read_text(encoding="utf-8").splitlines()
    told = {
        (cells[-3], cells[-2], cells[-1])
        for line in lines
        if line.startswith("|")
        and len(cells := [c.strip() for c in line.strip("|").split("|")]) > 3
    }
    for run in RUNS:
        row = (str(run["correct"]), f"{run['accuracy']:.1f} %", str(run["minutes"]))
        assert row in told, f"no row ends with {row}"


@pytest.mark.data
@pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs the real data in $COURSE_DATA")
def test_the_predictions_on_real_data_have_the_accuracy_that_is_told():
    dev = data.load("birthplaces", files=["birth_dev.tsv"])["birth_dev.tsv"]
    answers = [line.split("\t")[1] for line in dev.read_text(encoding="utf-8").splitlines()]
    real = [run for run in RUNS if "predictions" in run]
    assert {run["variant"] for run in real} == {"vanilla", "perceiver"}
    for run in real:
        text = (A5 / "solution" / "predictions" / run["predictions"]).read_text(encoding="utf-8")
        predicted = text.splitlines()
        assert sum(a == b for a, b in zip(predicted, answers, strict=True)) == run["correct"]
