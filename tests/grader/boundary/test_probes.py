"""Probes: which are found by a name, where a suite's own come from, and weights copied by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from grader.boundary.errors import StudentRaised
from grader.boundary.inside import lookup, probes
from grader.boundary.inside.lookup import Probes
from grader.boundary.limits import Limits
from grader.boundary.local import LocalStudent
from grader.boundary.sandbox import Sandbox, why_no_sandbox
from grader.boundary.student import RemoteStudent

LIMITS = Limits(memory_mb=512, call_seconds=5.0, total_seconds=30.0, threads=1, disk_mb=8)
WORK = b"""
import torch


def product(x, w):
    return torch.matmul(x, w)


def by_name():
    import grader.boundary.inside.suite_probes
"""
SUITE = b"""
import pyclbr

def twice(function, *arguments):
    return function(*arguments), function(*arguments)

def is_forged():
    return hasattr(pyclbr, "FORGED")

def parameters(model):
    return "this suite's own"

def read_named(module, names):
    return "instead of the generic one"
"""
FILES = {"work.py": WORK, "pyclbr.py": b"FORGED = True"}
X, W = torch.randn(4, 3), torch.randn(3, 5)


@pytest.fixture(params=["here", "sandbox"])
def student(request, tmp_path: Path) -> Iterator[LocalStudent | RemoteStudent]:
    """A student in either kind of process, with the probes of a suite."""
    if request.param == "here":
        for name, text in FILES.items():
            (tmp_path / name).write_bytes(text)
        yield LocalStudent(tmp_path, SUITE)
        return
    if why_no_sandbox():
        pytest.skip(str(why_no_sandbox()))
    with Sandbox(threads=1) as sandbox:
        files = {f"src/{name}": text for name, text in FILES.items()}
        remote = RemoteStudent(sandbox, files, ["src"], LIMITS, probes=SUITE)
        remote.begin(1)
        yield remote
        remote.close()


def test_a_suites_probe_comes_before_a_generic_one(student) -> None:
    assert student.probe.parameters(None) == "this suite's own"
    assert student.probe.read_named(None, []) == "instead of the generic one"
    assert student.probe.arguments_after(student.work.product, [X, W])[0].shape == X.shape
    with pytest.raises((AttributeError, StudentRaised), match="unheard_of"):
        student.probe.unheard_of()


def test_the_watch_runs_through_a_suites_probe(student) -> None:
    """What it knew by name were the probes of its own module."""
    result = student.probe.elementary(student.work.product, [X, W], "twice")
    assert all(torch.equal(each, X @ W) for each in result[0])
    assert result[1:] == ({"matmul": 2}, {"mm": 2}, None)


def test_student_code_neither_imports_nor_shadows_a_suites_probes(student) -> None:
    """A module that they import is Python's own, whatever the submission has of that name."""
    assert student.probe.is_forged() is False
    with pytest.raises((ModuleNotFoundError, StudentRaised), match="suite_probes"):
        student.work.by_name()
    assert lookup.NAME not in sys.modules


def test_two_suites_in_one_process_keep_their_own() -> None:
    first, second = (Probes(f"def which():\n    return {n}".encode()) for n in (1, 2))
    assert (first.which(), second.which()) == (1, 2)
    assert not hasattr(Probes(), "which") and callable(Probes().seed)


class Odd(nn.Module):
    """A parameter, a buffer, a plain tensor, and a parameter that nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(2, 3))
        self.register_buffer("basis", torch.zeros(4))
        self.plain = torch.zeros(4)
        self.gain = nn.Parameter(torch.ones(1))


def test_filling_goes_by_name_whatever_a_tensor_is() -> None:
    """A basis that is a buffer is one mistake; the tests of what it computes go on with it."""
    model, values = Odd(), {"inner.0.weight": torch.ones(3, 2), "basis": torch.ones(4)}
    values |= {"plain": torch.ones(4), "inner.0.bias": torch.ones(3)}
    assert probes.fill_named(model, values) == {"missing": [], "shapes": {}, "extra": ["gain"]}
    filled = (model.inner[0].weight, model.inner[0].bias, model.basis, model.plain)
    assert all(bool((tensor == 1).all()) for tensor in filled)


def test_what_does_not_fit_is_reported_by_name() -> None:
    """Strict loading of a state_dict said how many names there are too many, and none of them."""
    values = {"key.weight": torch.ones(2), "inner.0": torch.ones(2), "basis": torch.ones(5)}
    report = probes.fill_named(Odd(), values)
    assert report["missing"] == ["key.weight", "inner.0"]
    assert report["shapes"] == {"basis": (4,)}
    assert sorted(report["extra"]) == ["gain", "inner.0.bias", "inner.0.weight"]
