"""a1's given code: the engine's gradients, and a trainer that can be stopped and taken up again."""

from __future__ import annotations

import copy

import pytest
import torch

from grader.assignment import find
from grader.boundary.local import LocalStudent

A1 = find("a1")
SIZES = (11, 8, 5, 16)  # vocabulary, block size, n_embd, n_hidden


@pytest.fixture
def solution() -> LocalStudent:
    student = LocalStudent(A1.solution)
    student.begin(1)
    return student


def data(count: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randint(11, (count, 8)), torch.randint(11, (count,))


def trained(solution, model, on_step=None, **changes):
    """The trainer after it has trained `model`."""
    settings = {"max_steps": 250, "batch_size": 16} | changes
    torch.manual_seed(3)
    trainer = solution.trainer.Trainer(model, *data(), solution.trainer.TrainerConfig(**settings))
    trainer.on_step = on_step
    trainer.train()
    return trainer


def parameters(model) -> list[torch.Tensor]:
    return [p.detach().clone() for p in model.parameters()]


def test_the_engine_agrees_with_autograd(solution) -> None:
    """Loss, every gradient and the running statistics; and the trainer then uses it."""
    model = solution.makemore.build_model(*SIZES)
    x, y = (part[:16] for part in data())
    loss = solution.makemore.cross_entropy(model(x), y)
    expected = torch.autograd.grad(loss, model.parameters())
    fresh = solution.makemore.build_model(*SIZES)
    for mine, theirs in zip(fresh.parameters(), parameters(model), strict=True):
        mine.data.copy_(theirs)
    engine = solution.engine.Engine(fresh, 16, 8)
    assert engine.forward_backward(x, y).item() == pytest.approx(loss.item(), abs=1e-5)
    found = engine._cut(engine.gradients, expected)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-3)
    for mine, theirs in zip(fresh.layers, model.layers, strict=True):
        if hasattr(mine, "running_mean"):
            torch.testing.assert_close(mine.running_mean, theirs.running_mean)
            torch.testing.assert_close(mine.running_var, theirs.running_var)


def test_fast_and_plain_steps_train_alike(solution) -> None:
    model = solution.makemore.build_model(*SIZES)
    other = copy.deepcopy(model)
    fast = trained(solution, model, max_steps=60)
    plain = trained(solution, other, max_steps=60, fast=False)
    assert fast.engine is not None and plain.engine is None
    assert fast.loss == pytest.approx(plain.loss, abs=1e-3)
    for mine, theirs in zip(parameters(model), parameters(other), strict=True):
        torch.testing.assert_close(mine, theirs, atol=2e-3, rtol=1e-2)


@pytest.mark.parametrize("what", ["another activation", "another loss", "unfinished"])
def test_work_of_another_make_is_left_to_autograd(solution, what, monkeypatch) -> None:
    """The trainer does what the student's code says, not what the engine supposes."""
    model = solution.makemore.build_model(*SIZES)
    if what == "another activation":

        def relu(self, x):
            self.out = torch.relu(x)
            return self.out

        monkeypatch.setattr(solution.makemore.Tanh, "__call__", relu)
    elif what == "another loss":
        plain = solution.makemore.cross_entropy
        monkeypatch.setattr(solution.trainer, "cross_entropy", lambda *a: 2 * plain(*a))
    else:

        def unfinished(self, x):
            raise NotImplementedError("TODO(b): Tanh.__call__")

        monkeypatch.setattr(solution.makemore.Tanh, "__call__", unfinished)
        with pytest.raises(NotImplementedError, match=r"TODO\(b\): Tanh"):
            trained(solution, model, max_steps=5)
        return
    assert trained(solution, model, max_steps=5).engine is None


OWN = {"cosine": True, "weight_decay": 1e-3, "noise": 0.1, "average": 0.5}


@pytest.mark.parametrize("options", [{}, OWN], ids=["published", "own"])
def test_a_training_taken_up_again_ends_as_if_it_had_not_been_stopped(solution, options) -> None:
    states = []

    def keep(trainer):
        states.append(copy.deepcopy(trainer.state_dict()))

    start = solution.makemore.build_model(*SIZES)
    whole = copy.deepcopy(start)
    trained(solution, whole, on_step=keep, **options)
    assert [state["step"] for state in states] == [100, 200, 250]
    for state in states:
        again = copy.deepcopy(start)
        torch.manual_seed(3)
        config = solution.trainer.TrainerConfig(max_steps=250, batch_size=16, **options)
        trainer = solution.trainer.Trainer(again, *data(), config)
        trainer.load_state_dict(state)
        trainer.train()
        for mine, theirs in zip(parameters(again), parameters(whole), strict=True):
            assert torch.equal(mine, theirs)


def test_the_rate_of_the_cosine_falls_from_lr_to_nothing(solution) -> None:
    config = solution.trainer.TrainerConfig(max_steps=1000, cosine=True, lr=0.3)
    trainer = solution.trainer.Trainer(solution.makemore.build_model(*SIZES), *data(), config)
    rates = [trainer.rate(step) for step in (0, 500, 999)]
    assert rates == pytest.approx([0.3, 0.15, 0.0], abs=1e-5)


def test_a_loss_that_is_not_finite_ends_the_training(solution) -> None:
    model = solution.makemore.build_model(*SIZES)
    with pytest.raises(FloatingPointError, match="step 100: the loss is nan"):
        trained(solution, model, cosine=True, lr=1e38)
