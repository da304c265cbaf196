"""a1's run.py from the command line: what it prints, what it refuses, and life after a kill -9."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
import torch

from tests.programs import ROOT, killed, python

RUN = ROOT / "a1_makemore" / "run.py"
SMALL = ["--n_embd", "4", "--n_hidden", "8", "--max_steps", "300", "--seed", "7"]
NAMES = [a + b + c for a in ("ka", "lo", "mi", "ne") for b in ("ra", "so", "ti") for c in "nsl"]


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    return python(RUN, *arguments, "--solution", cwd=cwd)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "names.txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    return tmp_path


def test_train_evaluate_and_sample(folder):
    first = run("train", "names.txt", *SMALL, "--writing_params_path", "a.safetensors", cwd=folder)
    assert first.returncode == 0, first.stderr
    line = r"step 300: 524 parameters, train (\S+), dev (\S+); weights in a\S+\n"
    told = re.fullmatch(line, first.stdout)
    assert told, first.stdout
    files = {path.name for path in (folder / "runs" / "a1_makemore" / "run").iterdir()}
    assert {"config.json", "metrics.jsonl", "loss_windows.png", "layers.png"} <= files
    reading = ("names.txt", "--reading_params_path", "a.safetensors")
    second = run("evaluate", *reading, cwd=folder)
    assert second.stdout.startswith(f"train {told[1]}, dev {told[2]}, test "), second.stderr
    third = run("sample", *reading, "--count", 5, cwd=folder)
    *names, total = third.stdout.splitlines()
    assert len(names) == 5, third.stderr
    assert all(line.split()[-1] in ("train", "dev", "test", "new") for line in names)
    assert sum(map(int, re.findall(r"\d+", total))) == 5


def test_after_kill_9_the_same_command_ends_with_the_same_weights(folder):
    arguments = ["train", "names.txt", *SMALL, "--checkpoint_seconds", "0", "--out", "run"]
    first = killed(RUN, *arguments, "--solution", cwd=folder, count=2)
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert not (folder / "run" / "model.params").exists()
    resumed = run(*arguments, cwd=folder)
    assert resumed.returncode == 0, resumed.stderr
    config = json.loads((folder / "run" / "config.json").read_text(encoding="utf-8"))
    assert config["resumed_steps"] == [100]
    whole = run(*arguments[:-1], "whole", cwd=folder)
    assert resumed.stdout == whole.stdout.replace("whole", "run")
    ours, theirs = (
        torch.load(folder / name / "model.params", weights_only=True) for name in ("run", "whole")
    )
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())


# Many command lines in one process, as importing torch takes longer than all they do.
SERIES = """
import contextlib, io, json, pathlib, sys
from course.launch import put_on_path
from course.errors import run_main
put_on_path(pathlib.Path({path!r}), solution=True)
import commands
for arguments in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_main(commands.main, [*arguments, "--solution"])
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""
MISTAKES = {
    "absent": (["train", "absent.txt"], "cannot read absent.txt: No such file"),
    "latin1": (["train", "latin1.txt"], "latin1.txt is not UTF-8: byte 1"),
    "empty line": (["train", "gap.txt"], "gap.txt, line 2: '' is not valid, each line is a name"),
    "END": (["train", "dot.txt"], "dot.txt, line 1: 'a.b' is not valid"),
    "few": (["train", "few.txt"], "few.txt has 2 names: at least 10 are needed"),
    "steps": (["train", "--max_steps", "0"], "--max_steps 0: it must be above 0"),
    "batch": (["train", "--batch_size", "1"], "--batch_size 1: at least 2"),
    "block": (["train", "--block_size", "6"], "--block_size 6 is not a power of 2"),
    "noise": (["train", "--noise", "1.5"], "--noise 1.5: must be at least 0 and below 1"),
    "wide": (["train", "--n_hidden", "1000000000000"], "it must be at most 16,384"),
    "threads": (["train", "--threads", "1000000000000"], "at most 1024 are allowed"),
    "long name": (["evaluate", "--reading_params_path", "x" * 300], "File name too long"),
    "long folder": (["train", "names.txt", "--out", "x" * 300], "File name too long"),
    "cuda": (["train", "--device", "cuda"], "--device cuda: these layers compute on the CPU"),
    "no weights": (["sample"], "sample needs --reading_params_path: the weights"),
    "no file": (["evaluate", "--reading_params_path", "x"], "x: there is no such file"),
    "not weights": (
        ["evaluate", "--reading_params_path", "other.params"],
        "other.params holds no weights of a makemore model",
    ),
    "other names": (
        ["evaluate", "--reading_params_path", "small.params"],
        "small.params: its model was trained on names with other characters",
    ),
    "odd shape": (
        ["evaluate", "names.txt", "--reading_params_path", "odd.params"],
        "odd.params: tensor 3.beta has shape (3,), expected (6,)",
    ),
    "not writable": (
        ["train", "names.txt", "--writing_params_path", "names.txt/x"],
        "cannot write names.txt/x: Not a directory",
    ),
    "nan": (
        ["train", "names.txt", "--cosine", "--lr", "1e38", "--out", "out", "--n_hidden", "4"],
        "step 100: the loss is nan; a lower learning rate may keep it finite",
    ),
}


def small_weights() -> dict[str, torch.Tensor]:
    """Of a model of 5 characters with a context of 2."""
    norm = dict.fromkeys(("gamma", "beta", "running_mean", "running_var"), torch.ones(6))
    return {
        "0.weight": torch.ones(5, 3),
        "2.weight": torch.ones(6, 6),
        **{f"3.{name}": value for name, value in norm.items()},
        "5.weight": torch.ones(6, 5),
        "5.bias": torch.ones(5),
    }


def test_a_mistake_is_one_line(folder):
    (folder / "latin1.txt").write_bytes(b"a\xe9")
    (folder / "gap.txt").write_text("ab\n\ncd\n", encoding="utf-8")
    (folder / "dot.txt").write_text("a.b\n", encoding="utf-8")
    (folder / "few.txt").write_text("ab\ncd\n", encoding="utf-8")
    torch.save({"a": torch.ones(2)}, folder / "other.params")
    torch.save(small_weights(), folder / "small.params")
    torch.save(small_weights() | {"3.beta": torch.ones(3)}, folder / "odd.params")
    before = sorted(folder.rglob("*"))
    lines = [arguments for arguments, _ in MISTAKES.values()]
    script = SERIES.format(path=str(RUN.parent))
    done = python("-c", script, json.dumps(lines), cwd=folder)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for name, (code, out, err) in zip(MISTAKES, answers, strict=True):
        assert (code, out) == (2, ""), name
        last = err.splitlines()[-1]
        assert last.startswith("error: ") and MISTAKES[name][1] in last, (name, err)
        assert name == "nan" or err.count("\n") == 1, name
    left = [path for path in sorted(folder.rglob("*")) if path not in before]
    assert all(path.is_relative_to(folder / "out") for path in left)


def test_a_run_of_another_configuration_is_not_taken_up(folder):
    arguments = ["train", "names.txt", "--out", "run", "--n_embd", "2", "--n_hidden", "4"]
    lines = [[*arguments, "--max_steps", "10"], [*arguments, "--max_steps", "20"]]
    done = python("-c", SERIES.format(path=str(RUN.parent)), json.dumps(lines), cwd=folder)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first[0] == 0, first
    assert second[0] == 2
    assert "run holds a run with max_steps 10, this one has 20" in second[2]
