"""`run.py compare`: what its page shows, and what it refuses."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
import torch

from course.errors import UserError
from grader.assignment import CHECKOUT
from tests.flat import flat_imports

ROOT = CHECKOUT / "a3_vae_clm"
with flat_imports(ROOT / "solution", ROOT / "given"):
    import compare
    import comparison
    import saved
    from alphabet import Alphabet
    from sizes import Sizes

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = Sizes(embed_size=4, hidden_size=6, mixtures=2)
TEXTS = ["abba", "a <b> cab", "bbb"]


def _folder(path: Path, number: str, characters: str = "abc <>") -> Path:
    torch.manual_seed(0)
    saved.save(path, saved.fresh(number, SMALL, Alphabet(characters)))
    return path


def _run(tmp_path: Path, *models: Path) -> str:
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"{text}\n" for text in TEXTS))
    options = {"test": texts, "lines": None, "count": 3, "device": "cpu"}
    out = tmp_path / "page.html"
    compare.run(argparse.Namespace(models=[*models], output=out, **options))
    return out.read_text(encoding="utf-8")


def test_the_page_has_every_model_on_the_same_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [_folder(tmp_path / name, name) for name in ("DLM100", "DLM114")]
    page = _run(tmp_path, *models)
    assert page.count('<div class="text">') == 3
    assert page.count('<div class="row"><b title="DLM100 character-gru">') == 3
    assert page.count('<div class="row"><b title="DLM114 mixture-prior">') == 3
    assert page.count('nats">&lt;</span>') == 2 and "<b>" not in page.partition("<h2>")[2]
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 models on 3 texts")


def test_texts_from_easy_to_hard_then_where_models_differ() -> None:
    losses = torch.tensor([[1.0, 2.0, 3.0, 9.0, 5.0], [1.0, 2.0, 3.0, 4.0, 9.5]])
    chosen = comparison.choose(losses, ["first", "second"], 3)
    assert [row for row, _ in chosen] == [0, 2, 4, 3]
    assert chosen[-1][1] == "first fails here"


def test_a_texts_loss_is_the_sum_of_its_places_and_the_best_model_comes_first() -> None:
    shares = torch.tensor([[-1.0, -2.0, -0.5], [-0.25, -0.25, 0.0]])
    shown = comparison.shown("ab", "why", ["one", "two"], shares)
    assert [(name, loss) for name, loss, _ in shown.rows] == [("two", 0.5), ("one", 3.5)]
    assert [place.loss for place in shown.rows[1][2]] == [1.0, 2.0, 0.5]
    assert [place.character for place in shown.rows[0][2]] == ["a", "b", "\N{RETURN SYMBOL}"]


def test_the_tail_is_of_the_texts(tmp_path: Path) -> None:
    model = saved.load(_folder(tmp_path / "model", "DLM100"))
    losses = torch.arange(1.0, 102.0)  # 1 to 101, of texts of one character and an end
    shares = torch.stack([-losses, torch.zeros(101)], dim=1)
    everything = torch.ones(101, 2, dtype=torch.bool)
    characters = torch.tensor([[True, False]]).expand(101, 2)
    figures = comparison.figures(model, shares, everything, characters)
    assert figures.with_length == pytest.approx(51.0)
    assert figures.tail[:3] == pytest.approx((51.0, 91.0, 100.0))
    assert figures.tail[-1] == 101.0


def test_models_of_two_alphabets_are_not_compared(tmp_path: Path) -> None:
    first, second = _folder(tmp_path / "1", "DLM100"), _folder(tmp_path / "2", "DLM100", "abd")
    with pytest.raises(UserError, match="have different alphabets: compare models of one corpus"):
        _run(tmp_path, first, second)
    assert not (tmp_path / "page.html").exists()
