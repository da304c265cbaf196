"""Each command that trains does so on a CUDA device too, with the reference solutions."""

from pathlib import Path

import pytest
import torch

from tests.programs import ROOT, killed, python

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
A2, A3, A4 = "a2_bigram_bow", "a3_vae_clm", "a4_nmt"
A5, BERT = "a5_mingpt_perceiver", "default_project_minbert"
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
EXACT, DRAWN = ("DLM100", "DLM102"), ("DLM108", "DLM112", "DLM128-memory")
DIFFUSION = ("DLM116", "DLM147", "DLM-edit")
FEW = ("--max_steps", 6, "--lines", 200, "--batch_size", 20)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_runs_on_cuda(name, tmp_path: Path):
    assignment, *arguments = COMMANDS[name]
    program = ROOT / assignment / "run.py"
    flags = ("--solution", "--device", "cuda", "--out", tmp_path / "run")
    done = python(program, *arguments, *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


def cuda(assignment: str, command: str, *arguments: object, out: Path) -> str:
    """What a command of the reference solution prints, run on a CUDA device."""
    flags = ("--solution", "--device", "cuda", "--out", out)
    done = python(ROOT / assignment / "run.py", command, *arguments, *flags, cwd=out.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def trained(number: str, out: Path, *flags: object) -> Path:
    """The folder of an a3 model after a few steps."""
    cuda(A3, "train", number, *FEW, *flags, out=out)
    return out / "model"


@pytest.mark.parametrize("number", [*EXACT, *DRAWN, *DIFFUSION])
def test_a3_trains_scores_and_samples_on_cuda(number, tmp_path: Path):
    model = trained(number, tmp_path / "run")
    few = ("--lines", 50, "--samples", 2)
    scores = cuda(A3, "evaluate", "--model", model, *few, out=tmp_path / "scores")
    assert "bits per character" in scores
    texts = cuda(A3, "sample", "--model", model, "--count", 3, out=tmp_path / "texts")
    assert texts.count("\n") == 3


def test_a3_training_with_averaged_weights_resumes_on_cuda(tmp_path: Path):
    """The average came back on the CPU, and was added to weights on the device."""
    own = ("train", "DLM112", *FEW, "--average", 0.9, "--checkpoint_seconds", 0)
    flags = ("--solution", "--device", "cuda", "--out", tmp_path / "run")
    killed(ROOT / A3 / "run.py", *own, *flags, cwd=tmp_path, count=3)
    assert (tmp_path / "run/checkpoint.pt").is_file()
    assert "step 6" in cuda(A3, *own, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("number", "command"), [("DLM116", "levels"), ("DLM108", "cuts"), ("DLM112", "compare")]
)
def test_a3_reports_on_a_model_on_cuda(number, command, tmp_path: Path):
    model = trained(number, tmp_path / "run")
    assert cuda(A3, command, model, "--lines", 20, out=tmp_path / "report")


def test_a3_latents_descend_on_cuda(tmp_path: Path):
    """cuDNN has no gradients of a GRU outside of training: descent takes them without it."""
    model = trained("DLM128-memory", tmp_path / "run", "--snapshots", 2)
    own = ("--model", model, "--lines", 20, "--descent", 2)
    assert "by descent alone" in cuda(A3, "latents", *own, out=tmp_path / "latents")


def test_a3_study_runs_on_cuda(tmp_path: Path):
    own = ("DLM112", "--factors", "lr", "--by", 1, "--processes", 1)
    assert "nlpps" in cuda(A3, "study", *own, *FEW, out=tmp_path / "study")


@pytest.mark.parametrize("attention", ["multiplicative", "additive", "dot_product"])
def test_a4_trains_and_translates_on_cuda(attention, tmp_path: Path):
    short = ("--max_decoding_time_step", 12)
    steps = ("--max_steps", 10)
    cuda(A4, "train", "--attention", attention, *steps, *short, out=tmp_path / "run")
    own = ("--model", tmp_path / "run" / "model", *short)
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("下午三点一刻\n" * 2, encoding="utf-8")
    for search in ((), ("--plain",)):
        flags = (*own, *search, "--input", sentences)
        assert cuda(A4, "decode", *flags, out=tmp_path / "decoded").count("\n") == 2
    assert "BLEU" in cuda(A4, "evaluate", *own, out=tmp_path / "scores")
    cuda(A4, "attention", "下午三点一刻", *own, out=tmp_path / "drawn")
