"""Part c: BatchNorm1d."""

import pytest
import torch

pytestmark = pytest.mark.part("c")


@pytest.mark.points(2)
@pytest.mark.hint("mean over all dimensions but the last, unbiased variance")
def test_training(student):
    """In training each channel of the output has mean 0 and variance 1, for 2-D and 3-D input."""
    for shape in ((30, 4), (30, 5, 4)):
        x = 3 * torch.randn(shape) + torch.arange(4) + 5 * torch.randn(shape[1:])
        y = student.makemore.BatchNorm1d(4)(x).reshape(-1, 4)
        assert y.mean(0).abs().max() < 1e-4, f"{shape}: the means are {y.mean(0).tolist()}"
        assert (y.var(0) - 1).abs().max() < 1e-3, f"{shape}: the variances are {y.var(0).tolist()}"


@pytest.mark.points(2)
@pytest.mark.hint("0.9 * running + 0.1 * the batch's; the shape stays (dim,)")
def test_running_statistics(student):
    """One batch moves the running statistics by a tenth, and evaluation uses them."""
    layer, x = student.makemore.BatchNorm1d(3), torch.randn(6, 2, 3) + 4
    layer(x)
    mean, var = 0.1 * x.mean((0, 1)), 0.9 + 0.1 * x.var((0, 1))
    assert layer.running_mean.shape == (3,), (
        f"running_mean has shape {tuple(layer.running_mean.shape)}, not (3,)"
    )
    assert torch.allclose(layer.running_mean, mean, atol=1e-5), "running_mean is wrong"
    assert torch.allclose(layer.running_var, var, atol=1e-5), "running_var is wrong"
    layer.training = False
    y = (x - mean) / torch.sqrt(var + 1e-5)
    assert torch.allclose(layer(x), y, atol=1e-4), "evaluation does not use the running statistics"
    assert torch.allclose(layer.running_mean, mean, atol=1e-5), "evaluation changes running_mean"


@pytest.mark.points(1)
@pytest.mark.hint("[gamma, beta]")
def test_gamma_and_beta(student):
    """gamma scales and beta shifts; they are the parameters."""
    layer, x = student.makemore.BatchNorm1d(2), torch.randn(8, 2)
    plain = layer(x)
    layer.gamma, layer.beta = torch.tensor([2.0, 3.0]), torch.tensor([-1.0, 1.0])
    assert torch.allclose(layer(x), plain * layer.gamma + layer.beta, atol=1e-5)
    assert len(layer.parameters()) == 2, "the parameters should be gamma and beta"
