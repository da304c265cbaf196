"""`evaluate` on DLM100-words: what spelling costs, and what a list from the test would save."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from course.errors import run_main
from tests.flat import flat_imports
from tests.programs import ROOT

A3 = ROOT / "a3_vae_clm"
TRAIN = ["dog", "dog", "fish", "god fish dog"]  # "god" stands there once, and is in no list
Evaluate = Callable[..., list[str]]


@pytest.fixture
def evaluate(tmp_path: Path, capsys: pytest.CaptureFixture, one_thread: None) -> Iterator[Evaluate]:
    """A function that makes a small model of a number, prepared with TRAIN, and evaluates it on
    texts: the lines that are printed."""
    with flat_imports(A3 / "solution", A3 / "given"):
        commands, saved, trainer = map(importlib.import_module, ("commands", "saved", "trainer"))
        alphabet, sizes = (importlib.import_module(name) for name in ("alphabet", "sizes"))

        def run(number: str, *texts: str) -> list[str]:
            torch.manual_seed(0)
            letters = alphabet.Alphabet("".join(TRAIN))
            model = saved.fresh(number, sizes.Sizes(embed_size=4, hidden_size=4), letters)
            trainer.prepare(model.model, [letters.encode(text) for text in TRAIN])
            saved.save(tmp_path / "model", model)
            (tmp_path / "texts").write_text("\n".join(texts) + "\n", encoding="utf-8")
            flags = ("--model", tmp_path / "model", "--test", tmp_path / "texts", "--solution")
            assert run_main(commands.main, ["evaluate", *map(str, flags)]) == 0
            return capsys.readouterr().out.splitlines()

        yield run


def test_a_model_of_words_is_told_what_it_pays_for_spelling(evaluate: Evaluate) -> None:
    *_, spelled, leak = evaluate("DLM100-words", "dog god", "god dog fido")
    own = re.fullmatch(
        r"(\d+\.\d{3}) of these nats go to spelling: 3 of 5 words, 2 different ones, are not in "
        r"the list made from train",
        spelled,
    )
    saved = re.fullmatch(
        r"a list made from these texts too would name each of them for log 2 = 0\.693 nats and "
        r"save (\d+\.\d{3}), its leak",
        leak,
    )
    assert own and saved
    # A text has one and a half unknown words, which would be named instead.
    assert float(own[1]) - float(saved[1]) == pytest.approx(1.5 * 0.6931, abs=0.002)


def test_where_all_words_are_known_there_is_no_leak(evaluate: Evaluate) -> None:
    assert evaluate("DLM100-words", "dog fish dog")[-2:] == [
        "all 3 words are in the list made from train: spelling costs nothing",
        "a list made from these texts too would save nothing: there is no leak",
    ]


def test_no_other_model_is_told(evaluate: Evaluate) -> None:
    output = evaluate("DLM114", "dog god")
    assert len(output) == 3 and "spelling" not in "".join(output)
