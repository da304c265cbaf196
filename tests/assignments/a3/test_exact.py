"""The models that write one character after another are probability distributions over texts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.assignments.a3.exact import (
    LETTERS,
    TINY,
    batch,
    causal,
    character,
    enlarged,
    lefttoright,
    paths,
    texts,
)

pytestmark = pytest.mark.usefixtures("one_thread")
MODELS = {
    "gru": lambda: character.CharacterModel(LETTERS, TINY),
    "gated": lambda: causal.CausalModel(LETTERS, TINY),
    "residual": lambda: causal.CausalModel(LETTERS, TINY, gated=False),
    "paths": lambda: paths.PathModel(LETTERS, TINY),
    "paths, no pairs": lambda: paths.PathModel(LETTERS, TINY, markov=False),
}


@pytest.fixture(params=MODELS, ids=lambda name: name.replace(", ", "-").replace(" ", "-"))
def model(request):
    return enlarged(MODELS[request.param]())


@pytest.mark.parametrize("longest", [1, 3])
def test_all_texts_together_have_probability_1(model, monkeypatch, longest):
    """Texts are cut after `longest` characters, and there the end is certain."""
    monkeypatch.setattr(lefttoright, "MAX_LENGTH", longest)
    every = texts(longest)
    with torch.no_grad():
        bound = model.bound(batch(every))
    assert bound.exp().sum().item() == pytest.approx(1, abs=1e-6)


def test_a_text_has_the_same_probability_alone_and_in_a_padded_batch(model):
    sequences = [[0, 1, 1, 2, 0], [], [2], [1, 0, 0]]
    together = model.bound(batch(sequences))
    alone = torch.cat([model.bound(batch([own])) for own in sequences])
    torch.testing.assert_close(together, alone)
    with torch.no_grad():  # another way, for the GRU
        torch.testing.assert_close(model.bound(batch(sequences)), together)


def test_characters_are_the_terms_of_the_bound_and_nothing_stands_past_the_end(model):
    sequences = [[0, 1], [], [2, 0, 1]]
    own = model.characters(batch(sequences))
    assert own.shape == (3, 4)
    torch.testing.assert_close(own.sum(dim=1), model.bound(batch(sequences)))
    for row, sequence in zip(own, sequences, strict=True):
        assert (row[: len(sequence) + 1] < 0).all()
        assert (row[len(sequence) + 1 :] == 0).all()


def test_the_loss_is_minus_the_mean_bound_with_its_gradient(model):
    own = batch([[0, 1, 2, 2], [], [1, 1]])
    parameters = [each for each in model.parameters() if each.requires_grad]
    found = model.loss(own), -model.bound(own).mean()
    gradients = (torch.autograd.grad(each, parameters, allow_unused=True) for each in found)
    torch.testing.assert_close(*found)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_steps_give_what_the_whole_text_gives(model):
    x = batch([[0, 1, 2, 1], [2, 2, 0, 0]]).shifted(LETTERS)
    state, columns = model.starting, []
    for symbols in x.unbind(1):
        log_probs, state = model.step(symbols, state)
        columns.append(log_probs)
    torch.testing.assert_close(torch.stack(columns, dim=1), model.log_probs(x))


def test_drawn_texts_are_as_frequent_as_they_are_probable(model, monkeypatch):
    monkeypatch.setattr(lefttoright, "MAX_LENGTH", 2)
    every = texts(2)
    probs = model.bound(batch(every)).exp().tolist()
    drawn = model.sample(4000, seed=1)
    assert drawn == model.sample(4000, seed=1)
    for text, prob in zip(map(LETTERS.decode, every), probs, strict=True):
        deviation = (prob * (1 - prob) / 4000) ** 0.5
        assert abs(drawn.count(text) / 4000 - prob) < 5 * deviation + 1e-3


def test_a_gradient_is_finite_after_99_characters(model):
    model.float()
    model.zero_grad()
    model.loss(batch([[0, 1, 2] * 33, [1]])).backward()
    assert all(each.grad.isfinite().all() for each in model.parameters() if each.requires_grad)


def test_a_convolution_sees_its_receptive_field_and_nothing_after_it():
    model = enlarged(causal.CausalModel(LETTERS, TINY))
    assert model.receptive_field == 1 + 2 * 1 + 2 * 2
    x = batch([[0, 1, 2, 1, 0, 0, 1, 2, 2, 1, 0]]).codes
    changed = x.clone()
    changed[0, 2] = 0
    differs = (model.log_probs(x) != model.log_probs(changed)).any(dim=2)[0]
    assert differs.tolist() == [2 <= place < 2 + 7 for place in range(11)]


def test_more_layers_than_a_text_has_places_change_no_figure():
    """The dilation doubled from layer to layer: 70 layers ended in a traceback, 20 in memory."""
    assert causal.dilations(9) == [1, 2, 4, 8, 16, 32, 64, 100, 100]
    x = torch.randn(1, 100, 4)  # `begin` and 99 characters
    capped, doubled = (causal.CausalLayer(4, 3, dilation) for dilation in (100, 128))
    doubled.load_state_dict(capped.state_dict())
    torch.testing.assert_close(capped(x), doubled(x))
    deep = causal.CausalModel(LETTERS, replace(TINY, depth=70))
    assert deep.bound(batch([[0, 1, 2] * 33])).isfinite()
