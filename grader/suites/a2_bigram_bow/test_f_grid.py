"""Part f: the experiment grid and its table."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices
from grader.suites.a2_bigram_bow.models import V

pytestmark = pytest.mark.part("f")
COLUMNS = ("model", "pe_type", "block_size", "n_embd", "learning_rate")
LISTS = (["bow", "bow_v2"], ["rope", "randn"], [8, 16], [32, 64, 128], [0.01, 0.001])


def values(cells: Any, what: str) -> list[tuple[Any, ...]]:
    """The cells as tuples; each is a student's object with five attributes."""
    assert isinstance(cells, list | tuple), f"{what} should be a list"
    rows = [[getattr(expect.thing(cell, "a cell"), name) for name in COLUMNS] for cell in cells]
    return list(map(tuple, expect.plain(rows)))


def product(*lists: Sequence[Any]) -> list[tuple[Any, ...]]:
    """By nested loops."""
    tuples: list[tuple[Any, ...]] = [()]
    for items in lists:
        tuples = [(*before, item) for before in tuples for item in items]
    return tuples


def rows_of(cells: Sequence[tuple[Any, ...]], generator: torch.Generator) -> list[dict[str, Any]]:
    """Rows with the cells' values, random losses and an extra column."""
    rows = []
    for cell in cells:
        train, val = (2 + torch.rand(2, generator=generator)).tolist()
        losses = {"train_loss": train, "val_loss": val, "seconds": 1.0}
        rows.append(dict(zip(COLUMNS, cell, strict=True)) | losses)
    return rows


def small_model(student: Any, size: int = V) -> Any:
    return expect.thing(student.bigram.Bigram(size), "Bigram")


@pytest.mark.about("expand")
@pytest.mark.points(2)
@pytest.mark.hint("itertools.product: the last list varies fastest")
def test_expand(student: Any) -> None:
    """expand gives every combination once, in the lists' order."""
    result = values(student.grid.expand(*LISTS), "expand")
    assert result == product(*LISTS), "expand should give every combination in the lists' order"


@pytest.mark.about("expand")
@pytest.mark.points(2)
@pytest.mark.hint("the same model trained the same way is one cell, not two")
def test_expand_without_positions(student: Any) -> None:
    """expand gives bigram and bigram_mf no encoding and bigram no width; no cell twice."""
    lists = (["bigram", "bigram_mf", "bow"], ["randn", "rope"], [8, 16], [32, 64], [0.1, 0.1])
    result = values(student.grid.expand(*lists), "expand")
    expected = product(["bigram"], [None], [8, 16], [None], [0.1])
    expected += product(["bigram_mf"], [None], [8, 16], [32, 64], [0.1])
    expected += product(["bow"], ["randn", "rope"], [8, 16], [32, 64], [0.1])
    assert len(result) == len(expected), f"expand gives {len(result)} cells, not {len(expected)}"
    assert result == expected, (
        "expand should give the cells in the lists' order, with None for what a model does not use"
    )


@pytest.mark.about("missing")
@pytest.mark.points(2)
@pytest.mark.hint("compare all five values; the rows can be in any order")
def test_missing(student: Any, generator: torch.Generator) -> None:
    """missing leaves out the cells that have a row, and keeps the order of the others."""
    cells = student.grid.expand(*LISTS)
    every = product(*LISTS)
    done = [place for place in range(len(every)) if (place * 7) % 3 == 0]
    rows = rows_of([every[place] for place in reversed(done)], generator)
    rows += rows_of([("bow", "rope", 999, 32, 0.01)], generator)
    result = values(student.grid.missing(cells, rows), "missing")
    assert result == [cell for place, cell in enumerate(every) if place not in done], (
        "missing should give the cells without a row, in their order"
    )
    assert values(student.grid.missing(cells, []), "missing") == every, (
        "without rows, missing should give every cell"
    )


@pytest.mark.about("get_batch")
@pytest.mark.points(3)
@pytest.mark.hint("y begins one character after x; the last start is len(data) - block_size - 1")
def test_get_batch(student: Any, generator: torch.Generator, worker_seed: int) -> None:
    """get_batch cuts x at starts that the generator draws, and y one character later."""
    data = indices(generator, 50, 400)
    for block, rows in ((1, 3), (9, 20), (399, 2)):
        arguments = [data, block, rows]
        result = student.probe.with_generator(
            student.grid.get_batch, worker_seed % 1000, *arguments
        )
        x, y = expect.items(result, 2, "get_batch")
        starts = torch.randint(
            len(data) - block, (rows,), generator=torch.Generator().manual_seed(worker_seed % 1000)
        )
        for tensor, shift, what in ((x, 0, "x"), (y, 1, "y")):
            tensor = expect.tensor(tensor, (rows, block), torch.long, what)
            expected = torch.stack([data[s + shift : s + shift + block] for s in starts])
            assert torch.equal(tensor, expected), f"{what}: right shape, wrong characters"


@pytest.mark.about("train")
@pytest.mark.points(3)
@pytest.mark.hint("AdamW's own betas and weight decay; zero the gradients before each backward")
def test_train(student: Any, reference: Any, generator: torch.Generator) -> None:
    """train takes AdamW steps, by torch's defaults, on a stream of batches; it returns losses."""
    batches = [(indices(generator, V, 4, 5), indices(generator, V, 4, 5)) for _ in range(9)]
    ours, theirs = reference.bigram.Bigram(V), small_model(student)
    theirs.load_state_dict(ours.state_dict())
    expected = []
    optimizer = torch.optim.AdamW(ours.parameters(), lr=0.05)
    for x, y in batches[:8]:
        loss = ours(x, y)[1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    losses = student.probe.with_stream(student.grid.train, 1, [theirs, batches, 8, 0.05])
    assert isinstance(losses, list | tuple) and len(losses) == 8, "train should return 8 losses"
    result = torch.tensor([expect.number(loss, "a loss") for loss in losses])
    expect.close(result, torch.tensor(expected), "the losses", atol=1e-4)
    weights = expect.tensors(theirs.state_dict())["wte.weight"]
    expect.close(weights, ours.wte.weight, "the trained weights", atol=1e-4)


@pytest.mark.about("estimate_loss")
@pytest.mark.points(2)
@pytest.mark.hint("a mean over the batches; .item(), no gradients")
def test_estimate_loss(student: Any, reference: Any, generator: torch.Generator) -> None:
    """estimate_loss is the mean loss in eval mode, without gradients, and restores the mode."""
    ours, theirs = reference.bigram.Bigram(V), small_model(student)
    theirs.load_state_dict(ours.state_dict())
    batches = [(indices(generator, V, 4, 5), indices(generator, V, 4, 5)) for _ in range(6)]
    expected = sum(ours(x, y)[1].item() for x, y in batches) / 6
    result = expect.number(student.grid.estimate_loss(theirs, batches), "estimate_loss")
    assert abs(result - expected) < 1e-4, "the result of estimate_loss is wrong"
    # A model whose loss differs in training mode, and if gradients are recorded.
    losses = 1 + torch.rand(2, 2, V, V, generator=generator) + 10 * torch.arange(4).view(2, 2, 1, 1)
    model = student.probe.mode_model(losses)
    x, y = (torch.cat(part) for part in zip(*batches, strict=True))
    means = losses[:, :, x, y].mean((2, 3))  # (2, 2)
    for mode in (True, False):
        model.train(mode)
        result = expect.number(student.grid.estimate_loss(model, batches), "estimate_loss")
        assert abs(result - means[1, 0]) > 5 and abs(result - means[1, 1]) > 5, (
            "the model is in training mode while its losses are computed"
        )
        assert abs(result - means[0, 1]) > 5, "gradients are recorded while losses are computed"
        assert abs(result - means[0, 0]) < 1e-4, "the result of estimate_loss is wrong"
        after = expect.items(model(x, y), 2, "the model's result")[1]
        assert abs(expect.number(after, "the loss") - means[int(mode), 1]) < 1e-4, (
            "estimate_loss should put the model back into the mode it was in"
        )


@pytest.mark.about("count_pairs")
@pytest.mark.points(3)
@pytest.mark.hint("match the rows that are equal in every other column; < and not <=")
def test_count_pairs(student: Any, generator: torch.Generator) -> None:
    """count_pairs compares rows that differ in one column only, counting strictly lower losses."""
    cells = product(*LISTS)
    rows = rows_of(cells, generator)
    rows = [row for place, row in enumerate(rows) if place % 11]  # some have no counterpart
    rows[3]["val_loss"] = rows[4]["val_loss"] = 2.5
    order = torch.randperm(len(rows), generator=generator).tolist()
    rows = [rows[place] for place in order]
    for column, better, worse, loss in (
        ("pe_type", "rope", "randn", "val_loss"),
        ("block_size", 16, 8, "train_loss"),
        ("learning_rate", 0.01, 0.001, "val_loss"),
        ("model", "bow_v2", "bow", "val_loss"),
        ("n_embd", 32, 999, "val_loss"),
    ):
        expected = [0, 0]
        for a in rows:
            for b in rows:
                same = all(a[name] == b[name] for name in COLUMNS if name != column)
                if same and a[column] == better and b[column] == worse:
                    expected[0] += a[loss] < b[loss]
                    expected[1] += 1
        result = student.grid.count_pairs(rows, column, better, worse, loss)
        holds, pairs = (expect.whole(n, "a count") for n in expect.items(result, 2, "count_pairs"))
        assert pairs == expected[1], f"the number of pairs in {column} is wrong"
        assert holds == expected[0], f"the number of pairs in {column} with a lower loss is wrong"


@pytest.mark.about("pivot")
@pytest.mark.points(1)
@pytest.mark.hint("a dictionary of dictionaries: the mean of all rows with both values")
def test_pivot(student: Any, generator: torch.Generator) -> None:
    """pivot gives the mean of the given loss, and no entry for a pair without rows."""
    rows = rows_of(product(*LISTS), generator)
    rows = [row for row in rows if (row["block_size"], row["n_embd"]) != (16, 64)]
    result = expect.plain(student.grid.pivot(rows, "block_size", "n_embd"), "pivot's result")
    assert isinstance(result, dict) and set(result) == {8, 16}, "pivot's rows should be 8 and 16"
    for block, line in result.items():
        widths = {32, 64, 128} - ({64} if block == 16 else set())
        assert isinstance(line, dict) and set(line) == widths, (
            f"row {block} of pivot should have the columns {sorted(widths)}"
        )
        for width, mean in line.items():
            own = [r for r in rows if (r["block_size"], r["n_embd"]) == (block, width)]
            difference = expect.number(mean, "a mean") - sum(r["val_loss"] for r in own) / len(own)
            assert abs(difference) < 1e-6, "a mean in pivot's result is wrong"
    result = student.grid.pivot(rows[:1], "model", "pe_type", "train_loss")
    mean = expect.number(result[rows[0]["model"]][rows[0]["pe_type"]], "a mean")
    assert abs(mean - rows[0]["train_loss"]) < 1e-6, "pivot should use the loss that it is given"
