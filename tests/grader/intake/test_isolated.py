"""A submission read in a worker: the same tree as here, and whatever the worker does, a refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from grader.boundary.errors import StudentCrash
from grader.boundary.sandbox import Sandbox
from grader.errors import Refused
from grader.intake import isolated
from grader.intake.archive import MAX_ENTRIES, MAX_FILE
from grader.intake.contents import Contents
from grader.intake.submission import take
from tests.grader.intake.submissions import FILES, MODEL, SHAPES, make_folder, notebook

NOBODY: Any = None  # a sandbox that is not asked


@pytest.mark.parametrize("shape", SHAPES)
def test_a_worker_reads_what_this_process_reads(
    tmp_path: Path, toy: Any, sandbox: Sandbox, shape: str
) -> None:
    """Files of no bytes, and of more than the wire takes as small values, among them."""
    large = (b"#" * 63 + b"\n") * (MAX_FILE // 64)
    extra = {f"predictions/{n}.txt": large for n in range(6)} | {"src/utils.py": b"", "x.md": b""}
    path = SHAPES[shape](tmp_path / shape, FILES | extra)
    tree = take(path, toy, sandbox)
    assert tree == take(path, toy)
    assert len(tree.files) == 8 and tree.files["src/utils.py"] == b""


def test_a_worker_reads_a_notebook(tmp_path: Path, toy: Any, sandbox: Sandbox) -> None:
    path = tmp_path / "work.ipynb"
    path.write_bytes(notebook("%time\nx = 1"))
    assert take(path, toy, sandbox) == take(path, toy)


def test_a_refusal_crosses_from_the_worker(tmp_path: Path, toy: Any, sandbox: Sandbox) -> None:
    """In the same words as here, with the submission's name before it."""
    path = SHAPES["mywork.zip"](tmp_path / "mywork.zip", {"src/model.py": b"x = '\xff'"})
    for where in (sandbox, None):
        with pytest.raises(Refused) as error:
            take(path, toy, where)
        assert str(error.value) == (
            f"{path}: 'src/model.py' is not UTF-8 text (byte 5): save it as UTF-8"
        )


def test_a_worker_that_takes_too_long_is_a_refusal(
    tmp_path: Path, toy: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Archives and notebooks that took minutes to read hung the grader, before any clock ran."""
    monkeypatch.setattr(isolated, "LIMITS", replace(isolated.LIMITS, call_seconds=0.001))
    message = r"work: took more than 0\.001 s to read: hand in only the assignment's files"
    with pytest.raises(Refused, match=message):
        take(make_folder(tmp_path / "work", FILES), toy, sandbox)


def test_a_worker_that_takes_too_much_memory_is_a_refusal(
    tmp_path: Path, toy: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "LIMITS", replace(isolated.LIMITS, memory_mb=64))
    path = tmp_path / "work.ipynb"
    path.write_bytes(b'{"cells": [' + b",".join([b"{}"] * 4_000_000) + b"]}")
    with pytest.raises(Refused, match="took more than 64 MiB of memory to read"):
        take(path, toy, sandbox)


def test_a_worker_that_ends_is_a_refusal(
    tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise StudentCrash("the process ended (signal 11)")

    monkeypatch.setattr(isolated, "_ask", crash)
    with pytest.raises(Refused, match="work: cannot be read, the reader crashed: hand in only"):
        take(make_folder(tmp_path / "work", FILES), toy, object())


def test_a_worker_leaves_nothing(tmp_path: Path, toy: Any, sandbox: Sandbox) -> None:
    """It is ended, and the sandbox serves the next."""
    spawned = []
    spawn = sandbox.spawn
    sandbox.spawn = lambda *asked: spawned.append(spawn(*asked)) or spawned[-1]
    try:
        take(make_folder(tmp_path / "work", FILES), toy, sandbox)
    finally:
        del sandbox.spawn
    assert [worker.alive for worker in spawned] == [False]


DATA = torch.zeros(3, dtype=torch.uint8)
MALFORMED = {
    "nothing": None,
    "text": "taken",
    "three words": ("taken", "and", "run"),
    "no list": ("taken", {}, ()),
    "a list": ["taken", {}, []],
    "a number's refusal": ("refused", 7),
    "a stranger's file": ("taken", {"src/trainer.py": DATA}, []),
    "a file outside": ("taken", {"predictions/../../x.txt": DATA}, []),
    "a name that is none": ("taken", {7: DATA}, []),
    "floats": ("taken", {"src/model.py": DATA.float()}, []),
    "bytes": ("taken", {"src/model.py": b"x = 1"}, []),
    "a large file": ("taken", {"src/model.py": torch.zeros(MAX_FILE + 1, dtype=torch.uint8)}, []),
    "many files": (
        "taken",
        {f"predictions/{n}.txt": torch.zeros(MAX_FILE, dtype=torch.uint8) for n in range(17)},
        [],
    ),
    "many names": ("taken", {}, ["x.py"] * (MAX_ENTRIES + 1)),
    "a name outside": ("taken", {}, ["../../etc/passwd"]),
    "a name with an escape": ("taken", {}, ["\x1b[2J"]),
    "a name of bytes": ("taken", {}, [b"x.py"]),
}


@pytest.mark.parametrize("claim", MALFORMED)
def test_a_claim_of_the_wrong_form_is_a_refusal(
    toy: Any, claim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that hostile bytes have taken over can claim anything."""
    monkeypatch.setattr(isolated, "_ask", lambda *_: MALFORMED[claim])
    with pytest.raises(Refused) as error:
        isolated.read(NOBODY, "zip", "work.zip", b"", {}, toy)
    assert len(str(error.value)) < 200


def test_a_claimed_refusal_is_bounded(toy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "_ask", lambda *_: ("refused", "no " * 10_000))
    with pytest.raises(Refused) as error:
        isolated.read(NOBODY, "zip", "work.zip", b"", {}, toy)
    assert len(str(error.value)) <= isolated.MAX_REASON


def test_a_claim_of_the_right_form_is_taken(toy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = torch.from_numpy(numpy.frombuffer(MODEL, numpy.uint8).copy())
    monkeypatch.setattr(isolated, "_ask", lambda *_: ("taken", {"src/model.py": data}, ["x.md"]))
    found = isolated.read(NOBODY, "zip", "work.zip", b"", {}, toy)
    assert found == Contents({"src/model.py": MODEL}, ("x.md",))


def test_an_archive_larger_than_the_wire_is_refused(tmp_path: Path, toy: Any) -> None:
    """Before any of it is sent, and with what to do."""
    path = SHAPES["mywork.zip"](tmp_path / "mywork.zip", FILES)
    with path.open("r+b") as file:
        file.truncate(2**28)
    message = r"'mywork\.zip' is larger than 128 MiB: leave out data, weights and runs"
    with pytest.raises(Refused, match=message):
        take(path, toy)
    path = path.with_suffix(".ipynb")
    path.write_bytes(b" " * (2**24 + 1))
    with pytest.raises(Refused, match=r"'mywork\.ipynb' is larger than 16 MiB: clear its outputs"):
        take(path, toy)
