"""Part b: the table as a product of two matrices."""

import math
from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices
from grader.suites.a2_bigram_bow.models import V, check_model, twins

pytestmark = pytest.mark.part("b")


def both(
    student: Any, reference: Any, generator: torch.Generator, channels: int
) -> tuple[Any, Any]:
    return twins(student, reference, lambda code: code.bigram.BigramMF(V, channels), generator)


@pytest.mark.about("BigramMF.__init__", "BigramMF.forward")
@pytest.mark.points(4)
@pytest.mark.hint("lm_head(wte(idx))")
def test_forward(student: Any, reference: Any, generator: torch.Generator) -> None:
    """BigramMF keeps torch's initialisation; it returns lm_head of each vector, and the loss."""
    fresh = expect.thing(student.bigram.BigramMF(300, 64), "BigramMF")
    for name, deviation in (("wte", 1.0), ("lm_head", 1 / math.sqrt(3 * 64))):
        weight = expect.tensor(getattr(fresh, name).weight, (300, 64), "float", f"{name}.weight")
        # With 19,200 numbers, the sample deviation's error is below 0.6 percent.
        assert abs(float(weight.std()) / deviation - 1) < 0.04, (
            f"{name}.weight should keep torch's initialisation"
        )
    for channels in (1, 3, 20):
        theirs, ours = both(student, reference, generator, channels)
        idx, targets = indices(generator, V, 2, 6), indices(generator, V, 2, 6)
        check_model(theirs, ours, idx, targets, "BigramMF")


@pytest.mark.about("BigramMF.table")
@pytest.mark.points(2)
@pytest.mark.hint("row x holds the logits of what follows x, bias included")
def test_table(student: Any, reference: Any, generator: torch.Generator) -> None:
    """table() holds the model's logits for every pair."""
    theirs, ours = both(student, reference, generator, 3)
    expect.close(theirs.table(), ours(torch.arange(V)[None])[0][0], "table()")


@pytest.mark.about("BigramMF.__init__", "BigramMF.table")
@pytest.mark.points(2)
@pytest.mark.hint("C channels and a bias give a matrix of rank C + 1 at most")
def test_rank(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The table's rank is at most C + 1, whatever the two matrices and the bias are."""
    theirs, ours = both(student, reference, generator, 2)
    # A table of ones has a small rank too.
    table = expect.close(theirs.table(), ours.table(), "table()")
    values = torch.linalg.svdvals(table.double())
    assert values[3] < 1e-4 * values[0], "the rank of table() should be at most C + 1"


@pytest.mark.about("BigramMF.forward")
@pytest.mark.points(2)
@pytest.mark.hint("do not use detach or torch.no_grad in forward")
def test_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The loss's gradient reaches both matrices and the bias."""
    theirs, ours = both(student, reference, generator, 3)
    inputs = [indices(generator, V, 2, 6), indices(generator, V, 2, 6)]
    gradients = student.probe.parameter_gradients(theirs, inputs, 1)
    expected = reference.probe.parameter_gradients(ours, inputs, 1)
    expect.gradients(gradients, [expected], "BigramMF")
