"""The reference's character GRU is the equations of its paper, place by place."""

from __future__ import annotations

import pytest
import torch

from tests.assignments.a3.exact import autoregressive, enlarged

pytestmark = pytest.mark.usefixtures("one_thread")


def net(mixtures=3):
    return enlarged(autoregressive.CharacterGRU(6, 4, 3, 5, mixtures))


def mixture(own, state):
    """The probabilities of all symbols after one normalised state, by the definition."""
    shares = torch.softmax(own.weights(state), dim=0)
    experts = own.experts(state).split(own.embed_size)
    each = [torch.softmax(own.output(torch.tanh(expert)), dim=0) for expert in experts]
    return sum(share * probs for share, probs in zip(shares, each, strict=True))


def test_each_place_is_predicted_from_its_own_state():
    own, x = net(), torch.tensor([[0, 5, 2], [3, 3, 1]])
    states, _ = own.gru(own.embedding(x))
    found = own(x).exp()
    for row, place in ((0, 0), (0, 2), (1, 1)):
        state = states[row, place]
        scaled = state / (state.std(unbiased=False) + 1e-5)
        torch.testing.assert_close(found[row, place], mixture(own, scaled))


def test_normalising_keeps_the_mean_and_a_state_of_zeros():
    own, states = net(), torch.tensor([[3.0, 5.0], [0.0, 0.0]])
    expected = torch.tensor([[3 / 1.00001, 5 / 1.00001], [0, 0]])
    torch.testing.assert_close(own.normalise(states), expected)


def test_logits_of_thousands_give_finite_log_probabilities():
    own = net()
    with torch.no_grad():
        own.output.weight *= 1e4
        own.weights.weight *= 1e4
        log_probs = own.log_probs(torch.randn(2, 3, 5).double())
    assert log_probs.isfinite().all() and log_probs.min() < -1000
    torch.testing.assert_close(log_probs.logsumexp(dim=2).exp(), torch.ones(2, 3).double())


def test_nothing_is_predicted_from_what_follows():
    own, x = net(), torch.tensor([[0, 5, 2, 1]])
    changed = torch.tensor([[0, 5, 3, 4]])
    same = (own(x) == own(changed)).all(dim=2)[0]
    assert same.tolist() == [True, True, False, False]
