"""Part a: the bigram table, counted and fitted."""

import math

import pytest
import torch

pytestmark = pytest.mark.part("a")
XS, YS = torch.tensor([0, 0, 0, 1, 2, 2]), torch.tensor([1, 1, 2, 0, 0, 1])
COUNTS = torch.tensor([[0, 2, 1], [1, 0, 0], [1, 1, 0]])


@pytest.mark.points(1)
@pytest.mark.hint("torch.bincount, or index_put_ with accumulate")
def test_counts(student):
    """count_bigrams counts six pairs of three characters."""
    result = student.bigram.count_bigrams(XS, YS, 3)
    assert result.tolist() == COUNTS.tolist(), f"{result.tolist()} should be {COUNTS.tolist()}"
    assert result.dtype == torch.long, f"the counts have dtype {result.dtype}"


@pytest.mark.points(1)
@pytest.mark.hint("divide each row by its sum; a row of zeros becomes 1 / V everywhere")
def test_log_probs(student):
    """bigram_log_probs gives shares, smoothed and not, and equal ones for a row without counts."""
    counts = torch.cat((COUNTS[:2], torch.zeros(1, 3, dtype=torch.long)))
    for smoothing, first in ((0.0, [0, 2 / 3, 1 / 3]), (1.0, [1 / 6, 1 / 2, 1 / 3])):
        shares = student.bigram.bigram_log_probs(counts, smoothing).exp()
        assert torch.allclose(shares[0], torch.tensor(first)), f"row 0 is {shares[0].tolist()}"
        assert torch.allclose(shares[2], torch.full((3,), 1 / 3)), f"row 2 is {shares[2].tolist()}"


@pytest.mark.points(1)
@pytest.mark.hint("leave out what was never counted: 0 * -inf is nan")
def test_mean_loss(student):
    """mean_loss of the counted model, worked out by hand."""
    log_probs = torch.tensor([[0, 2 / 3, 1 / 3], [1, 0, 0], [1 / 2, 1 / 2, 0]]).log()
    expected = -(2 * math.log(2 / 3) + math.log(1 / 3) + 2 * math.log(1 / 2)) / 6
    result = float(student.bigram.mean_loss(log_probs, COUNTS))
    assert abs(result - expected) < 1e-5, f"mean_loss is {result:.5f}, not {expected:.5f}"


@pytest.mark.points(1)
@pytest.mark.hint("both minimise the same loss, which is smallest at the counted shares")
def test_counting_and_gradient_agree(student):
    """fit_by_gradient reaches the same probabilities as counting."""
    fitted = student.bigram.fit_by_gradient(COUNTS).log_softmax(dim=1).exp()
    shares = COUNTS / COUNTS.sum(1, keepdim=True)
    difference = (fitted - shares).abs().max().item()
    assert difference < 0.01, f"a probability is {difference:.3f} away from its share"


@pytest.mark.points(1)
@pytest.mark.hint("self.wte(idx) and language_model_loss")
def test_module(student):
    """Bigram returns each character's row and, with targets, a loss."""
    model = student.bigram.Bigram(3)
    table = model.state_dict()["wte.weight"]
    idx = torch.tensor([[2, 0], [1, 2]])
    logits, loss = model(idx)
    assert torch.equal(logits, table[idx]), "the logits are not the characters' rows"
    assert loss is None, f"the loss without targets is {loss}, not None"
    assert model(idx, idx)[1] is not None, "the loss with targets is None"
