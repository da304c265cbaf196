"""Part e: initialisation, the loss, the learning rate, SGD and the training loop."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("e")


@pytest.mark.points(1)
@pytest.mark.hint("LAST_SCALE times the last layer's weight, and requires_grad_")
def test_first_loss(student):
    """The first loss of a new model is near ln 27, and all its parameters require gradients."""
    model = student.makemore.build_model(27)
    x, y = torch.randint(27, (500, 8)), torch.randint(27, (500,))
    loss = student.makemore.cross_entropy(model(x), y)
    assert abs(loss.item() - math.log(27)) < 0.1, (
        f"the loss is {loss.item():.3f}, not {math.log(27):.3f}"
    )
    assert all(p.requires_grad for p in model.parameters()), (
        "a parameter does not require gradients"
    )


@pytest.mark.points(2)
@pytest.mark.hint("torch.logsumexp")
def test_cross_entropy(student):
    """Two rows worked out by hand, and a row with logits of 1000."""
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    loss = student.makemore.cross_entropy(logits, torch.tensor([0, 1])).item()
    right = (math.log(2) + math.log(4)) / 2
    assert abs(loss - right) < 1e-5, f"the loss is {loss:.5f}, not {right:.5f}"
    large = student.makemore.cross_entropy(torch.tensor([[1000.0, 0.0]]), torch.tensor([1])).item()
    assert abs(large - 1000) < 1e-3, f"with a logit of 1000 the loss is {large}"


@pytest.mark.points(1)
@pytest.mark.hint("the last quarter begins at 0.75 * max_steps")
def test_learning_rate(student):
    """Of 200,000 steps, step 149,999 has the rate 0.1 and step 150,000 has 0.01."""
    result = [student.makemore.learning_rate(step, 200_000) for step in (0, 149_999, 150_000)]
    assert result == [0.1, 0.1, 0.01], f"the rates are {result}"


@pytest.mark.points(1)
@pytest.mark.hint("change parameter.data, then set parameter.grad to None")
def test_sgd_step(student):
    """A parameter of 1 with gradient 2 becomes 0.8 with a rate of 0.1, and the gradient is gone."""
    parameter = torch.ones(3, requires_grad=True)
    parameter.grad = torch.full((3,), 2.0)
    student.makemore.sgd_step([parameter], 0.1)
    assert torch.allclose(parameter, torch.tensor(0.8)), f"the parameter is {parameter.tolist()}"
    assert parameter.grad is None or not parameter.grad.any(), "the gradient is still there"


@pytest.mark.points(2)
@pytest.mark.hint("loss.backward(), then sgd_step")
def test_train(student):
    """A model learns that the next character repeats the last one."""
    torch.manual_seed(1)
    model = student.makemore.build_model(5, 2, 4, 16)
    x = torch.randint(5, (500, 2))
    losses = student.makemore.train(model, x, x[:, 1], max_steps=200)
    assert len(losses) == 200, f"{len(losses)} losses for 200 steps"
    assert losses[0] > 1.4 and losses[-1] < 0.3, (
        f"the loss went from {losses[0]:.2f} to {losses[-1]:.2f}"
    )
