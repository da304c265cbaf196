"""Part d: causal bags of words."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import normal
from grader.suites.a2_bigram_bow.models import C

pytestmark = pytest.mark.part("d")


def uniform(x: torch.Tensor) -> torch.Tensor:
    """Position by position."""
    return torch.stack([x[:, : t + 1].mean(1) for t in range(x.size(1))], dim=1)


def attended(x: torch.Tensor) -> torch.Tensor:
    """Row by row, position by position, in float64."""
    x = x.double()
    y = torch.zeros_like(x)
    for b in range(x.size(0)):
        for t in range(x.size(1)):
            past = x[b, : t + 1]
            weights = (past @ x[b, t] / math.sqrt(x.size(-1))).softmax(0)
            y[b, t] = weights @ past
    return y


def bag(student: Any, name: str) -> Any:
    return expect.thing(getattr(student.bow, name)(), name)


def input_gradient(
    student: Any,
    expected: Callable[[torch.Tensor], torch.Tensor],
    module: Any,
    generator: torch.Generator,
    what: str,
) -> None:
    x, cotangent = normal(generator, 2, 5, C), normal(generator, 2, 5, C)
    x.requires_grad_()
    (right,) = torch.autograd.grad((expected(x) * cotangent).sum(), x)
    result = student.probe.input_gradient(module, [x.detach()], cotangent)
    expect.close(result, right, f"the gradient of {what}'s input", atol=1e-4)


@pytest.mark.about("CausalBoW.forward")
@pytest.mark.points(4)
@pytest.mark.hint("divide the sum up to position t by t + 1")
def test_uniform(student: Any, generator: torch.Generator) -> None:
    """CausalBoW returns the mean of the vectors up to each position."""
    module = bag(student, "CausalBoW")
    for shape in ((1, 1, C), (3, 7, C), (2, 40, 3)):
        x = normal(generator, *shape)
        expect.close(module(x), uniform(x), "CausalBoW", atol=1e-4)


@pytest.mark.about("CausalBoW.forward")
@pytest.mark.points(2)
@pytest.mark.hint("no position may see a later one")
def test_uniform_causal(student: Any, generator: torch.Generator) -> None:
    """In CausalBoW later positions do not change earlier results, and the past counts."""
    module = bag(student, "CausalBoW")
    x, other = normal(generator, 2, 6, C), normal(generator, 2, 6, C)
    expect.causal(module, x, other, "CausalBoW")
    check_past(module, x, other, "CausalBoW")


def check_past(module: Any, x: torch.Tensor, other: torch.Tensor, what: str) -> None:
    """Checks that each result is a mean of the vectors up to it, and depends on all of them.

    A copy or a plain sum of the vectors is causal as well.
    """
    alike = x[:, :1].expand_as(x)
    expect.close(module(alike), alike, f"{what} of equal vectors", atol=1e-4)
    before = expect.tensor(module(x), x.shape, "float", what)
    for t in range(x.size(1)):
        changed = torch.cat((x[:, :t], other[:, t : t + 1], x[:, t + 1 :]), dim=1)
        after = expect.tensor(module(changed), x.shape, "float", what)
        for later in range(t, x.size(1)):
            assert not expect.is_close(after[:, later], before[:, later]), (
                f"{what}: a change at one position does not change a later result"
            )


@pytest.mark.about("CausalBoW.forward")
@pytest.mark.points(1)
@pytest.mark.hint("do not use detach in forward")
def test_uniform_gradient(student: Any, generator: torch.Generator) -> None:
    """Gradients flow through CausalBoW to every averaged position."""
    input_gradient(student, uniform, bag(student, "CausalBoW"), generator, "CausalBoW")


@pytest.mark.about("CausalSelfBoW.forward")
@pytest.mark.points(4)
@pytest.mark.hint("softmax(x x^T / sqrt(C)) x, with the scores of later positions masked first")
def test_attention(student: Any, generator: torch.Generator) -> None:
    """CausalSelfBoW weights the past by the softmax of x's products with itself."""
    module = bag(student, "CausalSelfBoW")
    for shape in ((1, 1, C), (3, 7, C), (2, 30, 4)):
        x = normal(generator, *shape)
        expect.close(module(x), attended(x).float(), "CausalSelfBoW", atol=1e-4)


@pytest.mark.about("CausalSelfBoW.forward")
@pytest.mark.points(2)
@pytest.mark.hint("torch's softmax subtracts the largest score first; exp of a large number is inf")
def test_attention_large(student: Any, generator: torch.Generator) -> None:
    """Scores of several hundred give finite, correct results."""
    x = 15 * normal(generator, 2, 9, C)
    result = bag(student, "CausalSelfBoW")(x)
    expect.close(result, attended(x).float(), "CausalSelfBoW of large vectors", atol=1e-2)


@pytest.mark.about("CausalSelfBoW.forward")
@pytest.mark.points(2)
@pytest.mark.hint("mask before the softmax")
def test_attention_causal(student: Any, generator: torch.Generator) -> None:
    """In CausalSelfBoW later positions do not change earlier results, and the past counts."""
    module = bag(student, "CausalSelfBoW")
    x, other = normal(generator, 2, 6, C), normal(generator, 2, 6, C)
    expect.causal(module, x, other, "CausalSelfBoW")
    check_past(module, x, other, "CausalSelfBoW")


@pytest.mark.about("CausalSelfBoW.forward")
@pytest.mark.points(1)
@pytest.mark.hint("x is query, key and value: its gradient is the sum of all three")
def test_attention_gradient(student: Any, generator: torch.Generator) -> None:
    """Gradients flow through CausalSelfBoW's queries, keys and values."""
    module = bag(student, "CausalSelfBoW")
    input_gradient(student, lambda x: _differentiable(x), module, generator, "CausalSelfBoW")


def _differentiable(x: torch.Tensor) -> torch.Tensor:
    T = x.size(1)
    scores = x @ x.mT / math.sqrt(x.size(-1))
    scores = scores.masked_fill(torch.ones(T, T).triu(1).bool(), -torch.inf)
    return scores.softmax(-1) @ x
