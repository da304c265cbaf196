"""Reading with products of 8-bit integers: nearly the same numbers, whatever the forward."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tests.assignments.minbert.fast_cases import LENGTHS, batch, make


@pytest.mark.parametrize("shape", [(1,), (40,), (3, 7)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_is_off_by_less_than_two_percent_of_its_largest(minbert, shape, bias) -> None:
    torch.manual_seed(0)
    linear, x = nn.Linear(96, 50, bias), torch.randn(*shape, 96)
    expected, found = linear(x), minbert.integers.IntegerLinear(linear)(x)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()
    assert not torch.equal(found, expected)


def test_whole_numbers_up_to_127_are_exact_and_zeros_stay_zeros(minbert) -> None:
    torch.manual_seed(0)
    linear, x = nn.Linear(64, 5, bias=False), torch.randint(-127, 128, (6, 64)).float()
    linear.weight.data = torch.randint(-127, 128, (5, 64)).float()
    linear.weight.data[:, 0], x[:, 0] = 127, 127
    x[3] = 0
    torch.testing.assert_close(minbert.integers.IntegerLinear(linear)(x), linear(x))


def test_every_row_has_a_scale_of_its_own(minbert) -> None:
    """One large state, or one large row of weights, costs the others nothing."""
    torch.manual_seed(0)
    linear, x = nn.Linear(96, 50), torch.randn(8, 96)
    expected = minbert.integers.IntegerLinear(linear)(x)
    linear.weight.data[0] *= 1000
    x[0] *= 1000
    found = minbert.integers.IntegerLinear(linear)(x)
    torch.testing.assert_close(found[1:, 1:], expected[1:, 1:])


@pytest.mark.parametrize("bfloat16", [True, False, None])  # None: not accelerated
@torch.no_grad()
def test_a_converted_model_gives_nearly_the_same(minbert, bfloat16) -> None:
    model, inputs = make(minbert, hidden_size=128).eval(), batch(LENGTHS)
    expected = model(*inputs)
    other = copy.deepcopy(model)
    assert bfloat16 is None or minbert.fast.accelerate(other, bfloat16=bfloat16)
    minbert.integers.convert(other)
    kinds = [type(each).__name__ for each in other.bert.bert_layers[0].modules()]
    assert "Linear" not in kinds and kinds.count("IntegerLinear") == 6
    assert (other(*inputs) - expected).abs().max() < 0.05 * expected.abs().max()
