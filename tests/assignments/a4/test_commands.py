"""a4's run.py from the command line: what it prints and writes, what it refuses, life after a
kill -9."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course.errors import run_main
from tests.flat import flat_imports
from tests.programs import ROOT, environment, killed, python

RUN = ROOT / "a4_nmt" / "run.py"
COMMON = ("--solution", "--device", "cpu", "--threads", "1", "--seed", "7")
PAIRS = {
    "一": "one",
    "二": "two",
    "三": "three",
    "四": "four",
    "十一": "eleven",
    "十二": "twelve",
    "十三": "thirteen",
    "十四": "fourteen",
}
# A model so small, and a rate so high, that it knows eight words within seconds.
TINY = ("--embed_size", 16, "--hidden-size", 32, "--batch_size", 4, "--lr", "0.02", "--dropout", 0)
TINY += ("--src_pieces", "character", "--tgt-pieces", "word", "--label_smoothing", 0)
LENGTH = ("--max_epochs", 60, "--evaluate_every", 20)


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    return python(RUN, *arguments, *COMMON, cwd=cwd)


def piped(text: str | bytes, *arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    """run.py with `text` as its standard input; its output in bytes."""
    content = text if isinstance(text, bytes) else text.encode()
    command = [sys.executable, *map(str, (RUN, *arguments, *COMMON))]
    return subprocess.run(
        command, input=content, cwd=cwd, env=environment(), timeout=300, capture_output=True
    )


def write_pairs(folder: Path) -> tuple[object, ...]:
    """The flags of a training on PAIRS, whose files are written into the folder."""
    (folder / "zh").write_text("\n".join(PAIRS) + "\n", encoding="utf-8")
    (folder / "en").write_text("\n".join(PAIRS.values()) + "\n", encoding="utf-8")
    lines = (f"{chinese}\t{english}\t{english}!\n" for chinese, english in PAIRS.items())
    (folder / "dev.tsv").write_text("".join(lines), encoding="utf-8")
    return ("--train", "zh", "en", "--dev", "dev.tsv", *TINY)


def change(folder: Path, contents: dict[str, str | bytes | None]) -> None:
    """Write files, {name: content}; None removes one."""
    for name, content in contents.items():
        path = folder / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained model in run/model, and the files of its training."""
    folder = tmp_path_factory.mktemp("trained")
    result = run("train", *write_pairs(folder), *LENGTH, "--out", "run", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert re.match(
        r"step \d+: loss 0\.\d+\nbest at step \d+: dev perplexity 1\.\d+, dev bleu \d+\.\d+; "
        r"the model is in run/model\n$",
        result.stdout,
    )
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of `trained`, to do with as a test likes."""
    return shutil.copytree(trained, tmp_path / "work")


def test_train_writes_its_configuration_its_curve_and_the_model(trained: Path) -> None:
    names = {path.name for path in (trained / "run").iterdir()}
    assert {"config.json", "metrics.jsonl", "loss.png", "tb", "checkpoint.pt", "model"} == names
    model = {path.name for path in (trained / "run/model").iterdir()}
    assert model == {"model.json", "model.safetensors", "vocab.json", "src.json", "tgt.json"}
    rows = [json.loads(line) for line in (trained / "run/metrics.jsonl").read_text().splitlines()]
    assert any("dev_bleu" in row and "dev_loss" in row for row in rows)


def test_decode_reads_a_file_or_standard_input(folder: Path) -> None:
    model = ("--model", "run/model")
    (folder / "in.txt").write_text("十三\n二\n", encoding="utf-8")
    to_file = run("decode", *model, "--input", "in.txt", "--output", "new/out.txt", cwd=folder)
    assert to_file.returncode == 0, to_file.stderr
    assert to_file.stdout == "2 translations in new/out.txt\n"
    assert (folder / "new/out.txt").read_text() == "thirteen\ntwo\n"
    for beam in (1, 3):
        result = piped("十三\n二", "decode", *model, "--beam-size", beam, cwd=folder)
        assert result.stdout == b"thirteen\ntwo\n"


def test_evaluate_prints_every_score_with_its_signature(folder: Path) -> None:
    flags = ("--model", "run/model", "--test", "dev.tsv", "--output", "out.txt", "--beam_size", 2)
    result = run("evaluate", *flags, cwd=folder)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"perplexity 1\.\d{3} a target piece", lines[0])
    assert lines[1] == "exact match 100.0%"
    assert re.fullmatch(r"BLEU \d+\.\d\d \(nrefs:2\|case:mixed\|.*tok:13a\|.*\)", lines[2])
    assert re.fullmatch(r"chrF2 100\.00 \(nrefs:2\|.*\)", lines[3])
    assert lines[4].startswith("bleu.py ") and len(lines) == 5
    assert (folder / "out.txt").read_text().splitlines() == list(PAIRS.values())


def test_evaluate_takes_a_file_of_sources_and_files_of_references(folder: Path) -> None:
    flags = ("--model", "run/model", "--test", "zh", "en")
    assert "exact match 100.0%" in run("evaluate", *flags, cwd=folder).stdout


def test_attention_is_a_picture_with_both_scripts(folder: Path) -> None:
    flags = ("attention", "--model", "run/model", "--output", "a.svg", "十三")
    result = run(*flags, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "thirteen\nthe picture is in a.svg\n"
    root = ET.parse(folder / "a.svg").getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["十", "三", "thirteen", "</s>"]
    squares = list(root.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    shares = [float(square.get("fill-opacity")) for square in squares]
    assert [round(sum(shares[row : row + 2]), 2) for row in (0, 2)] == [1, 1]
    forced = run(*flags, "--translation", "two", cwd=folder)
    assert forced.stdout.startswith("two\n") and ">two<" in (folder / "a.svg").read_text()


@pytest.fixture
def refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, one_thread: None
) -> Iterator[Callable[..., str]]:
    """A function that gives run.py arguments, in this process, and returns the one line with which
    it refuses them. It is called in the folder that it is given."""
    with flat_imports(RUN.parent / "solution", RUN.parent / "given"):
        commands = importlib.import_module("commands")

        def refused(folder: Path, *arguments: object) -> str:
            monkeypatch.chdir(folder)
            before = sorted(folder.rglob("*"))
            code = run_main(commands.main, [*map(str, arguments), *COMMON])
            output, error = capsys.readouterr()
            assert (code, output) == (2, "") and sorted(folder.rglob("*")) == before
            assert error.startswith("error: ") and error.count("\n") == 1, error
            return error.removeprefix("error: ").rstrip("\n")

        yield refused


@pytest.mark.parametrize("where", ["save", "fsync"])
def test_after_kill_9_the_same_command_ends_at_the_same_model(tmp_path: Path, where: str) -> None:
    # Wide enough for a checkpoint of over a megabyte, which `killed` looks for.
    flags = (*write_pairs(tmp_path), "--embed_size", 128, "--hidden_size", 128, "--max_epochs", 3)
    flags += ("--checkpoint_seconds", 0, "--evaluate_every", 2, *COMMON, "--out")
    first = killed(RUN, "train", *flags, "run", cwd=tmp_path, count=4, where=where)
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert not (tmp_path / "run" / "model").exists()
    resumed = python(RUN, "train", *flags, "run", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    whole = python(RUN, "train", *flags, "whole", cwd=tmp_path)
    assert whole.stdout.startswith("step 6: loss ")
    assert resumed.stdout == whole.stdout.replace("whole", "run")
    one, other = (tmp_path / name / "model/model.safetensors" for name in ("run", "whole"))
    assert one.read_bytes() == other.read_bytes()


def test_a_run_is_not_resumed_with_other_settings_or_other_data(
    folder: Path, refusal: Callable[..., str]
) -> None:
    flags = ("train", *write_pairs(folder), *LENGTH, "--out", "run")
    error = refusal(folder, *flags, "--lr", "0.01")
    assert error.startswith("run holds a run with lr 0.02, this one has 0.01: name another folder")
    (folder / "zh").write_text("\n".join(["五", *list(PAIRS)[1:]]), encoding="utf-8")
    assert refusal(folder, *flags).startswith("run holds a run with data ")


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"zh": "一\n二\n"}, "zh has 2 lines and en has 8: each line must be the translation of"),
        ({"zh": "一\n\n三\n"}, "zh, line 2 is empty: each line must be a sentence"),
        ({"dev.tsv": "一\tone\n二 two\n"}, "dev.tsv, line 2: '二 two' is not valid, each line is"),
        ({"dev.tsv": "\n"}, "dev.tsv is empty"),
        ({"en": b"\xff\n" * 8}, "en is not UTF-8: byte 0"),
        ({"en": None}, "cannot read en: No such file or directory"),
    ],
)
def test_a_broken_file_to_train_on_is_named(
    tmp_path: Path, refusal: Callable[..., str], contents: dict, words: str
) -> None:
    flags = write_pairs(tmp_path)
    change(tmp_path, contents)
    assert words in refusal(tmp_path, "train", *flags, "--out", "run")


@pytest.mark.parametrize(
    ("contents", "flags", "words"),
    [
        ({"in": "一\n\n二"}, (), "in, line 2 is empty: each line must be a sentence"),
        ({"in": ""}, (), "in is empty"),
        ({"in": "一\n十九\n"}, (), "in, line 2: '九' is not in the model's vocabulary; with "),
        ({}, ("--output", "en/out"), "cannot write en/out: Not a directory"),
        ({}, ("--output", "run"), "run is a folder: name a file instead"),
        ({}, ("--beam_size", 0), "--beam_size 0: it must be above 0"),
        ({"run/model/src.json": None}, (), "run/model has no src.json"),
        ({"run/model/model.json": None}, (), "run/model has no model.json"),
        ({"run/model/model.safetensors": b"no"}, (), "is broken, or is not a safetensors file"),
        ({"run/model/vocab.json": "[]"}, (), "vocab.json is no vocabulary"),
    ],
)
def test_bad_input_to_decode_is_one_line(
    folder: Path, refusal: Callable[..., str], contents: dict, flags: tuple, words: str
) -> None:
    change(folder, {"in": "一", **contents})
    assert words in refusal(folder, "decode", "--model", "run/model", "--input", "in", *flags)


def test_what_is_unknown_is_translated_if_that_is_asked_for(folder: Path) -> None:
    flags = ("--model", "run/model", "--allow_unknown")
    result = piped("十九\n", "decode", *flags, cwd=folder)
    assert result.returncode == 0 and result.stdout.count(b"\n") == 1


def test_standard_input_must_be_utf_8(folder: Path) -> None:
    result = piped(b"\xe4\xb8", "decode", "--model", "run/model", cwd=folder)
    assert result.returncode == 2 and result.stdout == b""
    assert result.stderr == b"error: standard input is not UTF-8: byte 0 cannot be read\n"


def test_a_vocabulary_of_another_model_is_refused(
    folder: Path, refusal: Callable[..., str]
) -> None:
    path = folder / "run/model/vocab.json"
    vocab = json.loads(path.read_text())
    vocab["tgt"][-1], vocab["tgt"][-2] = vocab["tgt"][-2], vocab["tgt"][-1]
    path.write_text(json.dumps(vocab))
    error = refusal(folder, "evaluate", "--model", "run/model", "--test", "dev.tsv")
    assert (
        error == f"{path.relative_to(folder)} is another vocabulary than the model was trained with"
    )


def test_data_of_another_language_are_refused(folder: Path, refusal: Callable[..., str]) -> None:
    (folder / "german").write_text("ein Hund\ta dog\n", encoding="utf-8")
    error = refusal(folder, "evaluate", "--model", "run/model", "--test", "german")
    assert "the model knows 0: it was trained on other data" in error


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("train", "--train", "zh", "en"), "--train and --dev belong together"),
        (("train", "--dropout", 1), "--dropout 1.0: must be at least 0 and below 1"),
        (("train", "--lr", "nan"), "--lr nan: it must be above 0"),
        (("train", "--lr_decay", 1), "--lr_decay 1.0: must be at least 0 and below 1"),
        (("train", "--vocab_size", 4), "a vocabulary of 4 has no room"),
        (("train", "--out", "en/run"), "cannot write the run folder en/run: Not a directory"),
        (("train", "--data", "multi30k", "--data-dir", "no"), "--data-dir: no is not a folder"),
        (("decode",), "decode needs --model"),
        (("decode", "--model", "none"), "none has no model.json"),
        (("evaluate",), "evaluate needs --model"),
        (("evaluate", "--model", "run/model", "--split", "trial"), "embedded has dev, test"),
        (("attention", "--model", "run/model", ""), "the sentence is empty"),
        (("attention", "--model", "run/model", "九"), "the sentence, line 1: '九' is not in the"),
    ],
)
def test_bad_flags_are_one_line(
    folder: Path, refusal: Callable[..., str], flags: tuple, words: str
) -> None:
    assert words in refusal(folder, *flags)


def test_an_unknown_attention_is_wrong_usage(tmp_path: Path) -> None:
    result = run("train", "--attention", "global", cwd=tmp_path)
    assert result.returncode == 2
    assert "invalid choice: 'global' (choose from" in result.stderr
