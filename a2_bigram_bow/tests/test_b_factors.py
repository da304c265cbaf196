"""Part b: the table as a product of two matrices."""

import pytest
import torch

pytestmark = pytest.mark.part("b")


@pytest.mark.points(1)
@pytest.mark.hint("lm_head(wte(idx)); table() is lm_head of every vector")
def test_forward_and_table(student):
    """BigramMF's logits are rows of its table."""
    model = student.bigram.BigramMF(7, 3)
    idx = torch.tensor([[2, 0, 6]])
    logits, loss = model(idx)
    assert logits.shape == (1, 3, 7), f"the logits' shape is {tuple(logits.shape)}"
    assert loss is None, f"the loss without targets is {loss}, not None"
    assert torch.allclose(logits[0], model.table()[idx[0]], atol=1e-6), (
        "the logits are not rows of table()"
    )


@pytest.mark.points(1)
@pytest.mark.hint("2 channels and a bias give a matrix of rank 3 at most")
def test_rank(student):
    """A table of two channels has a rank of at most 3."""
    values = torch.linalg.svdvals(student.bigram.BigramMF(7, 2).table().double())
    assert values[3] < 1e-5 * values[0], f"the singular values are {values.tolist()}"
