"""a3's `run.py latents`: a line for each snapshot, a picture, and what it refuses."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from course import checkpoints
from course.errors import run_main
from tests.flat import flat_imports
from tests.programs import ROOT

A3 = ROOT / "a3_vae_clm"
LINES = ["abba", "cab", "b", "a b a c"]
Latents = Callable[..., tuple[int, str, str]]


@pytest.fixture
def latents(tmp_path: Path, capsys: pytest.CaptureFixture, one_thread: None) -> Iterator[Latents]:
    """A function that makes a small model of a number, with snapshots after 5 and 10 steps, and
    runs `latents` on it: the exit code, the output and the errors."""
    with flat_imports(A3 / "solution", A3 / "given"):
        commands, saved = (importlib.import_module(name) for name in ("commands", "saved"))
        alphabet, sizes = (importlib.import_module(name) for name in ("alphabet", "sizes"))

        def run(number: str, *flags: str) -> tuple[int, str, str]:
            torch.manual_seed(0)
            own = sizes.Sizes(embed_size=3, hidden_size=4, mixtures=2, depth=2, kernel=3)
            model = saved.fresh(number, own, alphabet.Alphabet("abc "))
            saved.save(tmp_path / "model", model)
            for step in (5, 10):
                with torch.no_grad():
                    model.model.embedding.weight.mul_(1.5)
                checkpoints.save_weights(tmp_path / f"snapshots/{step}.safetensors", model.model)
            (tmp_path / "texts").write_text("\n".join(LINES) + "\n", encoding="utf-8")
            flags = ("--model", str(tmp_path / "model"), "--solution", *flags)
            code = run_main(commands.main, ["latents", "--test", str(tmp_path / "texts"), *flags])
            return code, *capsys.readouterr()

        yield run


@pytest.mark.parametrize("number", ["DLM114", "DLM115", "DLM128", "DLM128-mixture", "sentence"])
def test_each_snapshot_has_a_line_and_there_is_a_picture(latents, tmp_path, number):
    code, output, error = latents(number)
    assert (code, error) == (0, "")
    lines = output.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["5", "10", "kept"]
    assert all(" of 3 " in line for line in lines[1:4])
    assert lines[4] == f"picture: {tmp_path / 'latents.png'}"
    assert (tmp_path / "latents.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_goes_where_out_says(latents, tmp_path):
    _, output, _ = latents("DLM112", "--out", str(tmp_path / "elsewhere"))
    assert output.splitlines()[-1] == f"picture: {tmp_path / 'elsewhere' / 'latents.png'}"
    assert (tmp_path / "elsewhere" / "latents.png").is_file()


@pytest.mark.parametrize("number", ["DLM114", "DLM128-own", "DLM128-mixture"])
def test_descent_is_compared_with_the_encoder(latents, number):
    code, output, error = latents(number, "--descent", "20")
    assert (code, error) == (0, "")
    words = (
        r"NLPPS of 4 texts: (.*) by the encoder, (.*) after 20 steps of descent from it, (.*) by"
    )
    encoder, improved, alone = map(float, re.search(words, output).groups())
    assert 0 < improved < encoder and alone > 0


def test_descent_needs_a_latent_for_each_character(latents):
    code, output, error = latents("sentence", "--descent", "20")
    assert (code, output) == (2, "")
    assert error == "error: --descent needs a latent for each character: sentence has none\n"


def test_a_model_without_latents_is_refused(latents):
    code, output, error = latents("DLM111")
    assert (code, output) == (2, "")
    assert error == "error: DLM111 has no Gaussian latents: choose a model such as DLM128\n"
