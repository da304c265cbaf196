"""Run folders: what is written, what a resumed run keeps, and what an unwritable folder says."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from course import runs
from course.errors import UserError

PNG = b"\x89PNG\r\n\x1a\n"


@dataclasses.dataclass(frozen=True)
class Config:
    lr: float = 0.1
    corpus: Path = Path("wiki.txt")


def metrics(folder: Path) -> list[tuple[int, float]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [(row["step"], row["loss"]) for row in map(json.loads, lines)]


def events(folder: Path, tag: str = "loss") -> list[tuple[int, float]]:
    found = EventAccumulator(str(folder / "tb"))
    found.Reload()
    return [(event.step, event.value) for event in found.Scalars(tag)]


def log_steps(folder: Path, steps: range, value: float, resumed_step: int | None = None) -> None:
    with runs.open_run(folder, "a5", "vanilla", {}, 1, resumed_step=resumed_step) as run:
        for step in steps:
            run.log(step, loss=value)


def test_default_folder_is_below_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with runs.open_run(None, "a5", "vanilla", {}, 1) as run:
        assert run.folder == Path("runs/a5/vanilla")
    assert (tmp_path / "runs" / "a5" / "vanilla" / "config.json").exists()


def test_config_tells_what_was_run_and_on_what(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["run.py", "pretrain", "--out", "my folder"])
    device = torch.device("cpu")
    with runs.open_run(tmp_path, "a5", "vanilla", Config(), 42, device=device):
        pass
    told = json.loads((tmp_path / "config.json").read_text())
    assert told["config"] == {"lr": 0.1, "corpus": "wiki.txt"}
    assert told["seed"] == 42
    assert told["command"] == "python run.py pretrain --out 'my folder'"
    assert told["versions"]["torch"] == torch.__version__
    assert told["hardware"]["device"] == "cpu"
    assert told["hardware"]["threads"] == torch.get_num_threads()
    assert told["hardware"]["cores"] >= 1


def test_one_run_writes_metrics_events_and_a_plot(tmp_path):
    with runs.open_run(tmp_path, "a5", "vanilla", {}, 1) as run:
        for step in range(3):
            run.log(step, loss=torch.tensor(2.0 - step / 2), tokens=100 * step)
            assert len(metrics(tmp_path)) == step + 1, "a row is on the disk when log returns"
    assert metrics(tmp_path) == events(tmp_path) == [(0, 2.0), (1, 1.5), (2, 1.0)]
    assert events(tmp_path, "tokens") == [(0, 0.0), (1, 100.0), (2, 200.0)]
    assert (tmp_path / "loss.png").read_bytes().startswith(PNG)


def test_resumed_run_has_every_step_once(tmp_path):
    """Killed at step 5, its last checkpoint at step 3: steps 4 and 5 are run and told again."""
    log_steps(tmp_path, range(6), value=1.0)
    log_steps(tmp_path, range(4, 8), value=2.0, resumed_step=3)
    expected = [(step, 1.0) for step in range(4)] + [(step, 2.0) for step in range(4, 8)]
    assert metrics(tmp_path) == expected
    assert events(tmp_path) == expected
    assert json.loads((tmp_path / "config.json").read_text())["resumed_steps"] == [3]


def test_resumed_run_counts_its_seconds_on(tmp_path):
    row = {"step": 1, "seconds": 1000.0, "loss": 1.0}
    (tmp_path / "metrics.jsonl").write_text(json.dumps(row) + "\n")
    with runs.open_run(tmp_path, "a5", "vanilla", {}, 1, resumed_step=1) as run:
        run.log(2, loss=1.0)
        assert run.rows[-1]["seconds"] >= 1000.0


def test_row_torn_by_a_kill_is_dropped(tmp_path):
    log_steps(tmp_path, range(3), value=1.0)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "lo')
    log_steps(tmp_path, range(3, 5), value=2.0, resumed_step=3)
    assert metrics(tmp_path) == [(0, 1.0), (1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0)]


def test_new_run_in_an_old_folder_starts_anew(tmp_path):
    log_steps(tmp_path, range(6), value=1.0)
    log_steps(tmp_path, range(2), value=2.0)
    assert metrics(tmp_path) == events(tmp_path) == [(0, 2.0), (1, 2.0)]


def test_resuming_in_an_empty_folder_works(tmp_path):
    """A checkpoint may be carried to another machine without its run folder."""
    log_steps(tmp_path, range(4, 6), value=1.0, resumed_step=3)
    assert metrics(tmp_path) == [(4, 1.0), (5, 1.0)]


def test_loss_that_is_not_finite_is_written_as_valid_json(tmp_path):
    with runs.open_run(tmp_path, "a5", "vanilla", {}, 1) as run:
        run.log(0, loss=1.0)
        run.log(1, loss=float("nan"))
        run.log(2, loss=float("inf"))
    text = (tmp_path / "metrics.jsonl").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert metrics(tmp_path) == [(0, 1.0), (1, None), (2, None)]
    assert (tmp_path / "loss.png").exists()


def test_plot_on_demand_and_none_without_a_loss(tmp_path):
    with runs.open_run(tmp_path, "a5", "vanilla", {}, 1) as run:
        run.log(0, accuracy=0.5)
        assert run.plot() is None
        run.log(1, dev_loss=0.5)
        assert run.plot() == tmp_path / "loss.png"
        assert (tmp_path / "loss.png").read_bytes().startswith(PNG)


def test_interrupted_run_still_closes_and_draws(tmp_path):
    with (
        pytest.raises(KeyboardInterrupt),
        runs.open_run(tmp_path, "a5", "vanilla", {}, 1) as run,
    ):
        run.log(0, loss=1.0)
        raise KeyboardInterrupt
    assert (tmp_path / "loss.png").exists()
    run.close()  # a second time


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_unwritable_folder_is_one_line_that_names_the_flag(tmp_path, below):
    """A regular file stands where the folder should be: no user, root neither, writes there."""
    (tmp_path / "file").write_text("keep me")
    out = tmp_path / "file" / below
    with pytest.raises(UserError) as caught:
        runs.open_run(out, "a5", "vanilla", {}, 1)
    line = str(caught.value)
    assert line.startswith(f"cannot write the run folder {out}: Not a directory; ")
    assert "--out" in line
    assert "\n" not in line
    assert (tmp_path / "file").read_text() == "keep me"
