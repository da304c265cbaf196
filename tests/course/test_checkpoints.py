"""Checkpoints: whole at any moment, readable without running code, checked before use."""

import pickle
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from course import checkpoints
from course.errors import UserError
from tests.programs import ROOT

# Saves a first state whole, then dies at one moment of saving a second.
KILLED_WHILE_SAVING = """
import os, signal, sys
import torch
from pathlib import Path
from course import checkpoints

path, moment = sys.argv[1:]

def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def die_half_written(state, file):
    file.write(b"PK half a checkpoint")
    file.flush()
    die()

checkpoints.save(path, {"step": 1, "w": torch.ones(1000)})
if moment == "writing":
    torch.save = die_half_written
elif moment == "before fsync":
    os.fsync = die
elif moment == "before rename":
    Path.replace = die
checkpoints.save(path, {"step": 2, "w": torch.zeros(1000)})
"""

SAVES_FOR_EVER = """
import itertools, sys
import torch
from course import checkpoints

for step in itertools.count():
    checkpoints.save(sys.argv[1], {"step": step, "w": torch.full((100_000,), float(step))})
    print(step, flush=True)
"""

# A limit on the size of files stands for a full disk: each makes a write fail half way.
FULL_DISK = """
import resource, sys
import torch
from course import checkpoints
from course.errors import UserError

path = sys.argv[1]
checkpoints.save_weights(path, {"w": torch.ones(3)})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    checkpoints.save_weights(path, {"w": torch.ones(1_000_000)})
except UserError as error:
    print(error)
"""


class Toy(nn.Module):
    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.embed = nn.Linear(2, width)
        self.head = nn.Linear(width, 1, bias=False)


def refusal(function, *args) -> str:
    with pytest.raises(UserError) as caught:
        function(*args)
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("moment", ["writing", "before fsync", "before rename"])
def test_kill_at_each_moment_of_saving_leaves_the_last_state(tmp_path, moment):
    path = tmp_path / "last.pt"
    command = [sys.executable, "-c", KILLED_WHILE_SAVING, str(path), moment]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert checkpoints.load(path)["step"] == 1
    # What the kill left beside it does not hinder the next save.
    checkpoints.save(path, {"step": 3})
    assert checkpoints.load(path) == {"step": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("after", [1, 5, 17])
def test_kill_of_a_process_that_always_saves_leaves_a_whole_file(tmp_path, after):
    """The moment is whatever the scheduler makes it: the file must be whole all the same."""
    path = tmp_path / "last.pt"
    command = [sys.executable, "-c", SAVES_FOR_EVER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as saver:
        told = [int(saver.stdout.readline()) for _ in range(after)][-1]
        saver.kill()
    state = checkpoints.load(path)
    assert state["step"] >= told, "what was told as saved is saved"
    assert torch.equal(state["w"], torch.full((100_000,), float(state["step"])))


def test_failed_save_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "last.pt"
    checkpoints.save(path, {"step": 1})
    with pytest.raises(Exception, match="pickle"):
        checkpoints.save(path, {"step": 2, "f": lambda: None})
    assert checkpoints.load(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_full_disk_is_one_line_and_keeps_the_old_file(tmp_path, name):
    """torch.save turned the system's reason into an error about its own position in the file."""
    path = tmp_path / name
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write {path}: File too large\n"
    assert checkpoints.load_weights(path)["w"].tolist() == [1, 1, 1]
    assert list(tmp_path.iterdir()) == [path]


def test_checkpoint_that_runs_code_is_refused_and_does_not_run_it(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "evil.pt"
    torch.save({"x": Evil()}, path)
    assert str(path) in refusal(checkpoints.load, path)
    path.write_bytes(pickle.dumps(Evil()))
    assert str(path) in refusal(checkpoints.load, path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_broken_or_absent_file_is_one_line(tmp_path, name):
    path = tmp_path / name
    assert refusal(checkpoints.load_weights, path) == f"{path}: there is no such file"
    checkpoints.save_weights(path, Toy())
    whole = path.read_bytes()
    for broken in (b"", b"not a file of weights", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        assert refusal(checkpoints.load_weights, path).startswith(f"{path} is broken")


def test_checkpoint_must_be_a_dict(tmp_path):
    torch.save(torch.ones(2), tmp_path / "t.pt")
    assert refusal(checkpoints.load, tmp_path / "t.pt").endswith("holds a Tensor, not a dict")


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_weights_round_trip(tmp_path, name):
    saved, loaded = Toy(), Toy()
    checkpoints.save_weights(tmp_path / "new" / name, saved)
    checkpoints.load_into(loaded, tmp_path / "new" / name)
    for key, tensor in saved.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[key])


def test_tied_weights_can_be_saved_as_safetensors(tmp_path):
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    checkpoints.save_weights(tmp_path / "w.safetensors", model)
    found = checkpoints.load_weights(tmp_path / "w.safetensors")
    assert torch.equal(found["0.weight"], found["1.weight"])


def test_view_is_saved_without_its_storage(tmp_path):
    """A slice of a large tensor would otherwise take the whole of it to the disk."""
    checkpoints.save_weights(tmp_path / "w.pt", {"w": torch.zeros(1_000_000)[:2]})
    assert (tmp_path / "w.pt").stat().st_size < 10_000


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_wrong_shape_names_file_tensor_and_both_shapes_and_loads_nothing(tmp_path, name):
    path = tmp_path / name
    checkpoints.save_weights(path, Toy(width=5))
    model = Toy(width=3)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    line = refusal(checkpoints.load_into, model, path)
    assert line == f"{path}: tensor embed.weight has shape (5, 2), the model expects (3, 2)"
    assert all(torch.equal(before[key], tensor) for key, tensor in model.state_dict().items())


def test_missing_and_surplus_tensors_are_named(tmp_path):
    path = tmp_path / "w.pt"
    weights = Toy().state_dict()
    checkpoints.save_weights(path, {k: v for k, v in weights.items() if k != "head.weight"})
    line = refusal(checkpoints.load_into, Toy(), path)
    assert line == f"{path}: tensor head.weight (1, 3) is missing"
    checkpoints.save_weights(path, {**weights, "extra": torch.ones(7)})
    assert "tensor extra (7,) is not one of" in refusal(checkpoints.load_into, Toy(), path)


def test_checkpoint_in_place_of_weights_is_named(tmp_path):
    path = tmp_path / "last.pt"
    checkpoints.save(path, {"model": Toy().state_dict(), "step": 3})
    line = refusal(checkpoints.load_into, Toy(), path)
    assert line.startswith(f"{path}: 'model' is a ")


@pytest.mark.parametrize("function", [checkpoints.save, checkpoints.save_weights])
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_unwritable_folder_is_one_line(tmp_path, function, name):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / name
    line = refusal(function, path, {"w": torch.ones(1)})
    assert line == f"cannot write {path}: Not a directory"


def draw() -> tuple:
    return random.random(), random.gauss(0, 1), np.random.randn(), torch.rand(()).item()


def test_random_sources_go_on_where_they_stopped(tmp_path):
    """An odd number of normal draws first: numpy and Python keep the second of a pair aside."""
    draw()
    checkpoints.save(tmp_path / "last.pt", {"rng": checkpoints.rng_state()})
    expected = [draw() for _ in range(3)]
    checkpoints.restore_rng(checkpoints.load(tmp_path / "last.pt")["rng"])
    assert [draw() for _ in range(3)] == expected


def train(path: Path, steps: int) -> list[float]:
    """Train a toy up to `steps`, from the checkpoint where there is one; -> the losses seen."""
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    first, losses = 0, []
    if path.exists():
        state = checkpoints.load(path)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        checkpoints.restore_rng(state["rng"])
        first = state["step"]
    for step in range(first, steps):
        loss = model(torch.randn(16, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        checkpoints.save(path, {**parts, "rng": checkpoints.rng_state(), "step": step + 1})
    return losses


def test_resumed_training_is_the_uninterrupted_one(tmp_path):
    """Data, dropout and AdamW's moments all go on: the losses agree to the last bit."""
    torch.manual_seed(0)
    whole = train(tmp_path / "whole.pt", steps=6)
    torch.manual_seed(0)
    first = train(tmp_path / "halves.pt", steps=3)
    torch.manual_seed(99)
    assert first + train(tmp_path / "halves.pt", steps=6) == whole


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_source_goes_on_and_weights_come_back_on_the_cpu(tmp_path):
    checkpoints.save(tmp_path / "last.pt", {"rng": checkpoints.rng_state()})
    expected = torch.rand(5, device="cuda")
    checkpoints.restore_rng(checkpoints.load(tmp_path / "last.pt")["rng"])
    assert torch.equal(torch.rand(5, device="cuda"), expected)
    for name in ("w.pt", "w.safetensors"):
        checkpoints.save_weights(tmp_path / name, Toy().cuda())
        weights = checkpoints.load_weights(tmp_path / name)
        assert {tensor.device.type for tensor in weights.values()} == {"cpu"}
