"""Part f: the experiment grid and its table."""

import pytest
import torch

pytestmark = pytest.mark.part("f")


def rows():
    """Losses of two encodings at two widths, and one row without a counterpart."""
    losses = {("rope", 32): 2.1, ("randn", 32): 2.3, ("rope", 64): 2.2, ("randn", 64): 2.2}
    common = {"model": "bow", "block_size": 8, "learning_rate": 0.01}
    table = [
        common | {"pe_type": pe, "n_embd": width, "val_loss": loss}
        for (pe, width), loss in losses.items()
    ]
    return [*table, common | {"pe_type": "rope", "n_embd": 128, "val_loss": 2.0}]


@pytest.mark.points(1)
@pytest.mark.hint("bigram has neither an encoding nor a width: one cell")
def test_expand_and_missing(student):
    """expand gives each cell once; missing leaves out those in the table."""
    cells = student.grid.expand(["bigram", "bow"], ["randn", "rope"], [8], [32, 64], [0.01])
    result = [(cell.model, cell.pe_type, cell.n_embd) for cell in cells]
    bow = [("bow", pe, width) for pe in ("randn", "rope") for width in (32, 64)]
    assert result == [("bigram", None, None), *bow], f"the cells are {result}"
    rest = [(cell.model, cell.pe_type) for cell in student.grid.missing(cells, rows())]
    assert rest == [("bigram", None)], f"missing gives {rest}"


@pytest.mark.points(1)
@pytest.mark.hint("one torch.randint, then data[places] and data[places + 1]")
def test_get_batch(student):
    """Each y is the character after its x."""
    arguments = [torch.arange(50), 6, 4]
    x, y = student.probe.with_generator(student.grid.get_batch, 1, *arguments)
    assert x.shape == y.shape == (4, 6), f"the shapes are {tuple(x.shape)}, {tuple(y.shape)}"
    assert torch.equal(y, x + 1), "y is not x one character later"


@pytest.mark.points(1)
@pytest.mark.hint("AdamW(model.parameters(), lr=learning_rate); estimate_loss is a plain mean")
def test_train_and_estimate(student):
    """Training on one batch lowers a bigram's loss; estimate_loss is a mean."""
    model = student.bigram.Bigram(5)
    batch = (torch.tensor([[0, 1, 2, 3]]), torch.tensor([[1, 2, 3, 4]]))
    before = student.grid.estimate_loss(model, [batch, batch])
    losses = student.grid.train(model, [batch] * 60, 50, 0.1)
    assert len(losses) == 50, f"train returned {len(losses)} losses"
    assert abs(losses[0] - before) < 1e-5, "the first loss is not the loss before training"
    assert student.grid.estimate_loss(model, [batch]) < 0.5, "the loss stays above 0.5"


@pytest.mark.points(1)
@pytest.mark.hint("rows that differ in this column only; strictly lower")
def test_count_pairs_and_pivot(student):
    """One of two pairs holds: 2.1 is below 2.3, 2.2 is not below 2.2."""
    result = tuple(student.grid.count_pairs(rows(), "pe_type", "rope", "randn"))
    assert result == (1, 2), f"count_pairs returned {result}, not (1, 2)"
    table = student.grid.pivot(rows(), "block_size", "pe_type")
    assert abs(table[8]["rope"] - 2.1) < 1e-6, f"the mean of rope is {table[8]['rope']}"
