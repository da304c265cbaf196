"""Part d: FlattenConsecutive and the model."""

import pytest
import torch

pytestmark = pytest.mark.part("d")


@pytest.mark.points(2)
@pytest.mark.hint("x.view(B, T // n, C * n)")
def test_flatten(student):
    """Neighbours are joined, and the time dimension is dropped if its size is 1."""
    x = torch.arange(24).view(2, 4, 3)
    y = student.makemore.FlattenConsecutive(2)(x)
    right = [
        [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]],
        [[12, 13, 14, 15, 16, 17], [18, 19, 20, 21, 22, 23]],
    ]
    assert y.tolist() == right, f"FlattenConsecutive returned {y.tolist()}"
    shape = tuple(student.makemore.FlattenConsecutive(4)(x).shape)
    assert shape == (2, 12), f"with T = n the shape is {shape}; it should be (2, 12)"


@pytest.mark.points(2)
@pytest.mark.hint("print each layer's out.shape, and compare with the handout's table")
def test_wavenet(student):
    """wavenet(27) has logits (B, 27) and 76,579 parameters."""
    model = student.makemore.wavenet(27)
    logits = model(torch.zeros(4, 8, dtype=torch.long))
    assert logits.shape == (4, 27), f"the logits' shape is {tuple(logits.shape)}"
    count = sum(p.numel() for p in model.parameters())
    assert count == 76_579, f"wavenet(27) has {count:,} parameters, not 76,579"
