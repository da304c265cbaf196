"""minBERT's AdamW: torch's where the two definitions coincide, and its own where they do not."""

from __future__ import annotations

import copy
import importlib
import math

import pytest
import torch

from tests.flat import flat_imports
from tests.programs import ROOT

MINBERT = ROOT / "default_project_minbert"
STEPS = 1000
LR, DECAY, EPS = 1e-3, 0.1, 1e-6
BETA2 = 0.999


@pytest.fixture(scope="module")
def adamw():
    with flat_imports(MINBERT / "solution", MINBERT / "given"):
        yield importlib.import_module("optimizer").AdamW


def gradients(steps: int):
    """The gradients of `steps` steps, of several magnitudes, that do not depend on the weights."""
    generator = torch.Generator().manual_seed(1)
    scale = torch.tensor([1e-3, 0.1, 1.0, 100.0])
    for _ in range(steps):
        yield scale * (0.3 + torch.randn(5, 4, generator=generator))


def train(optimizer_class, start: torch.Tensor, steps: int = STEPS, each=None, **options):
    """The weights after the steps. each: called with the optimiser's group before each step."""
    weights = torch.nn.Parameter(start.clone())
    optimizer = optimizer_class([weights], lr=LR, **options)
    for number, gradient in enumerate(gradients(steps), 1):
        weights.grad = gradient.to(start.dtype)
        if each is not None:
            each(optimizer.param_groups[0], number)
        optimizer.step()
    return weights.detach()


@pytest.fixture
def start() -> torch.Tensor:
    return 0.1 * torch.randn(5, 4, generator=torch.Generator().manual_seed(2))


def close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_without_eps_and_decay_it_is_torchs(adamw, start) -> None:
    """Correcting the step size or the moments is the same fraction, multiplied out differently."""
    ours = train(adamw, start, eps=0.0)
    close(ours, train(torch.optim.AdamW, start, eps=0.0, weight_decay=0.0))


def test_with_eps_corrected_it_is_torchs(adamw, start) -> None:
    """Torch adds eps to the corrected root: that is ours with eps * sqrt(1 - beta2^t)."""

    def corrected(group, number: int) -> None:
        group["eps"] = EPS * math.sqrt(1 - BETA2**number)

    ours = train(adamw, start, each=corrected)
    close(ours, train(torch.optim.AdamW, start, eps=EPS, weight_decay=0.0))


def test_with_decay_it_is_torchs_half_a_step_later(adamw, start) -> None:
    """Torch decays before its step, ours after it; gradients here do not depend on the weights.

    So torch, begun from start / (1 - lr * decay) and decayed once more at the end, does the same.
    """
    kept = 1 - LR * DECAY
    ours = train(adamw, start, eps=0.0, weight_decay=DECAY)
    close(ours, kept * train(torch.optim.AdamW, start / kept, eps=0.0, weight_decay=DECAY))


def test_the_first_step_by_hand(adamw) -> None:
    """Gradient 2: the moments are 0.2 and 0.004; eps is added to the uncorrected root."""
    weights = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = adamw([weights], lr=0.5, eps=1e-2, weight_decay=0.1)
    weights.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    root = math.sqrt(0.004)
    expected = (1 - 0.5 * math.sqrt(0.001) / 0.1 * 0.2 / (root + 1e-2)) * (1 - 0.5 * 0.1)
    assert weights.item() == pytest.approx(expected, rel=1e-12)
    state = optimizer.state[weights]
    assert set(state) == {"step", "exp_avg", "exp_avg_sq"}
    assert state["step"] == 1
    assert state["exp_avg"].item() == pytest.approx(0.2)
    assert state["exp_avg_sq"].item() == pytest.approx(0.004)


def test_correct_bias_is_honoured(adamw) -> None:
    weights = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = adamw([weights], lr=0.5, eps=1e-2, correct_bias=False)
    weights.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    assert weights.item() == pytest.approx(1 - 0.5 * 0.2 / (math.sqrt(0.004) + 1e-2), rel=1e-12)


def test_a_sparse_gradient_is_refused(adamw) -> None:
    words = torch.nn.Embedding(4, 2, sparse=True)
    words(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="sparse"):
        adamw(words.parameters()).step()


def test_a_parameter_without_a_gradient_is_left_alone(adamw, start) -> None:
    weights = torch.nn.Parameter(start.clone())
    optimizer = adamw([weights], weight_decay=0.5)
    assert optimizer.step(lambda: 7) == 7
    assert torch.equal(weights, start)
    assert weights not in optimizer.state


def test_saved_and_loaded_it_goes_on_the_same(adamw, start) -> None:
    weights, other = (torch.nn.Parameter(start.clone()) for _ in range(2))
    optimizer, resumed = adamw([weights], weight_decay=DECAY), adamw([other])
    for number, gradient in enumerate(gradients(6)):
        if number == 3:
            other.data.copy_(weights)
            resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        weights.grad = other.grad = gradient
        optimizer.step()
        if number >= 3:
            resumed.step()
    assert torch.equal(weights, other)


@pytest.mark.parametrize("wrong", [{"lr": -1.0}, {"betas": (0.9, 1.0)}, {"eps": -1e-8}])
def test_a_value_out_of_range_is_refused(adamw, wrong) -> None:
    with pytest.raises(ValueError, match="out of range"):
        adamw([torch.nn.Parameter(torch.zeros(1))], **wrong)
