"""a5's run.py from the command line: what it prints, what it refuses, and life after a kill -9."""

import importlib
import signal
import subprocess
from pathlib import Path

import pytest
import torch

from tests.flat import flat_imports
from tests.programs import ROOT, error_of, killed, python

RUN = ROOT / "a5_mingpt_perceiver" / "run.py"
BORN = zip(("Ada", "Bo", "Cleo", "Dan", "Eva", "Finn"), ("Oslo", "Rome") * 3, strict=True)
DOCUMENTS = "".join(f"{name} was born in {city}\n" for name, city in BORN)
TITLE = "Where? What follows tells.\n"
QUESTIONS = "Where was Ada born?\tOslo\nWhere was Bo born?\tRome\n"


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    return python(RUN, *arguments, cwd=cwd)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "wiki.txt").write_text(DOCUMENTS + TITLE, encoding="utf-8")
    (tmp_path / "train.tsv").write_text(QUESTIONS, encoding="utf-8")
    return tmp_path


def common(*extra: object) -> list[object]:
    return ["wiki.txt", "--solution", "--device", "cpu", "--threads", "1", "--seed", "7", *extra]


@pytest.mark.parametrize("variant", ["vanilla", "perceiver"])
def test_pretrain_finetune_and_evaluate(folder, variant):
    options = common("--max_epochs", 1, "--writing_params_path", "a.params")
    first = run("pretrain", variant, *options, cwd=folder)
    assert first.returncode == 0, first.stderr
    options = common("--reading_params_path", "a.params", "--finetune_corpus_path", "train.tsv")
    options += ["--max_epochs", 1, "--writing_params_path", "b.safetensors"]
    second = run("finetune", variant, *options, cwd=folder)
    assert second.returncode == 0, second.stderr
    options = common("--reading_params_path", "b.safetensors", "--eval_corpus_path", "train.tsv")
    third = run("evaluate", variant, *options, "--outputs_path", "out/predictions", cwd=folder)
    assert third.returncode == 0, third.stderr
    answers = (folder / "out" / "predictions").read_text(encoding="utf-8").splitlines()
    correct = sum(a == b for a, b in zip(answers, ("Oslo", "Rome"), strict=True))
    assert third.stdout == f"Correct: {float(correct)} out of 2.0: {correct / 2 * 100}%\n"
    run_folder = folder / "runs" / "a5_mingpt_perceiver" / f"run_pretrain_{variant}"
    assert {"config.json", "metrics.jsonl", "loss.png", "checkpoint.pt"} <= {
        path.name for path in run_folder.iterdir()
    }


@pytest.mark.parametrize("where", ["save", "fsync"])
def test_after_kill_9_the_same_command_ends_at_the_same_loss(folder, where):
    options = ("--max_epochs", 3, "--batch_size", 3, "--checkpoint_seconds", 0, "--out", "run")
    arguments = ["pretrain", "perceiver", *common(*options)]
    first = killed(RUN, *arguments, cwd=folder, count=4, where=where)
    assert first.returncode == -signal.SIGKILL, first.stderr
    assert not (folder / "run" / "model.params").exists()
    resumed = run(*arguments, cwd=folder)
    assert resumed.returncode == 0, resumed.stderr

    arguments[-1] = "whole"
    whole = run(*arguments, cwd=folder)
    assert whole.stdout.startswith("step 9: loss ")  # 8 documents, batches of 3, 3 epochs
    assert resumed.stdout == whole.stdout.replace("whole", "run")
    ours, theirs = (
        torch.load(folder / name / "model.params", weights_only=True) for name in ("run", "whole")
    )
    assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())
    rows = [(folder / name / "metrics.jsonl").read_text() for name in ("run", "whole")]
    assert [row.count('"step": 9,') for row in rows] == [1, 1]


def test_a_run_of_another_configuration_is_not_taken_up(folder):
    arguments = ["pretrain", "vanilla", *common("--out", "run", "--max_epochs")]
    assert run(*arguments, 1, cwd=folder).returncode == 0
    error = error_of(run(*arguments, 2, cwd=folder))
    assert error.startswith("run holds a run with max_epochs 1, this one has 2: ")


def test_weights_of_the_other_variant_are_refused(folder):
    arguments = common("--max_epochs", 1, "--writing_params_path", "vanilla.params")
    assert run("pretrain", "vanilla", *arguments, cwd=folder).returncode == 0
    reading = ["--reading_params_path", "vanilla.params", "--finetune_corpus_path", "train.tsv"]
    arguments = common(*reading, "--writing_params_path", "new/perceiver.params")
    error = error_of(run("finetune", "perceiver", *arguments, cwd=folder))
    assert error == "vanilla.params: tensor down_block.C (1, 32, 256) is missing"
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "Where was Eva born?",
            "'Where was Eva born?' is not valid, each line is a question, a TAB and an answer",
        ),
        (
            "Where was Eva born?\tOslo\tRome",
            "'Where was Eva born?\\tOslo\\tRome' is not valid, "
            "each line is a question, a TAB and an answer",
        ),
        ("", "'' is not valid, each line is a question, a TAB and an answer"),
        ("Where was Zoe born?\tOslo", "'Z' does not occur in the pretraining text"),
        ("Where was Eva born? " * 9 + "\tOslo", "too long: at most 126 characters fit"),
    ],
    ids=["no TAB", "two TABs", "empty", "unknown character", "too long"],
)
def test_a_broken_line_is_named_before_anything_is_done(folder, line, message):
    (folder / "train.tsv").write_text(QUESTIONS + line + "\n" + QUESTIONS, encoding="utf-8")
    error = error_of(
        run("finetune", "vanilla", *common("--finetune_corpus_path", "train.tsv"), cwd=folder)
    )
    assert error.startswith("train.tsv, line 3") and error.endswith(message)
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pretrain vanilla absent.txt", "cannot read absent.txt: No such file"),
        ("evaluate vanilla wiki.txt", "evaluate needs --reading_params_path"),
        (
            "evaluate vanilla wiki.txt --reading_params_path absent.params "
            "--eval_corpus_path train.tsv",
            "absent.params: there is no such file",
        ),
        (
            "pretrain vanilla wiki.txt --writing_params_path wiki.txt/x",
            "cannot write wiki.txt/x: Not a directory",
        ),
        ("pretrain vanilla wiki.txt --out wiki.txt/x", "cannot write wiki.txt/x"),
        ("pretrain vanilla wiki.txt --max_epochs 0", "--max_epochs 0: it must be above 0"),
        ("pretrain perceiver wiki.txt --bottleneck_dim 129", "from 1 to 128"),
        ("pretrain vanilla wiki.txt --dropout 1", "--dropout 1.0: must be at least 0 and below 1"),
        (
            "pretrain vanilla wiki.txt --shortest 113",
            "--shortest 113 --longest 112: from 1 to 126, in order",
        ),
        (
            "pretrain vanilla wiki.txt --longest 127",
            "--shortest 4 --longest 127: from 1 to 126, in order",
        ),
        (
            "pretrain vanilla wiki.txt --span_share 0.6",
            "--span_share 0.6: must be above 0 and at most 0.5",
        ),
        ("pretrain vanilla latin1.txt", "latin1.txt is not UTF-8: byte 1"),
        ("pretrain vanilla reserved.txt", "reserved.txt, line 2: '⁇' stands for MASK"),
        ("pretrain vanilla empty.txt", "empty.txt is empty"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing_behind(folder, line, message):
    (folder / "latin1.txt").write_bytes(b"a\xe9")
    (folder / "reserved.txt").write_text("a\nb \u2047\n", encoding="utf-8")
    (folder / "empty.txt").write_text("\n", encoding="utf-8")
    before = sorted(folder.rglob("*"))
    assert message in error_of(run(*line.split(), "--solution", cwd=folder))
    assert sorted(folder.rglob("*")) == before


def test_an_unknown_variant_is_wrong_usage(folder):
    result = run("pretrain", "recurrent", "wiki.txt", cwd=folder)
    assert result.returncode == 2
    assert "invalid choice: 'recurrent' (choose from" in result.stderr


@pytest.fixture
def module():
    """run.py with the reference beside it; all that it imports flat is gone afterwards."""
    with flat_imports(RUN.parent / "solution", RUN.parent / "given"):
        yield importlib.import_module("commands")


def test_the_options_of_the_study_reach_the_model_and_the_corruption(folder, module):
    options = ["--dropout", "0", "--shortest", "6", "--longest", "9", "--span_share", "0.5"]
    args = module.parse(["pretrain", "vanilla", str(folder / "wiki.txt"), *options])
    _, dataset = module.pretraining_text(args)
    model = module.fresh_model(args, dataset)
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.0}
    kept, spans = set(), []
    for _ in range(2000):
        string = "".join(dataset.itos[int(i)] for i in dataset[6][0])  # the title, the longest
        prefix, suffix, span = string.rstrip("\u25a1").split("\u2047")
        kept.add(len(prefix) + len(suffix) + len(span))
        spans.append(len(span) / (len(prefix) + len(suffix) + len(span)))
    assert kept == {6, 7, 8, 9}
    # Between 0 and 1 with mean 0.5; the mean of 2,000 has a standard deviation of at most 0.011.
    assert sum(spans) / len(spans) == pytest.approx(0.5, abs=0.05)
