"""minBERT's run.py from the command line: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.programs import ROOT, error_of, killed, python

RUN = ROOT / "default_project_minbert" / "run.py"
COMMON = ("--solution", "--device", "cpu", "--threads", "1", "--seed", "7")
HEADER = "\tid\tsentence\tsentiment\n"
GRADED = [("good", 3), ("very good", 4), ("bad", 1), ("very bad", 0), ("fine", 2)] * 8
ROWS = [f"{n}\ts{n}\tthe plot is {words} .\t{grade}\n" for n, (words, grade) in enumerate(GRADED)]


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    return python(RUN, *arguments, *COMMON, cwd=cwd)


def small(folder: Path) -> list[object]:
    """Flags for five sentences in place of the embedded ones."""
    (folder / "some.csv").write_text("".join([HEADER, *ROWS]), encoding="utf-8")
    splits = ("train", "dev", "test")
    return [part for split in splits for part in (f"--sst_{split}", "some.csv")]


def test_sentiment_prints_the_scores_and_predict_gives_the_same_answers(tmp_path: Path) -> None:
    files = [*small(tmp_path)[:4]]
    first = run("sentiment", *files, "--epochs", 40, "--out", "run", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    assert lines[1] == "dev accuracy 1.000, macro F1 1.000"
    assert lines[2].split()[:3] == ["label", "said", "0"] and len(lines) == 9
    assert lines[3].split() == ["0", "8", "0", "0", "0", "0"]
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"config.json", "metrics.jsonl", "loss.png", "tb", "checkpoint.pt"} <= names
    written = (tmp_path / "run/predictions/sst-dev-output.csv").read_text()
    assert written.splitlines()[:2] == ["id \t Predicted_Sentiment ", "s0 , 3 "]

    model = ("--model", "run/model")
    again = run("predict", *model, *files, "--out", "again", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "40 predictions in again/sst-dev-output.csv, dev score 1.000" in again.stdout
    assert (tmp_path / "again/sst-dev-output.csv").read_text() == written
    integers = run("predict", *model, *files, "--int8", "--out", "integers", cwd=tmp_path)
    assert "40 predictions in integers/sst-dev-output.csv, dev score 1.000" in integers.stdout

    one = run("predict", *model, "the plot is very bad .", cwd=tmp_path)
    assert one.stdout == "sentiment 0: the plot is very bad .\n"
    two = run("predict", *model, "--pair", "a", "b", cwd=tmp_path)
    assert "this one knows sentiment only" in error_of(two)


def test_multitask_on_the_embedded_data(tmp_path: Path) -> None:
    flags = ("--steps", 6, "--heads_first", 2, "--rlayer", "--calibrate", "--order", "annealed")
    result = run("multitask", *flags, "--out", "run", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "dev, best at step 6: sst 0." in result.stdout
    predictions = {path.name for path in (tmp_path / "run/predictions").iterdir()}
    tasks = ("sst-dev", "sst-test", "para-dev", "sts-dev", "sts-test")
    assert predictions == {f"{name}-output.csv" for name in tasks}
    described = json.loads((tmp_path / "run/model/model.json").read_text())
    assert described["pair_head"] == "relational"
    again = run("predict", "--model", "run/model", "--out", "again", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    folders = (tmp_path / "run/predictions", tmp_path / "again")
    written, found = ((folder / "para-dev-output.csv").read_text() for folder in folders)
    assert found == written
    answer = run("predict", "--model", "run/model", "--pair", "did he ?", "was he ?", cwd=tmp_path)
    assert [line.split()[0] for line in answer.stdout.splitlines()] == [
        "is_duplicate",
        "similarity",
    ]


@pytest.mark.parametrize("where", ["save", "fsync"])
def test_after_kill_9_the_same_command_ends_at_the_same_loss(tmp_path: Path, where: str) -> None:
    flags = (*small(tmp_path), "--steps", 6, "--checkpoint_seconds", 0, *COMMON, "--out")
    first = killed(RUN, "sentiment", *flags, "run", cwd=tmp_path, count=4, where=where)
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert not (tmp_path / "run" / "model").exists()
    resumed = python(RUN, "sentiment", *flags, "run", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    whole = python(RUN, "sentiment", *flags, "whole", cwd=tmp_path)
    assert whole.stdout.startswith("step 6: loss ")
    assert resumed.stdout == whole.stdout.replace("whole", "run")

    other = python(RUN, "sentiment", *flags, "run", "--lr", "0.01", cwd=tmp_path)
    assert "holds a run with lr 0.001, this one has 0.01" in error_of(other)
    other = python(RUN, "sentiment", *flags, "run", "--heads_lr", "0.01", cwd=tmp_path)
    assert "holds a run with heads_lr 0.001, this one has 0.01" in error_of(other)


def test_compare_writes_a_table_and_a_picture_and_does_nothing_twice(tmp_path: Path) -> None:
    choices = ("round robin", "one after another", "PCGrad", "no training", "bag of words")
    flags = ("compare", "--choices", *choices, "--seeds", 3, "--steps", 6, "--out", "run")
    flags += ("--processes", 2)
    first = run(*flags, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("0 trainings are in run/compare.csv, 5 left to run\n")
    assert 'the claim "separate heads and round robin is best" is ' in first.stdout
    with (tmp_path / "run/compare.csv").open() as file:
        rows = list(csv.DictReader(file))
    after = [row["after"] for row in rows if row["choice"] == "one after another"]
    assert after == ["sst", "quora", "end"]
    assert len(rows) == 7
    untrained = next(row for row in rows if row["choice"] == "no training")
    assert untrained["sst"] == untrained["mean"] == "" and untrained["sts"] != ""
    assert (tmp_path / "run/compare.png").read_bytes().startswith(b"\x89PNG")

    again = run(*flags, cwd=tmp_path)
    assert again.stdout.startswith("5 trainings are in run/compare.csv, 0 left to run\n")
    other = run(*flags[:-4], "--steps", 9, "--out", "run", cwd=tmp_path)
    assert "holds a comparison with steps 6, this one has 9" in error_of(other)


def test_probe_has_a_column_for_each_task(tmp_path: Path) -> None:
    result = run("probe", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["on", "dev", "sst", "cfimdb", "quora", "sts"]
    assert lines[1].split()[2:4] == ["-", "-"]
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\tid\tsentence\n0\ta\tgood\n", "bad.csv, line 1: there is no column 'sentiment'"),
        (HEADER + "0\ta\tgood\t5\n", "bad.csv, line 2: sentiment '5' is not valid"),
        (HEADER + "0\ta\t\t3\n", "bad.csv, line 2: the sentence is empty"),
        (b"\tid\tsentence\tsentiment\n0\ta\t\xff\t3\n", "bad.csv, line 2: byte 0xff is not UTF-8"),
        (None, "cannot read bad.csv: No such file or directory"),
    ],
)
def test_a_bad_file_is_one_line_and_exit_code_2(
    tmp_path: Path, content: str | bytes | None, words: str
) -> None:
    if content is not None:
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "bad.csv").write_bytes(raw)
    result = run("sentiment", "--sst_train", "bad.csv", cwd=tmp_path)
    assert words in error_of(result)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("sentiment", "--lr", "0"), "--lr 0.0: it must be above 0"),
        (("sentiment", "--hidden_dropout_prob", "1"), "--hidden_dropout_prob 1.0: must be"),
        (("multitask", "--heads_first", "9", "--steps", "9"), "it must be below the 9 steps"),
        (("multitask", "--data", "minbert"), "--data minbert needs --weights"),
        (("sentiment", "--weights", "empty"), "empty has no config.json"),
        (("predict",), "predict needs --model"),
        (("predict", "--model", "empty"), "empty has no model.json"),
    ],
)
def test_bad_flags_are_one_line_and_exit_code_2(
    tmp_path: Path, flags: tuple[str, ...], words: str
) -> None:
    (tmp_path / "empty").mkdir()
    assert words in error_of(run(*flags, cwd=tmp_path))
