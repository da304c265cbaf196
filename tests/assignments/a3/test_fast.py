"""a3's fast loss is the network's own in value and gradient, and is not used where it is not."""

from __future__ import annotations

import pytest
import torch

from tests.assignments.a3.exact import (
    LETTERS,
    TINY,
    autoregressive,
    batch,
    character,
    enlarged,
    fast,
    softmaxes,
)

pytestmark = pytest.mark.usefixtures("one_thread")
LENGTHS = ([3, 7, 1, 5], [2], [1, 1], [4, 4])


def net(kind=autoregressive.CharacterGRU, mixtures=3):
    return enlarged(kind(6, 4, 3, 5, mixtures))


def data(lengths):
    generator = torch.Generator().manual_seed(0)
    shape = (len(lengths), max(lengths) + 1)  # a pad in every row
    inputs, targets = (torch.randint(n, shape, generator=generator) for n in (6, 4))
    return inputs, targets, torch.tensor(lengths)


def gradients(own, loss):
    return torch.autograd.grad(loss, list(own.parameters()))


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("mixtures", [1, 3])
def test_loss_and_gradients_are_the_networks_own(lengths, mixtures, monkeypatch):
    own = net(mixtures=mixtures)
    plain = fast.plain_loss(own, *data(lengths))
    for chunk in (256, 2):
        monkeypatch.setattr(softmaxes, "CHUNK", chunk)
        quick, _ = fast.training_loss(own, *data(lengths))
        torch.testing.assert_close(quick, plain)
        expected = gradients(own, fast.plain_loss(own, *data(lengths)))
        for mine, theirs in zip(gradients(own, quick), expected, strict=True):
            torch.testing.assert_close(mine, theirs)


class Loss(torch.nn.Module):
    def __init__(self, own):
        super().__init__()
        self.own = own

    def forward(self, *sequences):
        return fast.training_loss(self.own, *sequences)[0]


def test_gradients_are_those_of_finite_differences():
    loss = Loss(net(mixtures=2))
    names, values = zip(*loss.named_parameters(), strict=True)

    def of(*parameters):
        own = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(loss, own, data([3, 1, 2]))

    assert torch.autograd.gradcheck(of, values)


def test_each_place_has_its_log_probability_and_pads_have_0():
    own, (inputs, targets, lengths) = net(), data([3, 1])
    with torch.no_grad():
        _, found = fast.training_loss(own, inputs, targets, lengths)
        expected = own(inputs).gather(2, targets[:, :, None]).squeeze(2)
    real = torch.arange(inputs.size(1)) < lengths[:, None]
    torch.testing.assert_close(found, expected * real)


def test_a_state_of_zeros_has_a_finite_gradient():
    own = net()
    for parameter in own.parameters():
        torch.nn.init.zeros_(parameter)
    loss, _ = fast.training_loss(own, *data([3, 1]))
    assert all(each.isfinite().all() for each in gradients(own, loss))


class Unscaled(autoregressive.CharacterGRU):
    def normalise(self, states):
        return states


class Centred(autoregressive.CharacterGRU):
    def normalise(self, states):
        return super().normalise(states - states.mean(dim=-1, keepdim=True))


class MeanOfLogs(autoregressive.CharacterGRU):
    def log_probs(self, states):
        experts = torch.tanh(self.experts(states)).unflatten(-1, (self.mixtures, -1))
        weights = torch.softmax(self.weights(states), dim=-1).unsqueeze(-1)
        return (weights * torch.log_softmax(self.output(experts), dim=-1)).sum(dim=-2)


class Failing(autoregressive.CharacterGRU):
    def forward(self, x):
        raise RuntimeError("not written yet")


def test_the_fast_path_is_taken_where_it_agrees():
    own, state = net(), torch.get_rng_state()
    assert fast.agrees(own)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", [Unscaled, Centred, MeanOfLogs, Failing])
def test_a_network_that_computes_something_else_is_left_to_its_own_forward(kind):
    assert not fast.agrees(net(kind))


def test_a_model_of_another_network_is_trained_by_it():
    model = enlarged(character.CharacterModel(LETTERS, TINY))
    model.net = enlarged(Centred(LETTERS.total, LETTERS.size + 1, 3, 4, 2))
    own = batch([[0, 1], [2]])
    assert not model.is_fast
    torch.testing.assert_close(model.loss(own), -model.bound(own).mean())


def test_the_fast_path_is_left_where_the_model_is_moved_off_the_cpu():
    """The answer of the first device was kept on every other one."""
    model = enlarged(character.CharacterModel(LETTERS, TINY))
    assert model.is_fast
    assert not model.to("meta").is_fast
    assert not character.CharacterModel(LETTERS, TINY).to("meta").is_fast
