"""Part c: CausalSelfAttention."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import normal
from grader.suites.a5_mingpt_perceiver.models import BLOCK, C, config
from grader.weights import load_parameters, twins

pytestmark = [pytest.mark.part("c"), pytest.mark.about("CausalSelfAttention.forward")]
WHAT = "CausalSelfAttention's output"


def make(code: Any, **changes: Any) -> Any:
    return code.attention.CausalSelfAttention(config(code, **changes))


@pytest.mark.points(1)
@pytest.mark.hint("split C into n_head heads with view and transpose, and put them back at the end")
def test_shapes(student: Any, reference: Any, generator: torch.Generator) -> None:
    """CausalSelfAttention returns (B, T, C) for every batch size and every length."""
    theirs, ours = twins(student, reference, make, generator)
    for batch, length in ((1, 1), (1, BLOCK), (3, 1), (2, 7), (5, BLOCK)):
        x = normal(generator, batch, length, C)
        y = expect.tensor(theirs(x), (batch, length, C), torch.float32, WHAT)
        check_first(y, ours(x))


def check_first(y: torch.Tensor, expected: torch.Tensor) -> None:
    """Checks the first position, which sees only itself, whatever the heads, scale and mask are.

    So a test of shapes or dependencies does not pass without attention.
    """
    expect.close(y[:, :1], expected[:, :1], f"{WHAT} at the first position")


@pytest.mark.points(2)
@pytest.mark.hint("softmax over the keys, the last dimension, of q k^T / sqrt(head size)")
def test_one_head(student: Any, reference: Any, generator: torch.Generator) -> None:
    """With one head, CausalSelfAttention agrees with the reference on the same weights."""
    theirs, ours = twins(student, reference, lambda code: make(code, n_head=1), generator)
    for length in (2, BLOCK):
        x = normal(generator, 3, length, C)
        expect.close(theirs(x), ours(x), WHAT)


@pytest.mark.points(3)
@pytest.mark.hint(
    "head h has the channels h * hs to (h + 1) * hs; the scale is the head's sqrt(hs)"
)
def test_several_heads(student: Any, reference: Any, generator: torch.Generator) -> None:
    """With several heads, CausalSelfAttention agrees with the reference on the same weights."""
    for heads in (2, 4, C):
        theirs, ours = twins(student, reference, lambda code: make(code, n_head=heads), generator)  # noqa: B023
        for batch, length in ((1, 5), (2, BLOCK)):
            x = normal(generator, batch, length, C)
            expect.close(theirs(x), ours(x), WHAT)


@pytest.mark.points(2)
@pytest.mark.hint("mask the scores of later positions before the softmax")
def test_causal(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Later positions do not change earlier results."""
    theirs, ours = twins(student, reference, make, generator)
    x, other = normal(generator, 2, 6, C), normal(generator, 2, 6, C)
    expect.causal(theirs, x, other, WHAT)
    check_first(expect.tensor(theirs(x), x.shape, "float", WHAT), ours(x))


@pytest.mark.points(1)
@pytest.mark.hint("a mask that is too large hides the past as well")
def test_sees_the_past(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The last position sees every position before it."""
    theirs, ours = twins(student, reference, make, generator)
    # If all positions are equal, every average is the same, but a running sum is not.
    alike = normal(generator, 1, 1, C).expand(1, 6, C)
    y = expect.tensor(theirs(alike), (1, 6, C), "float", WHAT)
    expect.close(y[:, -1], ours(alike)[:, -1], f"{WHAT} at the last of equal positions")
    x = normal(generator, 1, 6, C)
    before = expect.tensor(theirs(x), (1, 6, C), "float", WHAT)
    for t in range(6):
        changed = x.clone()
        changed[:, t] = normal(generator, C)
        after = expect.tensor(theirs(changed), (1, 6, C), "float", WHAT)
        assert not expect.is_close(after[:, -1], before[:, -1]), (
            "a change at an earlier position does not change the result at the last one"
        )


@pytest.mark.points(1)
@pytest.mark.hint("torch's softmax subtracts the largest score first; exp of a large number is inf")
def test_large_scores(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Scores of several hundred give finite, correct results."""
    theirs, ours = twins(student, reference, make, generator)
    x = 12 * normal(generator, 2, BLOCK, C)
    # Scores of that size make rounding show: 1e-3 is 1 part in 10,000 of the largest output.
    expect.close(theirs(x), ours(x), WHAT, atol=1e-2, rtol=1e-3)


@pytest.mark.points(2)
@pytest.mark.hint("attn_drop comes after the softmax and before the product with v")
def test_attention_dropout(student: Any, reference: Any, generator: torch.Generator) -> None:
    """attn_drop drops attention weights one by one, in training only."""
    heads, size = 2, C // 2
    theirs, ours = twins(
        student, reference, lambda code: make(code, n_head=heads, attn_pdrop=0.5), generator
    )
    for layer in (ours.value, ours.proj):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    load_parameters(student, theirs, ours)
    for length in (4, 2, 1):  # the longest first: it tells most mistakes apart
        # Position s is 1 in channels of its own, `copies` of them in each head. So these channels
        # of the output at t are the weight that t gives to s, each time the same number.
        copies = size // length
        x = torch.eye(length).repeat_interleave(copies, 1).repeat(1, heads).expand(64, -1, -1)
        expected = ours(x).detach()
        theirs.eval()
        expect.close(theirs(x), expected, "in eval mode " + WHAT)
        theirs.train()
        y = expect.tensor(theirs(x), expected.shape, "float", WHAT)
        kept = check_dropped(y, expected, "attn_drop is not applied to the weights")
        kept = kept.view(64, length, heads, length, copies)
        assert bool((kept == kept[..., :1]).all()), (
            "in training, attn_drop is not applied to the weights"
        )
        first, last = kept[:, -1, :, 0, 0], kept[:, -1, :, -1, 0]
        assert length == 1 or bool((first != last).any()), (
            "in training, the weights of a row are dropped together, not one by one"
        )


def check_dropped(y: torch.Tensor, expected: torch.Tensor, fault: str) -> torch.Tensor:
    """Which numbers of y are twice those of `expected`; checks that dropout made all others 0."""
    doubled = torch.isclose(y, 2 * expected, atol=1e-4, rtol=1e-3)
    dropped = y.abs() < 1e-4
    assert bool((doubled | dropped).all()), f"in training, {fault}"
    assert bool((dropped & ~doubled).any()), "in training, nothing is dropped"
    assert bool((doubled & ~dropped).any()), "in training, everything is dropped"
    return doubled


@pytest.mark.points(1)
@pytest.mark.hint("apply resid_drop last, after proj")
def test_residual_dropout(student: Any, reference: Any, generator: torch.Generator) -> None:
    """resid_drop drops outputs of proj, in training only."""
    theirs, ours = twins(student, reference, lambda code: make(code, resid_pdrop=0.5), generator)
    x = normal(generator, 4, BLOCK, C)
    expected = ours(x)
    expect.close(theirs(x), expected, "in eval mode " + WHAT)
    theirs.train()
    y = expect.tensor(theirs(x), expected.shape, "float", WHAT)
    check_dropped(y, expected.detach(), "resid_drop is not applied to what proj returns")


@pytest.mark.points(1)
@pytest.mark.hint("do not use detach, .data or torch.no_grad in forward")
def test_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients flow through CausalSelfAttention to its parameters and its input."""
    theirs, ours = twins(student, reference, make, generator)
    x, cotangent = normal(generator, 2, 5, C), normal(generator, 2, 5, C)
    expected = reference.probe.parameter_gradients(ours, [x])
    expect.gradients(student.probe.parameter_gradients(theirs, [x]), [expected], WHAT)
    gradient = student.probe.input_gradient(theirs, [x], cotangent)
    expected = reference.probe.input_gradient(ours, [x], cotangent)
    expect.close(gradient, expected, "the gradient of CausalSelfAttention's input")
