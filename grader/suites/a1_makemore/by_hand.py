"""Checks that a task is written by hand, by the operations that its code ran.

The call runs under a watch in the student's process (elementary.py in boundary/inside), which
refuses torch.nn, torch.optim and whole kernels. The watch's record is judged here: some elementary
operations that the task needs must have run, and each test compares the result too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn, optim
from torch.nn import functional, init

from grader import expect
from grader.boundary.inside.elementary import KERNELS


@dataclass(frozen=True)
class Task:
    """What to write: its name, what kind of thing it is, and operations for it.

    needs: names of torch operations, any of which can do the main work; examples: some of them, to
    show the student.
    """

    name: str
    kind: str
    needs: str
    examples: str


_PRODUCTS = "matmul mm bmm einsum addmm baddbmm mv addmv tensordot dot inner mul multiply"
LINEAR = Task("Linear", "layer", _PRODUCTS, "@ and +")
_PLACES = "getitem index index_select gather take_along_dim select"
EMBEDDING = Task("Embedding", "layer", f"{_PLACES} {_PRODUCTS}", "indexing")
TANH = Task("Tanh", "layer", "tanh exp exp2 expm1 sigmoid", "torch.tanh")
SEQUENTIAL = Task("Sequential", "layer", _PRODUCTS, "a loop over its layers")
NORM = Task(
    "BatchNorm1d", "layer", f"mean sum var std var_mean std_mean {_PRODUCTS}", "mean, var, sqrt"
)
NORM_IN_EVALUATION = Task("BatchNorm1d", "layer", f"sub add rsub {_PRODUCTS}", "-, /, sqrt")
_SHAPES = "view reshape flatten unflatten unfold permute transpose as_strided"
_JOINS = "cat concat stack getitem slice select index"
FLATTEN = Task("FlattenConsecutive", "layer", f"{_SHAPES} {_JOINS}", "view, reshape")
WAVENET = Task("wavenet", "model", _PRODUCTS, "your own layers")
CROSS_ENTROPY = Task(
    "cross_entropy", "loss", "logsumexp log_softmax softmax logaddexp log exp", "logsumexp, mean"
)
_SUMS = "sub isub subtract add iadd rsub addcmul lerp mul copy foreach_sub foreach_add"
SGD_STEP = Task("sgd_step", "step", _SUMS, "-=")
INIT_WEIGHTS = Task(
    "init_weights", "start", "mul imul multiply div truediv itruediv copy", "*=, requires_grad_"
)
TRAIN = Task("train", "training", "randint getitem index", "torch.randint, backward")

_LAYERS = (*KERNELS, "linear", "cross_entropy", "Linear", "Embedding", "Norm", "Loss", "Tanh")
_KNOWN = frozenset(
    [f"torch.nn.{name}" for name in (*nn.modules.__all__, "Module", "Parameter")]
    + [f"torch.nn.functional.{name}" for name in dir(functional) if name[0] != "_"]
    + [f"torch.nn.init.{name}" for name in dir(init) if name[0] != "_"]
    + [f"torch.optim.{name}" for name in dir(optim) if name[0].isupper()]
    + [f"torch.{name}" for owner in (torch, torch.Tensor) for name in dir(owner) if name[0] != "_"]
)
_WHOLE = frozenset(name for name in _KNOWN if any(layer in name for layer in _LAYERS))


def run(
    student: Any, task: Task, function: Any, arguments: list[Any], through: str | None = None
) -> Any:
    """The result of function(*arguments), or of the probe `through` that calls it.

    Fails if anything but elementary operations ran, or none that the task needs.
    """
    result, calls, operations = _watched(student, task, function, arguments, through)
    assert _ran(task, calls) and _ran(task, operations), (
        f"no operation that computes {task.name} ran in the call: compute it there, not elsewhere, "
        f"with torch's elementary operations ({task.examples}, ...)"
    )
    return result


def make(student: Any, task: Task, arguments: list[Any]) -> Any:
    """The layer or model that the student's code builds from these arguments, by hand too."""
    function = getattr(student.makemore, task.name)
    return expect.thing(_watched(student, task, function, arguments)[0], task.name)


def _watched(
    student: Any, task: Task, function: Any, arguments: list[Any], through: str | None = None
) -> tuple[Any, ...]:
    """(result, calls, operations) of function(*arguments); fails if the watch refused a call."""
    outcome = student.probe.elementary(function, arguments, through)
    *outcome, refused = expect.items(outcome, 4, f"{task.name} under the watch")
    assert refused is None, _message(task, refused)
    return tuple(outcome)


def is_refused(student: Any, function: Any, arguments: list[Any]) -> bool:
    """Whether function(*arguments) runs a non-elementary operation."""
    result = student.probe.elementary(function, arguments)
    return expect.items(result, 4, "a call under the watch")[3] is not None


def _ran(task: Task, counts: Any) -> bool:
    """Whether the watch counted one of the operations that the task needs."""
    names = task.needs.split()
    return isinstance(counts, dict) and any(
        isinstance(counts.get(name), int) and counts[name] > 0 for name in names
    )


def _message(task: Task, refused: Any) -> str:
    """Names what was called, if it is on a list of ours, and says what to do."""
    advice = f"write it with elementary operations ({task.examples}, ...)"
    name = refused if isinstance(refused, str) else ""
    if name in _WHOLE:
        return f"{task.name} calls {name}, which does the whole {task.kind}: {advice}"
    for library in ("torch.nn", "torch.optim", "torch.ops"):
        if name == library or name.startswith(f"{library}."):
            thing = name if name in _KNOWN else library
            return f"{task.name} uses {thing}: {advice}"
    if name in _KNOWN:
        return f"{task.name} calls {name}, which is not an elementary operation: {advice}"
    return f"{task.name} uses something other than torch's own operations on tensors: {advice}"
