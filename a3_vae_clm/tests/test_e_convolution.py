"""Part e: convolutions with masks."""

import pytest
import torch
from torch import nn

pytestmark = pytest.mark.part("e")


@pytest.mark.points(1)
@pytest.mark.hint("0 outside the mask before the convolution, and after it")
def test_padding(student):
    """A sequence in a padded batch gets what it gets by itself, whatever stands in its pads."""
    conv = nn.Conv1d(4, 4, 3, padding=1)
    x, mask = torch.randn(2, 5, 4), torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    x[1, 3:] = float("nan")
    result = student.convolution.masked_convolution(x, mask, conv)
    assert result.shape == x.shape, f"the shape is {tuple(result.shape)}, not {tuple(x.shape)}"
    alone = conv(x[1:, :3].transpose(1, 2)).transpose(1, 2)
    assert torch.allclose(result[1:, :3], alone, atol=1e-5), "the pads change the sequence"
    assert not result[1, 3:].any(), "the result is not 0 outside the mask"


@pytest.mark.points(1)
@pytest.mark.hint("one convolution if shared, else one for each layer")
def test_layers(student):
    """A stack has one convolution if shared, else `depth` of them."""
    for shared, count in ((True, 1), (False, 3)):
        stack = student.convolution.ConvolutionStack(4, 3, 5, True, shared, "before")
        found = len(stack.convolutions)
        assert found == count, f"with shared={shared} there are {found}, not {count}"


@pytest.mark.points(1)
@pytest.mark.hint("y = masked_convolution(..), tanh where it belongs, x + y if residual")
@pytest.mark.parametrize("activation", ["none", "before", "after"])
@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("shared", [True, False])
def test_stack(student, activation, residual, shared):
    """Two layers, by hand: of one convolution or two, with x added or not."""
    stack = student.convolution.ConvolutionStack(4, 2, 3, residual, shared, activation)
    x, mask = torch.randn(2, 5, 4), torch.ones(2, 5, dtype=torch.bool)
    expected = x
    for layer in range(2):
        conv = stack.convolutions[0 if shared else layer]
        inner = expected.tanh() if activation == "before" else expected
        y = conv(inner.transpose(1, 2)).transpose(1, 2)
        y = y.tanh() if activation == "after" else y
        expected = expected + y if residual else y
    assert torch.allclose(stack(x, mask), expected, atol=1e-5), "the stack's result is wrong"


@pytest.mark.points(1)
@pytest.mark.hint("each layer adds (kernel - 1) / 2 places on each side")
def test_receptive_field(student):
    """One layer sees its kernel; three layers of kernel 5 see 13 places."""
    for depth, kernel, expected in ((1, 5, 5), (3, 5, 13), (0, 3, 1)):
        result = student.convolution.receptive_field(depth, kernel)
        assert result == expected, f"depth {depth}, kernel {kernel}: {result}, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint("h . embedding of each symbol, not normalised")
def test_tied_logits(student):
    """The scores of three symbols, by hand."""
    embedding = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
    result = student.convolution.tied_logits(torch.tensor([[3.0, 4.0]]), embedding)
    assert torch.allclose(result, torch.tensor([[3.0, 8.0, 1.0]])), f"it is {result.tolist()}"
