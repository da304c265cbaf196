"""The scores that `evaluate` prints, and the picture that `attention` draws."""

from __future__ import annotations

import importlib
import xml.etree.ElementTree as ET
from types import ModuleType

import pytest
import torch

from grader.assignment import CHECKOUT
from tests.flat import flat_imports

SVG = "{http://www.w3.org/2000/svg}"
HERE = CHECKOUT / "a4_nmt"
with flat_imports(HERE / "solution", HERE / "given"):
    evaluate: ModuleType = importlib.import_module("evaluate")
    alignment: ModuleType = importlib.import_module("alignment")
    Example = importlib.import_module("embedded").Example

EXAMPLES = [
    Example("三点", ("three o'clock sharp now", "3:00 sharp, at once"), "time"),
    Example("两点", ("two o'clock sharp now",), "time"),
    Example("三", ("the number three itself",), "number"),
]


def test_exact_match_is_that_of_the_first_reference_for_each_kind() -> None:
    hypotheses = ["3:00 sharp, at once", "two o'clock sharp now", "the number three itself"]
    assert evaluate.matches(EXAMPLES, hypotheses) == "66.7% (number 100.0%, time 50.0%)"
    assert evaluate.matches(EXAMPLES[:2], hypotheses[:2]) == "50.0%"


def test_a_missing_reference_is_none() -> None:
    first, second = evaluate.columns(EXAMPLES)
    assert first == [example.references[0] for example in EXAMPLES]
    assert second == ["3:00 sharp, at once", None, None]


def test_every_reference_counts_and_the_two_bleus_are_the_same() -> None:
    hypotheses = ["3:00 sharp, at once", "two o'clock sharp now", "the number three itself too"]
    score, signature = evaluate.sacrebleu_score("BLEU", hypotheses, EXAMPLES)
    assert evaluate.own_bleu(hypotheses, EXAMPLES) == f"{score.score:.2f}"
    assert 80 < score.score < 100 and signature.startswith("nrefs:var|case:mixed")
    chrf, signature = evaluate.sacrebleu_score("CHRF", hypotheses[:2], EXAMPLES[:2])
    assert chrf.score == pytest.approx(100) and "nc:6" in signature


def test_a_bleu_that_is_not_written_yet_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritten(*_: object) -> float:
        raise NotImplementedError("TODO(d): bleu")

    monkeypatch.setattr(evaluate.bleu, "bleu", unwritten)
    assert evaluate.own_bleu(["three"] * 3, EXAMPLES) == "- (TODO(d): bleu)"


def test_the_picture_has_a_square_for_each_weight_and_says_it() -> None:
    table = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    root = ET.fromstring(alignment.draw(table, ["<unk>", "sehr langes Wort"], ["a & b", "</s>"]))
    squares = [each for each in root.iter(f"{SVG}rect") if each.get("fill-opacity")]
    assert [float(each.get("fill-opacity")) for each in squares] == table.flatten().tolist()
    assert squares[1].find(f"{SVG}title").text == "sehr langes Wort - a & b: 0.750"
    texts = {each.text: each for each in root.iter(f"{SVG}text")}
    assert list(texts) == ["<unk>", "sehr langes Wort", "a & b", "</s>"]
    assert "rotate(-90" in texts["sehr langes Wort"].get("transform")
    right, bottom = float(root.get("width")), float(root.get("height"))
    for each in squares:
        assert 0 <= float(each.get("x")) <= right - alignment.CELL
        assert 0 <= float(each.get("y")) <= bottom - alignment.CELL


def test_a_column_of_one_character_is_upright() -> None:
    root = ET.fromstring(alignment.draw(torch.ones(1, 1), ["点"], ["o'clock"]))
    assert root.find(f".//{SVG}text").get("transform") is None
