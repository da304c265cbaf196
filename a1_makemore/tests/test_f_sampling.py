"""Part f: evaluation and sampling."""

import pytest
import torch

pytestmark = pytest.mark.part("f")
ITOS = {0: ".", 1: "a", 2: "b"}


@pytest.mark.points(2)
@pytest.mark.hint("set_training(model, False) first, True at the end")
def test_evaluate(student):
    """evaluate returns the loss in evaluation mode, and leaves the model in training mode."""
    model = student.makemore.build_model(5, 4, 3, 8)
    x, y = torch.randint(5, (50, 4)), torch.randint(5, (50,))
    result = student.makemore.evaluate(model, x, y)
    assert all(getattr(layer, "training", True) for layer in model.layers), "not in training mode"
    student.makemore.set_training(model, False)
    right = student.makemore.cross_entropy(model(x), y).item()
    assert abs(result - right) < 1e-4, f"evaluate returned {result:.4f}, not {right:.4f}"


@pytest.mark.points(2)
@pytest.mark.hint("the context shifts by one; END ends a name")
def test_sample(student):
    """From a model that always writes `abab...`, sample writes a name of max_length."""
    table = torch.full((3, 3), -1000.0)
    table[0, 1] = table[1, 2] = table[2, 1] = 1000.0  # after END an a, after a b, after b an a
    model = student.probe.name_model(table)
    names = student.makemore.sample(model, ITOS, 2, block_size=1, max_length=5)
    assert names == ["ababa", "ababa"], f"sample wrote {names}"
    table[2] = torch.tensor([1000.0, -1000.0, -1000.0])  # after b comes the END
    names = student.makemore.sample(student.probe.name_model(table), ITOS, 1, block_size=1)
    assert names == ["ab"], f"sample wrote {names}"
