"""Part a: nats per sequence, bits per character, and the character model."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("a")
NAN = math.nan


def model(student, mixtures=2):
    """A small model: six symbols can be read, five predicted."""
    return student.autoregressive.CharacterGRU(6, 5, 3, 4, mixtures).eval()


@pytest.mark.points(1)
@pytest.mark.hint("replace what is outside the mask by 0, sum each row, then the mean of the rows")
def test_nlpps(student):
    """Two sequences of 3 and 5 nats have 4 on average, whatever stands outside the mask."""
    log_probs = torch.tensor([[-1.0, -2.0, NAN], [-1.0, -1.0, -3.0]])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    result = student.measure.nlpps(log_probs, mask)
    assert result.shape == (), f"the result has shape {tuple(result.shape)}, not ()"
    assert abs(result.item() - 4) < 1e-5, f"nlpps is {result.item()}, not 4"


@pytest.mark.points(1)
@pytest.mark.hint("the mean over all characters of the batch, divided by log(2)")
def test_bits_per_character(student):
    """Characters of probability 1/2, 1/2, 1/2 and 1/8 have 1.5 bits on average."""
    log_probs = -math.log(2) * torch.tensor([[1.0, NAN, NAN], [1.0, 1.0, 3.0]])
    mask = torch.tensor([[True, False, False], [True, True, True]])
    bits = student.measure.bits_per_character(log_probs, mask).item()
    means = (1 + 5 / 3) / 2
    assert abs(bits - means) > 1e-5, "this is the mean of the sequences' means"
    assert abs(bits - 1.5) < 1e-5, f"bits_per_character is {bits}, not 1.5"


@pytest.mark.points(1)
@pytest.mark.hint("the layers that the TODO of __init__ lists, by these names")
def test_layers(student):
    """The layers have the handout's names and shapes."""
    shapes = {name: tuple(p.shape) for name, p in model(student).named_parameters()}
    for name, shape in (
        ("embedding.weight", (6, 3)),
        ("gru.weight_ih_l0", (12, 3)),
        ("experts.weight", (6, 4)),
        ("weights.weight", (2, 4)),
        ("output.weight", (5, 3)),
    ):
        assert name in shapes, f"{name} is missing; there are {', '.join(shapes)}"
        assert shapes[name] == shape, f"{name} has shape {shapes[name]}, not {shape}"


@pytest.mark.points(1)
@pytest.mark.hint("states.std(dim=-1, keepdim=True, unbiased=False) + EPSILON")
def test_normalise(student):
    """(1, 3, 1, 3) has a deviation of 1 and stays; twice as large, it becomes the same."""
    states = torch.tensor([[1.0, 3.0, 1.0, 3.0]])
    for scale in (1.0, 2.0):
        result = model(student).normalise(scale * states)
        assert torch.allclose(result, states, atol=1e-3), f"the result is {result.tolist()}"
    zeros = model(student).normalise(torch.zeros(1, 4))
    assert not zeros.any(), f"a state of zeros becomes {zeros.tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("logsumexp over the experts of log_softmax(weights) + log_softmax(output)")
def test_mixture(student):
    """The probabilities of each place add up to 1; one expert is a softmax, two are a mixture."""
    states = torch.randn(2, 3, 4)
    result = model(student).log_probs(states)
    assert result.shape == (2, 3, 5), f"the result has shape {tuple(result.shape)}"
    total = result.exp().sum(-1)
    assert torch.allclose(total, torch.ones(2, 3), atol=1e-5), f"the sums are {total.tolist()}"
    one = model(student, mixtures=1)
    plain = one.output(torch.tanh(one.experts(states))).log_softmax(-1)
    assert torch.allclose(one.log_probs(states), plain, atol=1e-5), "one expert is no softmax"
    two = model(student)
    first, second = (
        two.output(torch.tanh(expert)).softmax(-1) for expert in two.experts(states).split(3, -1)
    )
    share = two.weights(states).softmax(-1)  # (2, 3, 2)
    expected = (share[..., :1] * first + share[..., 1:] * second).log()
    result = two.log_probs(states)
    assert torch.allclose(result, expected, atol=1e-5), "two experts, by hand: they do not agree"


@pytest.mark.points(1)
@pytest.mark.hint("embedding, gru, normalise, log_probs")
def test_forward_is_causal(student):
    """Changing the last symbol changes the last place's prediction and no other."""
    gru = model(student)
    x = torch.tensor([[0, 1, 2, 3]])
    before, after = gru(x), gru(torch.tensor([[0, 1, 2, 4]]))
    assert before.shape == (1, 4, 5), f"forward returns {tuple(before.shape)}, not (1, 4, 5)"
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-5), "the future is read"
    assert not torch.allclose(before[:, 3], after[:, 3]), "the last symbol is not read"
