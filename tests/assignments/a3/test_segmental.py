"""a3's segment models: exact where they say so, and a bound from below where they do not."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from tests.assignments.a3.segmentations import (
    LETTERS,
    LONGEST,
    MODULES,
    PARTS,
    all_texts,
    batch_of,
    close,
    make,
    segmentations,
)

segments = MODULES["segments"]
TEXTS = [[1, 0, 2, 1], [], [1, 1, 2], [0], [1, 1, 2, 0, 0, 1, 1, 1, 1, 2], [2, 0]]


def likelihood(model, text: list[list[int]]) -> torch.Tensor:
    """The log-likelihood of one text in its segments, one symbol after the other."""
    end = LETTERS.end
    ends = model.by_rule and text and not is_certain(model, text[-1])
    room = model.longest - sum(map(len, text))
    text = text if ends or not room else [*text, []]
    state = model.context.gru(model.context.begin[None, None])[1]
    total = torch.zeros((), dtype=torch.float64)
    for number, segment in enumerate(text):
        codes = torch.tensor([[*segment, end]])
        log_probs = model.decoder(state[0], codes)[0]
        last = number == len(text) - 1
        free = is_certain(model, segment) or (last and not room)
        total = total + sum(log_probs[i, code] for i, code in enumerate(segment))
        total = total + (0 if free else log_probs[len(segment), end])
        vector = model.context.encoder(codes, torch.tensor([len(segment) + 1]))
        state = model.context.gru(vector[None], state)[1]
    return total


def is_certain(model, segment: list[int]) -> bool:
    return len(segment) == 3 or (model.by_rule and segment[-1:] == [LETTERS.encode("a")[0]])


@pytest.mark.parametrize("by_rule", [True, False])
@pytest.mark.parametrize("kind", PARTS)
def test_a_batch_has_the_likelihoods_of_its_texts_one_by_one(kind, by_rule):
    model = make(kind, by_rule, longest=10)
    texts = [segments.split(text, 0, 3) for text in TEXTS]
    right = torch.stack([likelihood(model, text) for text in texts])
    close(model.bound(batch_of(*TEXTS)), right)
    shares = model.characters(batch_of(*TEXTS))
    close(shares.sum(dim=1), right)
    assert shares.shape == (6, 11)
    assert not shares[1, 1:].any()  # an empty text has a price at its end only
    assert (shares <= 0).all()


@pytest.mark.parametrize("kind", PARTS)
def test_by_rule_the_probabilities_of_all_texts_add_up_to_1(kind):
    model = make(kind)
    assert model.exact
    close(model.bound(batch_of(*all_texts())).exp().sum(), torch.ones(()))


@pytest.mark.parametrize("kind", PARTS)
def test_with_end_symbols_all_segmentations_of_all_texts_add_up_to_1(kind):
    model = make(kind, by_rule=False)
    assert not model.exact
    right = probabilities(model, all_texts())
    close(right.sum(), torch.ones(()))
    assert (model.bound(batch_of(*all_texts())).exp() <= right + 1e-12).all()


def probabilities(model, texts: list[list[int]]) -> torch.Tensor:
    """Of each text in all its segmentations."""
    if model.exact:
        return model.bound(batch_of(*texts)).exp()
    ways = [segmentations(text) for text in texts]
    scores = (
        model.log_likelihood([way for each in ways for way in each])
        .exp()
        .split([len(each) for each in ways])
    )
    return torch.stack([each.sum() for each in scores])


@pytest.mark.parametrize(("kind", "by_rule"), [("linear", True), ("gru", False)])
def test_samples_are_as_frequent_as_they_are_likely(kind, by_rule):
    model, count = make(kind, by_rule), 1000
    found = Counter(model.sample(count, seed=3))
    texts = all_texts()
    right = probabilities(model, texts)
    shares = torch.tensor([found[LETTERS.decode(text)] / count for text in texts])
    assert sum(found.values()) == count
    assert max(map(len, found)) <= LONGEST
    # Right shares of 1000 draws are sqrt(2 p (1 - p) / (1000 pi)) away from p on average.
    noise = (2 * right * (1 - right) / (count * torch.pi)).sqrt().sum()
    assert (shares - right).abs().sum() < 1.5 * noise
    assert model.sample(5, seed=1) == model.sample(5, seed=1) != model.sample(5, seed=2)


@pytest.mark.parametrize("kind", PARTS)
def test_the_loss_teaches_every_parameter(kind):
    model = make(kind, longest=10)
    loss = model.loss(batch_of(*TEXTS))
    close(loss, -model.bound(batch_of(*TEXTS)).mean())
    loss.backward()
    assert all(each.grad is not None and each.grad.any() for each in model.parameters())


@pytest.mark.parametrize("kind", ["key-value", "linear", "convolution"])
def test_characters_of_one_word_are_independent(kind):
    decoder, context = make(kind).decoder, torch.randn(1, 6, dtype=torch.float64)
    one, other = (decoder(context, torch.tensor([codes])) for codes in ([0, 1, 3], [1, 1, 1]))
    close(one, other)


def test_a_separator_that_the_training_texts_lack_leaves_segments_of_the_full_width():
    model = make("gru", longest=10)
    model.separator = LETTERS.unknown
    assert model.split(batch_of([0, 1, 0, 1, 0])) == [[[0, 1, 0], [1, 0]]]
