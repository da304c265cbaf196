"""The toy course's suite as a plain harness has it: the student's modules are imported here."""

import random

import pytest
import reference
import torch
import work
from torch.nn import functional as F

V, T = 11, 24


def letters(size):
    return "".join(random.choice("abcdef") for _ in range(size))


@pytest.mark.points(1)
def test_mean():
    numbers = [random.randrange(1000) for _ in range(10)]
    expected = reference.mean(numbers)
    assert abs(work.mean(numbers) - expected) < 1e-3


@pytest.mark.points(1)
def test_shift():
    text = letters(20)
    expected = reference.shift(text)
    x, y = work.shift(text)
    assert torch.equal(x, expected[0]) and torch.equal(y, expected[1])


@pytest.mark.points(1)
def test_count():
    text = letters(30)
    expected = reference.count(text)
    assert work.count(text) == expected


@pytest.mark.points(1)
def test_shape():
    idx = torch.randint(0, V, (2, 5))
    assert work.Model()(idx).shape == (2, 5, V)


@pytest.mark.points(2)
def test_causal():
    model = work.Model()
    a, b = torch.randint(0, V, (2, 3, T))
    for t in range(1, T, 7):
        mixed = torch.cat((a[:, :t], b[:, t:]), dim=1)
        assert torch.allclose(model(a)[:, :t], model(mixed)[:, :t])


@pytest.mark.points(2)
def test_hidden_text():
    text = torch.where(torch.rand(1, T) < 0.9, 3, 5).cumsum(1) % V
    logits = work.Model()(text)
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, V), text[:, 1:].reshape(-1))
    assert loss <= 1.2


@pytest.mark.points(1)
def test_gradients():
    idx = torch.randint(0, V, (2, T))
    model, expected = work.Model(), reference.Model()
    model(idx).sum().backward()
    expected(idx).sum().backward()
    assert torch.allclose(model.table.grad, expected.table.grad)


@pytest.mark.points(1)
def test_predict():
    texts = [letters(12) for _ in range(40)]
    expected = reference.predict(texts)
    right = sum(a == b for a, b in zip(work.predict(texts), expected, strict=True))
    assert right >= 36
