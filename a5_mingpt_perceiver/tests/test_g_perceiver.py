"""Part g: the perceiver."""

import pytest
import torch

pytestmark = pytest.mark.part("g")


def config(student):
    return student.model.GPTConfig(
        7, 6, n_layer=3, n_head=2, n_embd=8, perceiver=True, bottleneck_dim=3
    )


@pytest.mark.points(1)
@pytest.mark.hint("nn.Parameter(torch.empty(...)), then nn.init.xavier_uniform_")
def test_basis(student):
    """The basis C is a trained parameter of shape (1, bottleneck_dim, n_embd)."""
    block = student.model.DownProjectBlock(config(student))
    parameters = dict(block.named_parameters())
    assert "C" in parameters, f"C is not among the parameters: {', '.join(parameters)}"
    assert parameters["C"].shape == (1, 3, 8), f"C has shape {tuple(parameters['C'].shape)}"
    assert parameters["C"].std() > 0, "C is the same number everywhere"


@pytest.mark.points(1)
@pytest.mark.hint("CausalCrossAttention: keys and values first, queries second")
def test_shapes(student):
    """The blocks go from (B, T, C) to (B, m, C) and back."""
    down = student.model.DownProjectBlock(config(student))
    up = student.model.UpProjectBlock(config(student))
    for batch, length in ((1, 6), (4, 2), (2, 3)):
        x = torch.randn(batch, length, 8)
        y = down(x)
        assert y.shape == (batch, 3, 8), f"{tuple(x.shape)} goes down to {tuple(y.shape)}"
        z = up(y, x)
        assert z.shape == x.shape, f"{tuple(y.shape)} goes up to {tuple(z.shape)}"


@pytest.mark.points(1)
@pytest.mark.hint("the up block also gets the down block's input")
def test_logits(student):
    """A perceiver GPT returns logits (B, T, V), and its loss reaches the basis."""
    model = student.model.GPT(config(student))
    idx = torch.randint(1, 7, (2, 6))
    logits, loss = model(idx, idx)
    assert logits.shape == (2, 6, 7), f"the logits' shape is {tuple(logits.shape)}"
    loss.backward()
    assert model.down_block.C.grad is not None, "no gradient reaches the basis C"
