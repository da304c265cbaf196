"""The picture of a model's sensitivity: which trainings there are, and which are run again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pytest

from course.errors import UserError
from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "a3_vae_clm"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import study

TEXTS = ["a dog runs", "a cat runs", "a dog sleeps", "a cat sleeps", "no dog runs", "no cat sleeps"]


@pytest.fixture
def parse(tmp_path: Path, one_thread: None):
    """A function from flags to what `run` gets; the texts are a small file's."""
    (tmp_path / "train").write_text("\n".join(TEXTS), encoding="utf-8")

    def parsed(*flags: object) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        study.add_arguments(parser)
        small = ("--train", tmp_path / "train", "--batch_size", 5, "--max_steps", 3)
        args = parser.parse_args([*map(str, (*flags, *small))])
        common = {"data": "embedded", "data_dir": None, "seed": 0, "device": "cpu"}
        common |= {"out": tmp_path / "study", "solution": True, "code": "0"}
        return argparse.Namespace(**vars(args) | common)

    return parsed


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list:
    """The cells that were run; in this process, one after another."""
    done = []

    def run_jobs(table, rows: Sequence, jobs: Sequence, work, workers, on_rows) -> list:
        rows = list(rows)
        for job in jobs:
            done.append(job)
            rows += work(job)
            table.write(rows)
        return rows

    monkeypatch.setattr(study, "run_jobs", run_jobs)
    return done


def test_one_setting_is_varied_at_a_time(parse):
    flags = ("--factors", "lr", "embed_size", "--by", 0.5, 2, 0.01, "--seeds", 3, 4)
    cells = study.cells_of(parse("DLM112", "mixture-prior", *flags))
    assert len(cells) == 2 * 2 * 2 * 3
    assert {cell.args.seed for cell in cells} == {3, 4}
    own = [cell for cell in cells if (cell.args.model, cell.args.seed) == ("DLM114", 3)]
    values = [(cell.factor, cell.by, cell.row["value"]) for cell in own]
    lr, size = 3e-2, 32
    assert [value for value in values if value[0] == "lr"] == [
        ("lr", 0.01, pytest.approx(0.01 * lr)),
        ("lr", 0.5, pytest.approx(0.5 * lr)),
        ("lr", 2.0, pytest.approx(2 * lr)),
    ]
    assert [value for *_, value in values[3:]] == [1, size / 2, 2 * size]  # at least 1
    assert {cell.args.embed_size for cell in own if cell.factor == "lr"} == {size}


def test_a_finished_training_is_not_run_again(parse, trainings, capsys):
    flags = ("DLM112", "--factors", "embed_size", "--mixtures", 2, "--by")
    study.run(parse(*flags, 0.5, 1))
    assert len(trainings) == 2
    study.run(parse(*flags, 0.5, 1, 2))
    assert [cell.by for cell in trainings] == [0.5, 1, 2]
    assert "2 of 3 trainings are in " in capsys.readouterr().out
    folder = parse("DLM112").out
    assert (folder / "study.png").read_bytes().startswith(b"\x89PNG")
    lines = (folder / "study.csv").read_text().splitlines()
    assert len(lines) == 4 and lines[0].startswith("model,factor,by,value,seed,settings")
    study.run(parse(*flags, 1, "--clip_grad", 0.5))
    assert len(trainings) == 4  # with another setting it is another training


def test_a_training_that_breaks_down_leaves_a_gap(parse, trainings, monkeypatch):
    def train(self) -> None:
        raise FloatingPointError("the loss of step 1 is nan")

    monkeypatch.setattr(study.fit.Trainer, "train", train)
    args = parse("DLM112", "--factors", "lr", "--by", 1)
    study.run(args)
    assert ",,0.0" in (args.out / "study.csv").read_text().splitlines()[1]
    study.run(args)
    assert len(trainings) == 1


def test_what_no_training_can_have_is_refused_before_the_first_one(parse, trainings):
    with pytest.raises(UserError, match=r"--lr 30\.0: it must be at most 1"):
        study.run(parse("DLM112", "--factors", "lr", "--by", 1, 1000))
    with pytest.raises(UserError, match="'DLM999' is not a model"):
        study.run(parse("DLM112", "DLM999"))
    assert trainings == []


def test_the_line_goes_through_the_means_of_the_seeds():
    assert study.means([(2, 5.0), (1, 3.0), (2, 7.0)]) == [(1, 3.0), (2, 6.0)]


def test_files_of_one_name_in_two_folders_are_different_texts(
    parse, trainings, tmp_path, monkeypatch
):
    """A row said only the file's name, so another folder's texts took over its figures."""
    for folder, lines in (("one", TEXTS), ("two", TEXTS[::-1]), ("same", TEXTS)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "texts").write_text("\n".join(lines), encoding="utf-8")
    args = parse("DLM112", "--factors", "lr", "--by", 1)
    args.train = Path("texts")
    counts = []
    for folder in ("one", "two", "same"):
        monkeypatch.chdir(tmp_path / folder)
        study.run(args)
        counts.append(len(trainings))
    assert counts == [1, 2, 2]  # what counts are the texts
    (tmp_path / "same/texts").write_text("\n".join([*TEXTS, "a dog"]), encoding="utf-8")
    study.run(args)
    assert len(trainings) == 3
    args.lines = 5
    study.run(args)
    assert len(trainings) == 4


def test_a_size_that_a_model_refuses_is_refused_before_the_first_training(parse, trainings):
    """The trainings before it had been run by then."""
    with pytest.raises(UserError, match="--embed_size 45: it must be a multiple of the 4 heads"):
        study.run(parse("DLM144", "--factors", "embed_size", "--by", 1, 0.75))
    assert trainings == []
