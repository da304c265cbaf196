"""Task f: the experiment grid and its table."""

import pytest
import torch

pytestmark = pytest.mark.part("f")


def rows():
    """Losses of two encodings at two widths; one of four has no counterpart."""
    losses = {("rope", 32): 2.1, ("randn", 32): 2.3, ("rope", 64): 2.2, ("randn", 64): 2.2}
    common = {"model": "bow", "block_size": 8, "learning_rate": 0.01}
    found = [
        common | {"pe_type": pe, "n_embd": width, "val_loss": loss}
        for (pe, width), loss in losses.items()
    ]
    return [*found, common | {"pe_type": "rope", "n_embd": 128, "val_loss": 2.0}]


@pytest.mark.points(1)
@pytest.mark.hint("bigram has neither an encoding nor a width: one cell")
def test_expand_and_missing(student):
    """expand makes the cells, each once; missing leaves out those of the table."""
    cells = student.grid.expand(["bigram", "bow"], ["randn", "rope"], [8], [32, 64], [0.01])
    found = [(cell.model, cell.pe_type, cell.n_embd) for cell in cells]
    bow = [("bow", pe, width) for pe in ("randn", "rope") for width in (32, 64)]
    assert found == [("bigram", None, None), *bow], f"the cells are {found}"
    left = [(cell.model, cell.pe_type) for cell in student.grid.missing(cells, rows())]
    assert left == [("bigram", None)], f"missing are {left}"


@pytest.mark.points(1)
@pytest.mark.hint("one torch.randint, then data[places] and data[places + 1]")
def test_get_batch(student):
    """Each y is the character after its x."""
    arguments = [torch.arange(50), 6, 4]
    x, y = student.probe.with_generator(student.grid.get_batch, 1, *arguments)
    assert x.shape == y.shape == (4, 6), f"their shapes are {tuple(x.shape)}, {tuple(y.shape)}"
    assert torch.equal(y, x + 1), "y is not one character later"


@pytest.mark.points(1)
@pytest.mark.hint("AdamW(model.parameters(), lr=learning_rate); estimate_loss is a plain mean")
def test_train_and_estimate(student):
    """Trained on one batch again and again, a bigram's loss falls; the estimate is a mean."""
    model = student.bigram.Bigram(5)
    batch = (torch.tensor([[0, 1, 2, 3]]), torch.tensor([[1, 2, 3, 4]]))
    before = student.grid.estimate_loss(model, [batch, batch])
    losses = student.grid.train(model, [batch] * 60, 50, 0.1)
    assert len(losses) == 50, f"there are {len(losses)} losses"
    assert abs(losses[0] - before) < 1e-5, "the first loss is not that before training"
    assert student.grid.estimate_loss(model, [batch]) < 0.5, "the loss does not fall"


@pytest.mark.points(1)
@pytest.mark.hint("rows that differ in this column only; strictly lower")
def test_count_pairs_and_pivot(student):
    """One of two pairs holds: 2.1 is below 2.3, 2.2 is not below 2.2."""
    found = tuple(student.grid.count_pairs(rows(), "pe_type", "rope", "randn"))
    assert found == (1, 2), f"{found} should be (1, 2)"
    table = student.grid.pivot(rows(), "block_size", "pe_type")
    assert abs(table[8]["rope"] - 2.1) < 1e-6, f"the mean of rope is {table[8]['rope']}"
