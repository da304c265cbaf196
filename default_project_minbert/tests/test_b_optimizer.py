"""Part b: AdamW."""

import pytest
import torch

pytestmark = pytest.mark.part("b")


def stepped(student, gradient, steps=1, start=2.0, **options):
    """A weight after `steps` steps with the same gradient."""
    weight = torch.nn.Parameter(torch.tensor([start]))
    optimizer = student.optimizer.AdamW([weight], **options)
    for _ in range(steps):
        weight.grad = torch.tensor([gradient])
        optimizer.step()
    return weight.item()


@pytest.mark.points(1)
@pytest.mark.hint(
    "lr * sqrt(1 - beta2^t) / (1 - beta1^t), and the root of the second moment plus eps"
)
def test_a_constant_gradient(student):
    """With bias correction, a constant gradient moves a weight by lr a step."""
    for gradient in (3.0, -0.5):
        result = stepped(student, gradient, steps=4, lr=0.1)
        expected = 2.0 - 0.4 * (1 if gradient > 0 else -1)
        assert abs(result - expected) < 1e-3, f"the weight is {result:.5f}, not {expected:.5f}"


@pytest.mark.points(1)
@pytest.mark.hint(
    "without the correction, the moments are 1 - beta1 and 1 - beta2 of the first ones"
)
def test_without_correction(student):
    """With correct_bias=False the first step is lr * 0.1 / sqrt(0.001)."""
    result = stepped(student, 1.0, lr=0.01, correct_bias=False)
    expected = 2.0 - 0.01 * 0.1 / 0.001**0.5
    assert abs(result - expected) < 1e-4, f"the weight is {result:.5f}, not {expected:.5f}"


@pytest.mark.points(1)
@pytest.mark.hint("the decay is outside of the gradient: lr * weight_decay of the weight")
def test_decay_without_gradient(student):
    """With a gradient of 0, a step of lr 0.1 and decay 0.5 leaves 95 % of the weight."""
    result = stepped(student, 0.0, lr=0.1, weight_decay=0.5)
    assert abs(result - 1.9) < 1e-5, f"the weight is {result:.5f}, not 1.90000"
