"""a3's run.py from the command line: what it prints and writes, what it refuses, life after a
kill -9."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from course.errors import run_main
from tests.flat import flat_imports
from tests.programs import ROOT, killed, python

RUN = ROOT / "a3_vae_clm" / "run.py"
COMMON = ("--solution", "--device", "cpu", "--seed", "7")
TEXTS = ["a dog runs", "a cat runs", "a dog sleeps", "a cat sleeps", "no dog runs", "no cat sleeps"]
TINY = ("--embed_size", 8, "--mixtures", 2, "--batch-size", 4, "--lr", "0.05", "--threads", 1)
FILES = ("--train", "train", "--dev", "dev")


def write_texts(folder: Path) -> None:
    (folder / "train").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    (folder / "dev").write_text("no dog sleeps\n", encoding="utf-8")


@pytest.fixture(scope="module")
def commands() -> Iterator[ModuleType]:
    """run.py's commands, imported once: a folder's run.py may not see another's modules."""
    with flat_imports(RUN.parent / "solution", RUN.parent / "given"):
        yield importlib.import_module("commands")


@pytest.fixture
def here(
    commands: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    one_thread: None,
) -> Callable[..., tuple[int, str, str]]:
    """A function that gives run.py arguments, in this process and in the folder that it is given,
    and returns the exit code, the output and the errors."""

    def run(folder: Path, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        code = run_main(commands.main, [*map(str, arguments), *COMMON])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refusal(here: Callable[..., tuple[int, str, str]]) -> Callable[..., str]:
    """As `here`, but it returns the one line with which the arguments are refused."""

    def refused(folder: Path, *arguments: object) -> str:
        before = sorted(folder.rglob("*"))
        code, output, error = here(folder, *arguments)
        assert (code, output) == (2, "") and sorted(folder.rglob("*")) == before
        assert error.startswith("error: ") and error.count("\n") == 1, error
        return error.removeprefix("error: ").rstrip("\n")

    return refused


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained model in run/model, and the files of its training."""
    folder = tmp_path_factory.mktemp("trained")
    write_texts(folder)
    flags = (*TINY, "--max_steps", 40, "--snapshots", 2, "--out", "run", *COMMON)
    result = python(RUN, "train", "gaussian-prior", *FILES, *flags, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert re.match(
        r"step 40: loss \d+\.\d+, 0\.\d min\nbest at step \d+: dev NLPPS \d+\.\d+ nats with the "
        r"length; the model is in run/model\n$",
        result.stdout,
    )
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of `trained`, to do with as a test likes."""
    return shutil.copytree(trained, tmp_path / "work")


def test_train_writes_its_configuration_its_curve_and_the_model(trained: Path) -> None:
    names = {path.name for path in (trained / "run").iterdir()}
    files = {"config.json", "metrics.jsonl", "loss.png", "tb", "checkpoint.pt"}
    assert names == files | {"model", "snapshots"}
    assert {path.name for path in (trained / "run/snapshots").iterdir()} == {
        "20.safetensors",
        "40.safetensors",
    }
    settings = json.loads((trained / "run/model/model.json").read_text())
    assert settings["model"] == "DLM112" and settings["sizes"]["mixtures"] == 2
    assert settings["alphabet"] == {"characters": " acdeglnoprstu"}
    rows = [json.loads(line) for line in (trained / "run/metrics.jsonl").read_text().splitlines()]
    assert any("dev_loss" in row for row in rows)


def test_evaluate_prints_every_figure(folder: Path, here: Callable) -> None:
    flags = ("--model", "run/model", "--test", "train", "--samples", 20)
    code, output, error = here(folder, "evaluate", *flags)
    assert (code, error) == (0, "")
    lines = output.splitlines()
    assert re.fullmatch(r"DLM112 \(gaussian-prior\), \d+ parameters, 6 texts, .* seconds", lines[0])
    number = r"(\d+\.\d+)"
    plain = re.fullmatch(
        f"NLPPS {number} nats with the length, {number} without .a bound.", lines[1]
    )
    more = re.fullmatch(f"with 20 samples: {number} nats with the length", lines[2])
    bits = re.fullmatch(f"bits per character {number}", lines[3])
    assert plain and more and bits and len(lines) == 4
    assert float(plain[1]) > float(more[1]) and float(plain[1]) > float(plain[2])
    places = sum(len(text) + 1 for text in TEXTS) / len(TEXTS)
    assert float(bits[1]) == pytest.approx(float(plain[1]) / places / 0.693147, rel=1e-3)


def test_evaluate_tells_the_distance_from_the_true_distribution(here: Callable, tmp_path) -> None:
    """On the embedded data no model is below the true distribution's own figure."""
    train = ("train", "DLM112", *TINY, "--lines", 40, "--max_steps", 2, "--evaluate_every", 1)
    assert here(tmp_path, *train, "--out", "run")[0] == 0
    code, output, _ = here(tmp_path, "evaluate", "--model", "run/model", "--lines", 50)
    assert code == 0
    last = re.fullmatch(
        r"the true distribution has (1\d\.\d{3}) nats on these texts, and an entropy of "
        r"12\.234: the model is (\d+\.\d{3}) above it",
        output.splitlines()[-1],
    )
    assert last and float(last[2]) > 50


def test_sample_writes_a_text_on_each_line_the_same_with_the_same_seed(
    folder: Path, here: Callable
) -> None:
    flags = ("sample", "--model", "run/model", "--count", 4)
    code, output, _ = here(folder, *flags)
    assert code == 0 and output.count("\n") == 4
    assert here(folder, *flags)[1] == output
    assert set(output) <= set("".join(TEXTS)) | {"\n", "\ufffd"}


def test_models_lists_every_one_with_its_parameters(here: Callable, tmp_path: Path) -> None:
    code, output, _ = here(tmp_path, "models")
    assert code == 0
    for number, kind in (("DLM100", "exact"), ("DLM128", "bound"), ("DLM147", "bound")):
        assert re.search(rf"^{number} +\S+ +{kind} +[\d,]+", output, re.MULTILINE)


def test_counts_prints_a_line_for_each_order(folder: Path, here: Callable) -> None:
    flags = ("--train", "train", "--test", "dev", "--orders", 1, 3)
    code, output, _ = here(folder, "counts", *flags)
    assert code == 0
    found = re.findall(r"^(\d)-gram: NLPPS (\S+) nats with the length", output, re.MULTILINE)
    assert [order for order, _ in found] == ["1", "3"] and float(found[0][1]) > float(found[1][1])


def test_after_kill_9_the_same_command_ends_at_the_same_model(
    tmp_path: Path, here: Callable
) -> None:
    write_texts(tmp_path)
    flags = ("train", "DLM112", *FILES, *TINY, "--max_steps", 6, "--checkpoint_seconds", 0)
    flags += ("--evaluate_every", 2, "--average", 0.5, "--out")
    first = killed(RUN, *flags, "run", *COMMON, cwd=tmp_path, count=4)
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert not (tmp_path / "run" / "model").exists()
    (code, resumed, _), (_, whole, _) = (here(tmp_path, *flags, out) for out in ("run", "whole"))
    assert code == 0 and whole.startswith("step 6: loss ")
    assert resumed == whole.replace("whole", "run")
    one, other = (tmp_path / name / "model/model.safetensors" for name in ("run", "whole"))
    assert one.read_bytes() == other.read_bytes()


def test_a_finished_run_is_not_resumed_by_another_one(folder: Path, refusal: Callable) -> None:
    """A checkpoint of another model, of other settings, of other texts."""
    flags = (*FILES, *TINY, "--max_steps", 40, "--snapshots", 2, "--out", "run")
    error = refusal(folder, "train", "DLM114", *flags)
    assert error.startswith("run holds a run with model 'DLM112', this one has 'DLM114': name ")
    error = refusal(folder, "train", "DLM112", *flags, "--lr", "0.01")
    assert error.startswith("run holds a run with lr 0.05, this one has 0.01")
    (folder / "train").write_text("\n".join([*TEXTS, "a dog"]), encoding="utf-8")
    assert refusal(folder, "train", "DLM112", *flags).startswith("run holds a run with data ")


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (
            {"train": "a dog\n"},
            "the training texts are 1, fewer than a batch: choose a --batch_size",
        ),
        ({"train": "a\n\nb\n"}, "train, line 2 is empty: each line must be a text"),
        ({"train": ""}, "train is empty: it must have a text on each line"),
        ({"dev": "a dog\nÄÖ\n"}, "dev, line 2: 'ÄÖ' has none of the 14 characters of the model's"),
        ({"dev": b"\xff"}, "dev is not UTF-8: byte 0"),
        ({"train": None}, "cannot read train: No such file or directory"),
    ],
)
def test_a_broken_file_to_train_on_is_named(
    tmp_path: Path, refusal: Callable, contents: dict, words: str
) -> None:
    write_texts(tmp_path)
    change(tmp_path, contents)
    assert words in refusal(tmp_path, "train", "DLM112", *FILES, *TINY, "--out", "run")


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"run/model/model.json": None}, "run/model has no model.json: name the model folder of"),
        ({"run/model/model.safetensors": b"no"}, "is broken, or is not a safetensors file"),
        ({"run/model/model.json": "[]"}, "run/model/model.json does not describe a model"),
        ({"run/model/model.json": "{"}, "run/model/model.json does not describe a model"),
        ({"dev": "a dog\n\n"}, None),
        ({"dev": "ÄÖÜ\n"}, "dev, line 1: 'ÄÖÜ' has none of the 14 characters of the model's"),
    ],
)
def test_bad_input_to_evaluate_is_one_line(
    folder: Path, refusal: Callable, here: Callable, contents: dict, words: str | None
) -> None:
    change(folder, contents)
    flags = ("evaluate", "--model", "run/model", "--test", "dev")
    if words is None:  # empty lines at the end are no texts
        assert here(folder, *flags)[0] == 0
    else:
        assert words in refusal(folder, *flags)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("train", "DLM999"), "'DLM999' is not a model: choose from DLM100, "),
        (("train", "DLM112", "--dev", "dev"), "--dev belongs to --train"),
        (("train", "DLM112", "--kernel", 4), "--kernel 4: it must be odd"),
        (
            ("train", "DLM100-words", "--hidden_size", 1),
            "--hidden_size 1: this model halves it, so",
        ),
        (("train", "DLM108", "--hidden_size", 1), "it must be at least 2"),
        (("train", "DLM112", "--lr", "nan"), "--lr nan: it must be above 0"),
        (("train", "DLM112", "--average", 1), "--average 1.0: must be at least 0 and below 1"),
        (("train", "DLM112", "--lines", 10), "the training texts are 10, fewer than a batch"),
        (("train", "DLM112", "--data", "multi30k", "--data-dir", "no"), "no is not a folder"),
        (("evaluate",), "evaluate needs --model"),
        (("evaluate", "--model", "none"), "none has no model.json"),
        (("evaluate", "--model", "run/model", "--split", "train"), "embedded has dev, test"),
        (("evaluate", "--model", "run/model", "--samples", 0), "--samples 0: it must be above 0"),
        (("evaluate", "--model", "run/model", "--threads", 0), "--threads 0: it must be above 0"),
        (("sample",), "sample needs --model"),
        (("counts", "--orders", 0), "--orders 0: it must be above 0"),
        (("counts", "--train", "train"), "--train and --test belong together"),
        (
            ("train", "DLM144", "--embed_size", 30),
            "--embed_size 30: it must be a multiple of the 4",
        ),
    ],
)
def test_bad_flags_are_one_line(folder: Path, refusal: Callable, flags: tuple, words: str) -> None:
    assert words in refusal(folder, *flags)


def test_a_texts_control_characters_do_not_reach_the_terminal(folder: Path, here: Callable) -> None:
    text = "\x1b[31m red \x1b[31m"
    (folder / "train").write_text("\n".join([text] * 8), encoding="utf-8")
    flags = (*FILES, *TINY, "--max_steps", 2, "--out", "red")
    (folder / "dev").write_text(text)
    assert here(folder, "train", "DLM112", *flags)[0] == 0
    assert "\x1b" not in here(folder, "sample", "--model", "red/model", "--count", 20)[1]


def change(folder: Path, contents: dict[str, str | bytes | None]) -> None:
    """Write files, {name: content}; None removes one."""
    for name, content in contents.items():
        path = folder / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_models_says_which_todo_each_meets_first(tmp_path: Path) -> None:
    """In a student's checkout nothing is written yet; the list must still come."""
    result = python(RUN, "models", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^DLM100 +\S+ +TODO\(a\): CharacterGRU.__init__", result.stdout, re.MULTILINE)
    assert re.search(r"^DLM104 +\S+ +exact +[\d,]+$", result.stdout, re.MULTILINE)
