"""Part a: BertSelfAttention.attention, given keys, queries and values."""

from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal
from grader.suites.default_project_minbert.models import HEADS, H, additive, check_gradient, config

pytestmark = [pytest.mark.part("a"), pytest.mark.about("BertSelfAttention.attention")]
WHAT = "what attention returns"
LENGTHS = [6, 2, 5, 1]  # of the texts in a padded batch


def pair(student: Any, reference: Any, **changes: Any) -> tuple[Any, Any]:
    """The student's BertSelfAttention and the reference's, in evaluation mode."""
    make = [code.bert.BertSelfAttention(config(code, **changes)) for code in (student, reference)]
    theirs = expect.thing(make[0], "BertSelfAttention")
    theirs.eval()
    return theirs, make[1].eval()


def heads(generator: torch.Generator, b: int, T: int, nh: int = HEADS) -> list[Tensor]:
    """Random keys, queries and values, (b, nh, T, hs) each."""
    return [normal(generator, b, nh, T, H // nh) for _ in range(3)]


def nothing_hidden(b: int, T: int) -> Tensor:
    """A mask that hides no key."""
    return torch.zeros(b, 1, 1, T)


@pytest.mark.points(1)
@pytest.mark.hint("transpose the heads back, then put them side by side: (b, T, nh * hs)")
def test_shapes(student: Any, reference: Any, generator: torch.Generator) -> None:
    """attention returns (b, T, hidden) for every batch size and length."""
    theirs, _ = pair(student, reference)
    for b, T in ((1, 1), (3, 1), (1, 12), (2, 7)):
        key, query, value = heads(generator, b, T)
        mask = nothing_hidden(b, T)
        y = expect.tensor(theirs.attention(key, query, value, mask), (b, T, H), torch.float32, WHAT)
        # So a test of shapes does not pass without any attention.
        own = value.transpose(1, 2).reshape(b, T, H)
        if T == 1:
            expect.close(y, own, f"{WHAT} for a single token")
        else:
            assert not expect.is_close(y, own), "each token gets its own value and no other"


@pytest.mark.points(2)
@pytest.mark.hint("softmax over the keys, the last dimension, of q k^T / sqrt(head size)")
def test_one_head(student: Any, reference: Any, generator: torch.Generator) -> None:
    """With one head, attention agrees with the reference."""
    theirs, ours = pair(student, reference, num_attention_heads=1)
    for b, T in ((1, 2), (3, 9)):
        inputs = [*heads(generator, b, T, 1), nothing_hidden(b, T)]
        expect.close(theirs.attention(*inputs), ours.attention(*inputs), WHAT)


@pytest.mark.points(4)
@pytest.mark.hint(
    "head h has the channels h * hs to (h + 1) * hs of the result; the scale is sqrt(hs)"
)
def test_several_heads(student: Any, reference: Any, generator: torch.Generator) -> None:
    """With several heads, attention agrees with the reference."""
    for nh in (2, 4, H):
        theirs, ours = pair(student, reference, num_attention_heads=nh)
        for b, T in ((1, 5), (2, 9)):
            inputs = [*heads(generator, b, T, nh), nothing_hidden(b, T)]
            expect.close(theirs.attention(*inputs), ours.attention(*inputs), WHAT)


@pytest.mark.points(3)
@pytest.mark.hint("add the mask, 0 or -10000, to the scores before the softmax")
def test_padding(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Hidden keys get no weight, and the weights of the others add up to 1."""
    theirs, _ = pair(student, reference)
    T = max(LENGTHS)
    # The first text is not the longest: its mask is no other's.
    lengths = sorted(LENGTHS)
    real = (torch.arange(T) < torch.tensor(lengths)[:, None]).long()
    mask = additive(real)
    key, query, value = heads(generator, len(LENGTHS), T)
    result = theirs.attention(key, query, value, mask)
    y = expect.tensor(result, (len(LENGTHS), T, H), "float", WHAT)
    for row, n in enumerate(lengths):
        one = [each[row : row + 1, :, :n] for each in (key, query, value)]
        alone = theirs.attention(*one, nothing_hidden(1, n))
        expect.close(alone, y[row : row + 1, :n], f"{WHAT} for a text without its padding")
    hidden = (real == 0)[:, None, :, None]
    other = heads(generator, len(LENGTHS), T)
    key, value = torch.where(hidden, other[0], key), torch.where(hidden, other[2], value)
    after = expect.tensor(theirs.attention(key, query, value, mask), y.shape, "float", WHAT)
    assert expect.is_close(after, y), "keys and values at hidden positions change the result"
    assert not expect.is_close(y[:, 0], 0 * y[:, 0]), f"{WHAT} is nothing but zeros"


@pytest.mark.points(1)
@pytest.mark.hint("torch's softmax subtracts the largest score first; exp of a large number is inf")
def test_large_scores(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Scores in the hundreds give finite results, those of the reference."""
    theirs, ours = pair(student, reference)
    key, query, value = heads(generator, 2, 6)
    mask = additive(torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]]))
    inputs = (30 * key, 30 * query, value, mask)
    expect.close(theirs.attention(*inputs), ours.attention(*inputs), WHAT, atol=1e-4)


@pytest.mark.points(1)
@pytest.mark.hint("no detach, no .data and no torch.no_grad on the way")
def test_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach the keys, the queries and the values."""
    theirs, _ = pair(student, reference)
    inputs = [*heads(generator, 2, 5), additive(torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]))]
    for wrt, name in enumerate(("keys", "queries", "values")):
        check_gradient(student, theirs.attention, inputs, wrt, f"the gradient of the {name}")


@pytest.mark.points(2)
@pytest.mark.hint("use self.dropout: model.eval() turns it off; F.dropout and a new module stay on")
def test_no_dropout_in_evaluation(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In evaluation mode no weight is dropped."""
    dropping, _ = pair(student, reference, attention_probs_dropout_prob=0.5)
    keeping, _ = pair(student, reference, attention_probs_dropout_prob=0.0)
    results, inputs = [], [*heads(generator, 2, 8), nothing_hidden(2, 8)]
    for _ in range(2):
        inputs[0] = heads(generator, 2, 8)[0]
        kept = expect.tensor(keeping.attention(*inputs), (2, 8, H), "float", WHAT)
        expect.close(dropping.attention(*inputs), kept, f"in eval mode, with dropout, {WHAT}")
        results.append(kept)
    assert not expect.is_close(results[0], results[1]), f"{WHAT} does not depend on the keys"


@pytest.mark.points(2)
@pytest.mark.hint("self.dropout is for the softmax's weights, each on its own; or leave it out")
def test_dropout_of_weights(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In training, each weight is dropped on its own, or none is."""
    b, nh, T, p = 8, 2, 4, 0.5
    theirs, _ = pair(student, reference, attention_probs_dropout_prob=p, num_attention_heads=nh)
    keeping, _ = pair(student, reference, attention_probs_dropout_prob=0.0, num_attention_heads=nh)
    key, query, _ = heads(generator, b, T, nh)
    # A value has its position's channel twice, so the result has each weight twice.
    value = torch.eye(T).repeat(1, 2).expand(b, nh, T, 2 * T)
    inputs = [key, query, value, nothing_hidden(b, T)]
    weights = by_head(expect.tensor(keeping.attention(*inputs), (b, T, H), "float", WHAT), T)
    assert (weights > 0).all(), "without a mask, some weights are 0"
    theirs.train()
    dropped = expect.tensor(theirs.attention(*inputs), (b, T, H), "float", WHAT)
    if expect.is_close(by_head(dropped, T), weights):
        return
    check_dropped(by_head(dropped, T), weights, p)


def by_head(y: Tensor, T: int) -> Tensor:
    """(b, T, nh * 2T) -> (b, T, nh, 2, T), the weights that each query gives, twice."""
    return y.view(len(y), T, -1, 2, T)


def check_dropped(dropped: Tensor, weights: Tensor, p: float) -> None:
    """Checks that each weight is 0 or weight / (1 - p), each drawn on its own."""
    zero = dropped == 0
    right = torch.where(zero, 0.0, weights / (1 - p))
    assert expect.is_close(dropped, right), (
        "in training, each weight should be 0 or weight / (1 - p)"
    )
    assert torch.equal(zero[..., 0, :], zero[..., 1, :]), (
        "in training, what is dropped are not the weights, but the values or the result"
    )
    zero = zero[..., 0, :].float()  # (b, T, nh, T)
    error = (p * (1 - p) / zero.numel()) ** 0.5
    assert (zero.mean() - p).abs() <= 5 * error, "in training, another share than p is dropped"
    # Of 4 weights all are dropped or all kept once in 8 times; of 4 queries too.
    for dim, what in ((3, "a query"), (1, "a key")):
        mixed = (zero.mean(dim) % 1 != 0).float().mean()
        assert mixed > 0.5, f"in training, all the weights of {what} are dropped together"
