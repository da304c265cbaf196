"""Each command that trains does so on a CUDA device too, with the reference solutions."""

from pathlib import Path

import pytest
import torch

from tests.programs import ROOT, python

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
A2, A5, BERT = "a2_bigram_bow", "a5_mingpt_perceiver", "default_project_minbert"
COMMANDS = {
    "a2": (A2, "train", "--steps", "20"),
    "a5 vanilla": (A5, "pretrain", "vanilla", "--max_epochs", "1"),
    "a5 perceiver": (A5, "pretrain", "perceiver", "--max_epochs", "1"),
    "sentiment": (BERT, "sentiment", "--steps", "5"),
    "multitask": (BERT, "multitask", "--steps", "6"),
    "pairs together": (BERT, "multitask", "--steps", "6", "--pair_head", "cross", "--smart", "1"),
    "surgery": (BERT, "multitask", "--steps", "6", "--pcgrad"),
    "pretraining": (BERT, "pretrain", "--steps", "5"),
    "probe": (BERT, "probe"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_runs_on_cuda(name, tmp_path: Path):
    assignment, *arguments = COMMANDS[name]
    program = ROOT / assignment / "run.py"
    flags = ("--solution", "--device", "cuda", "--out", tmp_path / "run")
    done = python(program, *arguments, *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
