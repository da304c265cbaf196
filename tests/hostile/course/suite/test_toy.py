"""The toy course's hidden suite. Every hidden input bears a mark that no result may show."""

import pytest
import torch
from torch.nn import functional as F

from grader import expect

V, T = 11, 24
WORD, NUMBER = "CANARY", 867530912  # what an input is known by, should it leak


@pytest.fixture(name="letters")
def _letters(generator):
    """Draws a text of `size` letters a to f that begins with the mark."""

    def draw(size):
        drawn = torch.randint(0, 6, (size,), generator=generator)
        return WORD + "".join("abcdef"[i] for i in drawn.tolist())

    return draw


@pytest.mark.part("a")
@pytest.mark.points(1)
def test_mean(student, generator):
    """mean gives the mean of whole numbers."""
    numbers = [NUMBER, *torch.randint(0, 1000, (9,), generator=generator).tolist()]
    result = expect.number(student.work.mean(numbers), "the mean")
    assert abs(result - sum(numbers) / 10) < 1e-3, "the mean is wrong"


@pytest.mark.part("a")
@pytest.mark.points(1)
def test_shift(student, reference, letters):
    """shift gives the indices without the last, and without the first."""
    text = letters(20)
    for theirs, ours in zip(
        expect.items(student.work.shift(text), 2), reference.work.shift(text), strict=True
    ):
        theirs = expect.tensor(theirs, ours.shape, torch.long, "a half")
        assert torch.equal(theirs, ours), "a half is wrong"


@pytest.mark.part("a")
@pytest.mark.points(1)
def test_count(student, reference, letters):
    """count tells how often each letter is there."""
    text = letters(30)
    counted = student.work.count(text)
    assert type(counted) is dict, f"the result should be a dict, and is {expect.describe(counted)}"
    assert counted == reference.work.count(text), "a count is wrong"


@pytest.mark.part("b")
@pytest.mark.points(1)
def test_shape(student, generator):
    """The model gives logits for every position."""
    idx = torch.randint(0, V, (2, 5), generator=generator)
    expect.tensor(student.work.Model()(idx), (2, 5, V), torch.float32, "the logits")


@pytest.mark.part("b")
@pytest.mark.points(2)
def test_causal(student, generator):
    """The logits before a changed position stay as they were, those after it do not."""
    model = expect.thing(student.work.Model(), "the model")
    a, b = torch.randint(0, V, (2, 3, T), generator=generator)
    for t in range(1, T, 7):
        mixed = torch.cat((a[:, :t], b[:, t:]), dim=1)
        first, second = (expect.tensor(model(x), (3, T, V), "float") for x in (a, mixed))
        assert expect.is_close(first[:, :t], second[:, :t]), "the model looks ahead"
        assert not torch.equal(first[:, t:], second[:, t:]), "the model looks at nothing"


@pytest.mark.part("b")
@pytest.mark.points(2)
def test_hidden_text(student, generator):
    """The loss on hidden text is at most 1.2; what follows the scored position is scrambled."""
    jump = torch.where(torch.rand(T, generator=generator) < 0.9, 3, 5)
    text = jump.cumsum(0) % V
    rows = torch.randint(0, V, (T - 1, T), generator=generator)
    seen = torch.ones(T - 1, T).tril().bool()
    model = expect.thing(student.work.Model(), "the model")
    logits = expect.tensor(model(torch.where(seen, text, rows)), (T - 1, T, V), "float")
    scored = logits[torch.arange(T - 1), torch.arange(T - 1)]
    loss = expect.number(F.cross_entropy(scored.double(), text[1:]), "the loss")
    assert loss <= 1.2, "the loss is too high"


@pytest.mark.part("b")
@pytest.mark.points(1)
def test_gradients(student, reference, generator):
    """The gradient of the summed logits is that of the reference."""
    idx = torch.randint(0, V, (2, T), generator=generator)
    ours = reference.work.Model()
    ours(idx).sum().backward()
    gradients = student.probe.parameter_gradients(student.work.Model(), [idx])
    assert type(gradients) is dict and gradients.keys() == {"table"}, "there is one parameter"
    expect.close(gradients["table"], ours.table.grad, "the gradient")


@pytest.mark.part("c")
@pytest.mark.points(1)
def test_predict(student, reference, letters):
    """At least nine labels in ten are right."""
    texts = [letters(12) for _ in range(40)]
    labels = expect.items(student.work.predict(texts), 40, "the labels")
    expected = reference.work.predict(texts)
    right = [type(a) is int and a == b for a, b in zip(labels, expected, strict=True)]
    assert sum(right) >= 36, "too many labels are wrong"
