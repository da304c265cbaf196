"""The benchmarks run, and their last line is one JSON object that holds what they promise."""

import json

import pytest

from tests.programs import ROOT, python

SMALL_NMT = {
    **{"embed_size": 16, "hidden_size": 16, "vocab_size": 200, "max_steps": 20},
    **{"rounds": 1, "steps": 1, "sentences": 4, "train_steps": 2},
}

SMALL_CLM = {
    **{"embed_size": 8, "hidden_size": 16, "mixtures": 2, "batch_size": 8},
    **{"rounds": 1, "turn": 1, "train_steps": 2, "dev_lines": 8},
}


@pytest.mark.parametrize(
    ("name", "options", "promised"),
    [
        (
            "training",
            ["--rounds", "1", "--batch-sizes", "4", "--loss-steps", "10"],
            {"dense_ratio", "real_ratio", "loss", "plain_loss", "loss_difference", "hardware"},
        ),
        (
            "step",
            ["--rounds", "1", "--batch-size", "4"],
            {"float32_gflops", "bfloat16_gflops", "steps", "kinds of plain", "kinds of trainer"},
        ),
        ("evaluation", ["--names", "9"], {"names", "ratio", "same", "hardware"}),
        ("makemore", ["--steps", "100"], {"ratio", "plain_ratio", "clock", "hardware"}),
        (
            "nmt",
            [f"--{name}={value}" for name, value in SMALL_NMT.items()],
            {"training", "decoding", "clock", "hardware"},
        ),
        (
            "clm",
            [f"--{name}={value}" for name, value in SMALL_CLM.items()],
            {"training", "loss", "plain_loss", "clock", "hardware"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_benchmark_ends_with_its_figures(name, options, promised):
    result = python(f"benchmarks/{name}.py", *options, "--threads", "1", cwd=ROOT)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert promised <= set(found)
    if name == "evaluation":
        assert found["names"] == found["same"] == 9
    if name == "training":  # after so few steps even bfloat16 has not led away
        assert abs(found["loss_difference"]) < 0.01
    if name == "nmt":  # both search with the same weights
        assert found["decoding"]["same"] == 1
