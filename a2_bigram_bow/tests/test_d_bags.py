"""Part d: causal bags of words."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("d")


@pytest.mark.points(1)
@pytest.mark.hint("x.cumsum(1), divided by 1, 2, 3, ...")
def test_uniform(student):
    """CausalBoW of 1, 3, 8 is 1, 2, 4."""
    result = student.bow.CausalBoW()(torch.tensor([[[1.0], [3], [8]]]))
    assert result.flatten().tolist() == [1, 2, 4], f"it returned {result.flatten().tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("softmax of the products divided by sqrt(C), with the later ones masked")
def test_attention(student):
    """Two positions of four channels, worked out by hand."""
    x = torch.zeros(1, 2, 4)
    x[0, 0, 0], x[0, 1, 0] = 1.0, 2.0
    # The products of position 1 are 2 and 4; divided by sqrt(4), they are 1 and 2.
    weight = math.exp(1) / (math.exp(1) + math.exp(2))
    result = student.bow.CausalSelfBoW()(x)
    assert torch.equal(result[0, 0], x[0, 0]), f"position 0 is {result[0, 0].tolist()}"
    expected = weight * 1 + (1 - weight) * 2
    assert abs(result[0, 1, 0] - expected) < 1e-5, f"{result[0, 1, 0]:.4f} is not {expected:.4f}"


@pytest.mark.points(1)
@pytest.mark.hint("change the last position and print the result at the first")
def test_causal(student):
    """A change at the last position changes nothing before it."""
    x = torch.randn(2, 5, 4)
    other = torch.cat((x[:, :4], torch.randn(2, 1, 4)), dim=1)
    for bag in (student.bow.CausalBoW(), student.bow.CausalSelfBoW()):
        assert torch.allclose(bag(x)[:, :4], bag(other)[:, :4]), "an earlier position changes"
