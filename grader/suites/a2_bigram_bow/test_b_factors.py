"""Task b: the table as a product."""

import pytest
import torch

from grader import expect
from grader.suites.a2_bigram_bow.helpers import (
    V,
    check_gradients,
    check_model,
    indices,
    twins,
)

pytestmark = pytest.mark.part("b")


def both(student, reference, generator, channels):
    return twins(student, reference, lambda code: code.bigram.BigramMF(V, channels), generator)


@pytest.mark.points(4)
@pytest.mark.hint("lm_head(wte(idx))")
def test_forward(student, reference, generator):
    """BigramMF gives lm_head of each character's vector, and the mean loss."""
    for channels in (1, 3, 20):
        theirs, ours = both(student, reference, generator, channels)
        check_model(theirs, ours, indices(generator, 2, 6), indices(generator, 2, 6), "BigramMF")


@pytest.mark.points(2)
@pytest.mark.hint("row x: the logits of what follows x; the bias too")
def test_table(student, reference, generator):
    """table() holds the logits of every pair, those that the model gives."""
    theirs, ours = both(student, reference, generator, 3)
    expect.close(theirs.table(), ours(torch.arange(V)[None])[0][0], "table()")


@pytest.mark.points(2)
@pytest.mark.hint("C channels and a bias cannot make a matrix of a higher rank than C + 1")
def test_rank(student, reference, generator):
    """The table's rank is at most C + 1, and the parameters are two matrices and a bias."""
    theirs, _ = both(student, reference, generator, 2)
    table = expect.tensor(theirs.table(), (V, V), "float", "table()")
    values = torch.linalg.svdvals(table.double())
    assert values[3] < 1e-4 * values[0], "table() has a higher rank than 3"
    count = sum(value.numel() for value, _ in student.probe.parameters(theirs).values())
    assert count == V * 2 + 2 * V + V, "BigramMF has not the handout's parameters"


@pytest.mark.points(2)
@pytest.mark.hint("no detach and no torch.no_grad on the way")
def test_gradients(student, reference, generator):
    """The loss's gradient reaches both matrices and the bias."""
    theirs, ours = both(student, reference, generator, 3)
    inputs = [indices(generator, 2, 6), indices(generator, 2, 6)]
    check_gradients(student, reference, theirs, ours, inputs, "BigramMF")
