"""Part b: Linear, Embedding, Tanh, Sequential."""

import pytest
import torch

pytestmark = pytest.mark.part("b")


@pytest.mark.points(2)
@pytest.mark.hint("x @ self.weight + self.bias")
def test_linear(student):
    """Linear with known numbers, for 2-D and 3-D input."""
    layer = student.makemore.Linear(2, 3)
    layer.weight = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    layer.bias = torch.tensor([0.5, 0.0, -0.5])
    x = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    right = [[1.5, 2.0, 2.5], [11.5, 22.0, 32.5]]
    assert layer(x).tolist() == right, f"Linear returned {layer(x).tolist()}"
    assert layer(x[:, None]).shape == (2, 1, 3), "(B, T, fan_in) should give (B, T, fan_out)"
    assert torch.equal(layer.out, layer(x[:, None])), "out is not what was returned"


@pytest.mark.points(1)
@pytest.mark.hint("divide by the root of fan_in; the bias is zeros, or None")
def test_linear_init(student):
    """Linear's weight has a standard deviation of 1 / sqrt(fan_in)."""
    layer = student.makemore.Linear(400, 200, bias=False)
    assert layer.weight.shape == (400, 200), f"weight has shape {tuple(layer.weight.shape)}"
    assert abs(layer.weight.std().item() - 0.05) < 0.005, "the standard deviation is not 1 / 20"
    assert layer.bias is None, "with bias=False, bias should be None"
    assert len(layer.parameters()) == 1, "without a bias, there should be one parameter"


@pytest.mark.points(1)
@pytest.mark.hint("self.weight[x]")
def test_embedding(student):
    """Embedding returns rows of its weight."""
    layer = student.makemore.Embedding(5, 3)
    x = torch.tensor([[4, 0], [2, 2]])
    assert layer(x).shape == (2, 2, 3), f"(2, 2) gives shape {tuple(layer(x).shape)}"
    assert torch.equal(layer(x)[1, 0], layer.weight[2]), "index 2 should give row 2 of weight"


@pytest.mark.points(1)
@pytest.mark.hint("a loop over the layers; one flat list of parameters")
def test_sequential(student):
    """Sequential calls its layers in turn and has all their parameters."""
    make = student.makemore
    layers = [make.Embedding(5, 3), make.Linear(3, 4), make.Tanh()]
    model = make.Sequential(layers)
    x = torch.tensor([1, 2])
    right = torch.tanh(layers[0].weight[x] @ layers[1].weight + layers[1].bias)
    assert torch.allclose(model(x), right, atol=1e-6), (
        "the output is not that of the layers in turn"
    )
    shapes = [tuple(p.shape) for p in model.parameters()]
    assert shapes == [(5, 3), (3, 4), (4,)], f"the parameters' shapes are {shapes}"
