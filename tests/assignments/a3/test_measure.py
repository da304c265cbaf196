"""NLPPS and bits per character are means over sequences and over characters, and ignore pads."""

from __future__ import annotations

import math

import pytest
import torch

from tests.assignments.a3.exact import measure

LOG_PROBS = torch.tensor([[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]])
MASK = torch.tensor([[True, True, True], [True, False, False]])


def test_nlpps_is_the_mean_of_sums():
    assert measure.nlpps(LOG_PROBS, MASK).item() == pytest.approx((6 + 4) / 2)


def test_bits_per_character_is_no_mean_of_means():
    assert measure.bits_per_character(LOG_PROBS, MASK).item() == pytest.approx(10 / 4 / math.log(2))


@pytest.mark.parametrize("function", [measure.nlpps, measure.bits_per_character])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_stands_at_pads_does_not_count(function, value):
    log_probs = LOG_PROBS.where(MASK, value).requires_grad_(True)
    found = function(log_probs, MASK)
    assert found.item() == pytest.approx(function(LOG_PROBS, MASK).item())
    (gradient,) = torch.autograd.grad(found, log_probs)
    assert torch.equal(gradient != 0, MASK)
