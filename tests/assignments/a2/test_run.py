"""a2's run.py from the command line: what it prints, what it refuses, and life after a kill."""

from __future__ import annotations

import csv
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from course.errors import run_main
from tests.flat import flat_imports
from tests.programs import ROOT, environment, error_of, killed, python

RUN = ROOT / "a2_bigram_bow" / "run.py"
COLUMNS = "data,seed,steps,batch_size,eval_batches,model,pe_type,block_size,n_embd,learning_rate"
COLUMNS += ",train_loss,val_loss,seconds"
SHORT = ("--solution", "--steps", 6, "--batch_size", 4, "--eval_batches", 2)


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    return python(RUN, *arguments, cwd=cwd)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_train_resumed_evaluate_and_sample(tmp_path):
    one = ("--model", "bow", "--pe-type", "sinpe", "--n-embd", 8, "--out", "one", *SHORT)
    done = run("train", *one, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    losses = [line for line in done.stdout.splitlines() if "loss" in line]
    again = run("train", *one, cwd=tmp_path)
    assert losses == [line for line in again.stdout.splitlines() if "loss" in line]
    told = run("evaluate", *one, cwd=tmp_path)
    assert told.stdout.splitlines() == losses
    text = run("sample", *one, "--length", 20, "--prompt", "be", cwd=tmp_path)
    assert text.stdout.startswith("be") and len(text.stdout) == 23


def test_after_kill_9_a_training_ends_with_the_same_weights(tmp_path):
    one = ["train", "--model", "bow_v2", "--n_embd", 8, "--checkpoint_seconds", 0, *SHORT, "--out"]
    first = killed(RUN, *one, "run", cwd=tmp_path, count=4)
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert not (tmp_path / "run" / "model.params").exists()
    resumed = run(*one, "run", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    whole = run(*one, "whole", cwd=tmp_path)
    assert resumed.stdout == whole.stdout.replace("whole", "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))
    assert config["resumed_steps"] == [3]
    other = error_of(run(*one[:-3], "--out", "whole", cwd=tmp_path))
    assert other.startswith("whole holds a run with ")


def test_a_run_of_other_code_is_not_taken_up(tmp_path):
    copy = tmp_path / "a2_bigram_bow"
    shutil.copytree(RUN.parent, copy, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    one = ("train", *SHORT, "--out", "run")
    assert python(copy / "run.py", *one, cwd=tmp_path).returncode == 0
    with (copy / "solution" / "bow.py").open("a", encoding="utf-8") as file:
        file.write("# mended\n")
    error = error_of(python(copy / "run.py", *one, cwd=tmp_path))
    assert error.startswith("run holds a run of other code (it has changed since): ")


def test_a_sweep_goes_on_repeats_nothing_and_is_reported(tmp_path):
    lists = ("sweep", "--model", "bigram,bow", "--n_embd", 8, "--lr", "1e-2,1e-3", *SHORT)
    first = run(*lists, "--pe_type", "rope", "--processes", 1, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("4 cells trained, 0 already done")
    folder = tmp_path / "runs" / "a2_bigram_bow" / "embedded_sweep_solution"
    before = rows(folder / "table.csv")
    second = run(*lists, "--pe_type", "randn,rope", "--processes", 1, "--plain", cwd=tmp_path)
    assert second.stdout.startswith("2 cells trained, 4 already done")
    after = rows(folder / "table.csv")
    assert after[:4] == before and len(after) == 6
    told = run("report", "--solution", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "6 cells: data embedded, seed 1337" in told.stdout and "not measured" in told.stdout
    pictures = {path.name for path in folder.glob("*.png")}
    assert {"heat_map.png", "loss_by_block_size.png", "loss_by_pe_type.png"} <= pictures


def test_an_error_ends_a_sweep_before_the_cells_that_have_not_begun(tmp_path):
    copy = tmp_path / "a2_bigram_bow"
    shutil.copytree(RUN.parent, copy, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    broken = """
def build(cell, vocab_size):
    import signal
    with open("built.txt", "a+") as file:
        file.write("one\\n")
        file.seek(0)
        begun = len(file.readlines())
    if begun > 1:
        signal.pause()  # until the sweep ends this process
    raise RuntimeError("this cell cannot be built")
"""
    with (copy / "solution" / "grid.py").open("a", encoding="utf-8") as file:
        file.write(broken)
    lists = ("--plain", "--pe_type", "rope", "--n_embd", "2,4,6,8,10,12,14,16", "--processes", 1)
    done = python(copy / "run.py", "sweep", *lists, *SHORT, cwd=tmp_path)
    assert "this cell cannot be built" in done.stderr
    assert len((tmp_path / "built.txt").read_text().splitlines()) <= 2  # of 16


@pytest.mark.slow
def test_a_killed_sweep_keeps_its_cells(tmp_path):
    """Killed in the middle, no process of the sweep stays, and it goes on with the other cells."""
    options = "--model bow,bow_v2 --block_size 8,16 --solution --steps 150 --processes 1"
    lists = ["sweep", *options.split()]
    process = subprocess.Popen(
        [sys.executable, str(RUN), *lists],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    table = tmp_path / "runs" / "a2_bigram_bow" / "embedded_sweep_solution" / "table.csv"
    while not table.exists() and process.poll() is None:
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)  # the output's end: the workers are gone too
    kept = rows(table)
    assert kept
    done = run(*lists, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(table)[: len(kept)] == kept and len(rows(table)) == 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "--model", "bag"), "bag"),
        (("sweep", "--pe_type", "rope,sine"), "randn, sinpe, rope"),
        (("sweep", "--grid", "all"), "published-bow"),
        (("train", "--n_embd", 7), "even"),
        (("train", "--lr", 0), "above 0"),
        (("train", "--lr", "inf"), "at most"),
        (("train", "--batch_size", 10**12), "at most"),
        (("train", "--checkpoint_seconds", "nan"), "above 0"),
        (("train", "--out", "x" * 300), "File name too long"),
        (("report", "--table", "x" * 300), "File name too long"),
        (("report", "--table", "whole.csv", "--out", "other.csv"), "other.csv"),
        (("report", "--table", "torn.csv"), "torn.csv, line 2"),
        (("report", "--table", "odd.csv"), "odd.csv: bow cosine"),
        (("report", "--table", "long.csv"), "field larger than field limit"),
        (("sweep", "--block_size", "8,0"), "above 0"),
        (("sweep", "--processes", 0), "above 0"),
        (("train", "--block_size", 40_000), "at most 4,096"),
        (("evaluate",), "model.params"),
        (("sample", "--length", -1), "above 0"),
        (("report",), "no cells"),
        (("report", "--table", "other.csv"), "no column"),
    ],
)
def test_what_a_user_got_wrong_is_one_line(tmp_path, monkeypatch, capsys, arguments, said):
    """In this process, which is faster than a command: the folder's flat modules go again."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    tables = ("whole", "rope", 2), ("torn", "rope", ""), ("odd", "cosine", 2)
    for name, pe_type, loss in tables:
        line = f"embedded,1,9,4,2,bow,{pe_type},8,8,0.1,2,{loss},0.1"
        (tmp_path / f"{name}.csv").write_text(f"{COLUMNS}\n{line}\n")
    (tmp_path / "long.csv").write_text(f"{COLUMNS}\n{'x' * 200_000}\n")
    with flat_imports(RUN.parent / "solution", RUN.parent / "given"):
        main = importlib.import_module("commands").main
        code = run_main(main, [*map(str, arguments), "--solution"])
    told = capsys.readouterr()
    assert code == 2
    assert told.err.startswith("error: ") and told.err.count("\n") == 1
    assert said in told.err and told.out == ""


def test_a_word_in_a_list_of_numbers_is_named(capsys):
    """It said "invalid list of ints value: '8,x'", below twenty lines of usage."""
    with flat_imports(RUN.parent / "solution", RUN.parent / "given"):
        main = importlib.import_module("commands").main
        with pytest.raises(SystemExit, match="2"):
            run_main(main, ["sweep", "--block_size", "8,x"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "'x' is not a whole number" in line


def test_another_settings_table_is_not_mixed(tmp_path):
    lists = ("sweep", "--model", "bigram", "--processes", 1, *SHORT)
    assert run(*lists, cwd=tmp_path).returncode == 0
    other = run(*lists, "--seed", 1, cwd=tmp_path)
    assert "seed 1337" in error_of(other)
