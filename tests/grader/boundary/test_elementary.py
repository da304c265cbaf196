"""What a call runs: the watch that the by-hand tests of a1 rely on."""

from __future__ import annotations

import operator
import pickle
import sys
import threading
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.boundary.inside import probes
from grader.boundary.inside.elementary import Refused, Watch

X, W = torch.randn(4, 3), torch.randn(3, 5, requires_grad=True)
ROWS = torch.tensor([1, 0])
LAYER = nn.Linear(3, 5)


class Own(torch.Tensor):
    """A student's own kind of tensor."""


def watched(call: Callable[[], object]) -> Watch:
    watch = Watch()
    try:
        with watch:
            call()
    except Refused:
        assert watch.refused
    return watch


@pytest.mark.parametrize(
    ("call", "function", "operation"),
    [
        (lambda: X @ W, "matmul", "mm"),
        (lambda: torch.einsum("ij,jk->ik", X, W), "einsum", "bmm"),
        (lambda: W[ROWS], "getitem", "index"),
        (lambda: torch.tanh(X), "tanh", "tanh"),
        (lambda: X.var((0,), unbiased=True), "var", "var"),
        (lambda: X.log_softmax(1).gather(1, ROWS[:, None]), "gather", "gather"),
        (lambda: torch.logsumexp(X, 1).mean(), "logsumexp", "logsumexp"),
        (lambda: (X @ W).tanh().sum().backward(), "backward", "tanh_backward"),
        (lambda: torch.autograd.grad((X @ W).sum(), W), "grad", "mm"),
        (lambda: W.data.sub_(0.1), "sub", "sub"),
        (lambda: torch._foreach_add_([X.clone()], [X]), "foreach_add", "add"),
        (lambda: torch.multinomial(torch.ones(3), 1), "multinomial", "multinomial"),
        (lambda: X.norm(), "norm", "linalg_vector_norm"),
        (lambda: X.reshape(2, 2, 3).squeeze(1), "reshape", "view"),
        (lambda: X.log_softmax(1)[:, [0, 1, 0, 2]].diag().mean(), "diag", "diagonal_copy"),
        (lambda: X.log_softmax(1)[:, [0, 1, 0, 2]].trace(), "trace", "trace"),
        (lambda: torch.allclose(X, X), "allclose", "allclose"),
    ],
)
def test_elementary_operations_are_counted(call: Callable, function: str, operation: str) -> None:
    watch = watched(call)
    assert watch.refused is None
    assert watch.calls[function] >= 1 and watch.operations[operation] >= 1


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: functional.linear(X, W.T), "torch.nn.functional.linear"),
        (lambda: torch.functional.F.linear(X, W.T), "torch.nn.functional.linear"),
        (
            lambda: operator.attrgetter("nn.functional")(torch).linear(X, W.T),
            "torch.nn.functional.linear",
        ),
        (
            lambda: pickle.loads(b"ctorch.nn.functional\nlinear\n.")(X, W.T),
            "torch.nn.functional.linear",
        ),
        (
            lambda: functional.batch_norm(X, None, None, training=True),
            "torch.nn.functional.batch_norm",
        ),
        (
            lambda: torch.batch_norm(X, None, None, None, None, True, 0.1, 1e-5, False),
            "torch.batch_norm",
        ),
        (
            lambda: torch.native_batch_norm(X, None, None, None, None, True, 0.1, 1e-5),
            "torch.native_batch_norm",
        ),
        (lambda: torch.embedding(W, ROWS), "torch.embedding"),
        (
            lambda: functional.cross_entropy(X, torch.zeros(4).long()),
            "torch.nn.functional.cross_entropy",
        ),
        (lambda: torch.ops.aten.linear(X, W.T), "torch.ops"),
        (lambda: torch.ops.aten.mm.default(X, W), "torch.ops"),
        (lambda: LAYER(X), "torch.nn.Linear"),
        (lambda: LAYER.forward(X), "torch.nn.Linear"),
        (lambda: nn.Tanh()(X), "torch.nn.Tanh"),
        (lambda: nn.init.normal_(torch.empty(3)), "torch.nn.init.normal_"),
        (lambda: nn.Parameter(X), "torch.nn.Parameter"),
        (lambda: torch.optim.SGD([W], lr=0.1), "torch.optim.SGD"),
        (lambda: X.as_subclass(Own) @ W, "a custom tensor class"),
        (
            lambda: torch.vmap(lambda row: functional.linear(row, W.T))(X),
            "torch.nn.functional.linear",
        ),
        (lambda: torch.conv1d(X[None], torch.ones(1, 4, 1)), "torch.conv1d"),
    ],
)
def test_whole_layers_are_refused_by_name(call: Callable, name: str) -> None:
    assert watched(call).refused == name


@pytest.mark.parametrize("way", ["thread", "compiled"])
def test_work_that_is_done_elsewhere_is_not_counted(way: str) -> None:
    """So a test that wants to see an operation misses it."""

    def in_a_thread() -> None:
        thread = threading.Thread(target=functional.linear, args=(X, W.T))
        thread.start()
        thread.join()

    compiled = torch.jit.CompilationUnit("def product(x, w):\n    return torch.matmul(x, w)\n")
    watch = watched(in_a_thread if way == "thread" else lambda: compiled.product(X, W))
    assert not watch.calls["matmul"] and not watch.calls["linear"]


def test_a_caught_refusal_is_still_told() -> None:
    """`try: ... except BaseException: pass` around the kernel does not hide it."""

    def call() -> None:
        try:
            functional.linear(X, W.T)
        except BaseException:
            X @ W

    assert watched(call).refused == "torch.nn.functional.linear"


def test_nothing_is_left_behind() -> None:
    """After a refusal torch.nn works again, and a profiler of before is back."""
    before = sys.getprofile()
    assert watched(lambda: LAYER(X)).refused
    assert sys.getprofile() is before
    assert LAYER(X).shape == (4, 5)


def test_the_probe_gives_plain_values() -> None:
    result, calls, operations, refused = probes.elementary(torch.matmul, [X, W])
    assert torch.equal(result, X @ W) and (calls, operations) == ({"matmul": 1}, {"mm": 1})
    assert refused is None
    assert probes.elementary(LAYER, [X])[0::3] == (None, "torch.nn.Linear")


def test_an_exception_of_student_code_goes_through() -> None:
    with pytest.raises(NotImplementedError, match="TODO"):
        probes.elementary(_unwritten, [])


def _unwritten() -> None:
    raise NotImplementedError("TODO(b)")
