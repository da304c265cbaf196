"""Part c: position encodings."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("c")


@pytest.mark.points(1)
@pytest.mark.hint("0.02 * torch.randn(block_size, n_embd)")
def test_randn(student):
    """randn_encoding is small, and different each time."""
    first = student.positions.randn_encoding(100, 40)
    assert first.shape == (100, 40), f"the shape is {tuple(first.shape)}"
    assert 0.018 < first.std() < 0.022, f"the standard deviation is {first.std():.4f}"
    assert not torch.equal(first, student.positions.randn_encoding(100, 40)), "two draws are equal"


@pytest.mark.points(1)
@pytest.mark.hint("rates 1 and 1 / 100 for four channels")
def test_sinusoid(student):
    """Four channels at positions 0 and 1, worked out by hand."""
    result = student.positions.sinusoid_encoding(2, 4)
    expected = [[0, 1, 0, 1], [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)]]
    assert torch.allclose(result, torch.tensor(expected), atol=1e-5), (
        f"the encoding is {result.tolist()}"
    )


@pytest.mark.points(1)
@pytest.mark.hint("(a cos - b sin, a sin + b cos) for the pairs (0, 1) and (2, 3)")
def test_rope(student):
    """Position 0 is unchanged; at position 1 the first pair turns by 1, the second by 1 / 100."""
    x = torch.tensor([[[1.0, 0, 0, 1], [1, 0, 0, 1]]])
    result = student.positions.apply_rope(x)
    second = [math.cos(1), math.sin(1), -math.sin(0.01), math.cos(0.01)]
    assert torch.allclose(result[0, 0], x[0, 0]), f"position 0 is {result[0, 0].tolist()}"
    assert torch.allclose(result[0, 1], torch.tensor(second), atol=1e-5), (
        f"position 1 is {result[0, 1].tolist()}"
    )


@pytest.mark.points(1)
@pytest.mark.hint("self.register_buffer('pe', ...), and the first T rows in forward")
def test_module(student):
    """PositionEncoding has no parameters, and a short input gets the first positions."""
    x = torch.randn(2, 3, 4)
    for pe_type in ("randn", "sinpe"):
        module = student.positions.PositionEncoding(pe_type, 10, 4)
        assert not student.probe.parameters(module), f"{pe_type} has parameters"
        pe = module.state_dict()["pe"]
        assert torch.allclose(module(x), x + pe[:3], atol=1e-6), f"{pe_type} should add pe[:3]"
    assert torch.allclose(
        student.positions.PositionEncoding("rope", 10, 4)(x), student.positions.apply_rope(x)
    ), "rope should return apply_rope(x)"
