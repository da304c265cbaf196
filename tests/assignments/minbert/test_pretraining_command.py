"""`run.py pretrain`: what it writes and prints, that it resumes, and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from course.errors import UserError
from tests.programs import ROOT, error_of, killed, python

MINBERT = ROOT / "default_project_minbert"
RUN = MINBERT / "run.py"
QUICK = ("--documents", "60", "--held_out", "200", "--batch_size", "16", "--threads", "1")


def pretrain(minbert, *arguments: object) -> None:
    """The command in this process."""
    assert minbert.commands.main(["pretrain", "--solution", *QUICK, *map(str, arguments)]) == 0


def table(output: str) -> dict[str, list[str]]:
    """{the row's name: its three figures} of the printed table."""
    rows = [line.rsplit(maxsplit=3) for line in output.splitlines() if line.count(".") >= 2]
    return {name: figures for name, *figures in rows}


def test_it_writes_weights_that_others_read(minbert, tmp_path: Path, capsys) -> None:
    pretrain(minbert, "--steps", 60, "--out", tmp_path / "run")
    printed = table(capsys.readouterr().out)
    assert list(printed) == ["most frequent token", "before", "after"]
    assert float(printed["after"][1]) < float(printed["before"][1]) / 2  # perplexity
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert f"{scores['after']['perplexity']:.2f}" == printed["after"][1]

    folder = tmp_path / "run" / "weights"
    model = minbert.bert.BertModel.from_pretrained(folder)
    tokenizer = minbert.tokenizer.BertTokenizer.from_pretrained(folder)
    assert model.config.vocab_size == tokenizer.vocab_size
    # Continued from its own folder, a model is as good as it was.
    where = ("--out", tmp_path / "second", "--save", tmp_path / "more")
    pretrain(minbert, "--steps", 1, "--lr", 1e-9, "--weights", folder, *where)
    again = minbert.bert.BertModel.from_pretrained(tmp_path / "more").state_dict()
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(weight, again[name], atol=1e-6, rtol=0)


def test_pairs_are_read_together_or_alone(minbert) -> None:
    def rows(pairs: str):
        args = SimpleNamespace(pairs=pairs, data="embedded", documents=10, seed=0)
        texts = minbert.unlabelled.read(args)
        return texts.rows(0), texts.rows(1), texts.dev

    together, other, dev = rows("together")
    alone, _, _ = rows("alone")
    labelled = [row for row in together if row.label >= 0]
    assert len(labelled) == 40 and all(row.second is None for row in alone if row.label < 0)
    assert len(alone) - len(together) == sum(bool(row.second) for row in together) - len(labelled)
    assert together != other and len(together) == len(other)
    assert not {(row.first, row.second) for row in dev} & {
        (row.first, row.second) for row in together if row.label < 0
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--max_length", "129"), "--max_length 129: the model has 128 positions"),
        (("--documents", "1"), "--documents 1: it must be from 2 to 2,000"),
        (("--mask_share", "1"), "--mask_share 1.0: it must be above 0 and below 1"),
        (("--weights", "nowhere/at/all"), "'nowhere/at/all' is not a folder"),
        (("--vocab_size", "5"), "--vocab_size 5: it must be at least 100"),
        (("--steps", "0"), "--steps 0: it must be above 0"),
    ],
)
def test_bad_input_is_one_line(minbert, tmp_path: Path, arguments, words: str) -> None:
    with pytest.raises(UserError) as error:
        pretrain(minbert, "--out", tmp_path / "run", *arguments)
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_killed_training_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    command = ("pretrain", "--solution", *QUICK, "--steps", 12, "--checkpoint_seconds", 0)
    whole = python(RUN, *command, "--out", tmp_path / "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    assert killed(RUN, *command, "--out", tmp_path / "cut", cwd=tmp_path, count=5).returncode < 0
    resumed = python(RUN, *command, "--out", tmp_path / "cut", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    one, other = ((tmp_path / run / "weights") for run in ("whole", "cut"))
    for file in ("model.safetensors", "vocab.txt", "config.json"):
        assert (one / file).read_bytes() == (other / file).read_bytes()
    again = python(RUN, *command, "--lr", 1, "--out", tmp_path / "cut", cwd=tmp_path)
    assert "holds a run with lr" in error_of(again)


@pytest.mark.slow
@pytest.mark.data
def test_it_continues_from_minilm_on_the_tasks_texts(minbert, tmp_path: Path, capsys) -> None:
    real = ("--data", "minbert", "--weights", "minilm", "--max_length", 32, "--held_out", 50)
    pretrain(minbert, *real, "--steps", 20, "--lr", 1e-3, "--out", tmp_path / "run")
    printed = table(capsys.readouterr().out)
    assert float(printed["after"][1]) < float(printed["before"][1]) / 2
    assert printed["after"][2] == "-"  # there is no next sentence
    assert minbert.bert.BertModel.from_pretrained(tmp_path / "run" / "weights")
