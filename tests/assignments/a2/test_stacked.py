"""Cells trained side by side: the losses and the weights of the plain models, but for rounding."""

from __future__ import annotations

import importlib
import sys
from itertools import islice

import pytest
import torch

from tests.flat import flat_imports
from tests.programs import ROOT

A2 = ROOT / "a2_bigram_bow"
V = 13


@pytest.fixture
def modules():
    """a2's flat modules, gone again afterwards."""
    with flat_imports(A2 / "solution", A2 / "given"):
        names = ("cells", "corpora", "grid", "stacked", "sweep")
        yield {name: importlib.import_module(name) for name in names}


def models_of(modules, cells):
    made = []
    for seed, cell in enumerate(cells):
        torch.manual_seed(seed)
        made.append(modules["grid"].build(cell, V))
    return made


def batches(modules, block_size, count):
    data = torch.randint(V, (500,), generator=torch.Generator().manual_seed(5))
    stream = modules["corpora"].batches(data, block_size, 6, 3)
    return list(islice(stream, count))


@pytest.mark.parametrize(
    ("model", "pe_types", "block_size", "n_embd"),
    [
        ("bigram", ["rope"], 5, 8),
        ("bigram_mf", ["rope"], 5, 8),
        # Narrow cells are read off after they are mixed, wide ones before.
        ("bow", ["rope"], 7, 8),
        ("bow", ["randn", "sinpe"], 7, 80),
        ("bow", ["randn", "sinpe"], 1, 8),
        ("bow", ["rope"], 7, 80),
        ("bow_v2", ["rope"], 7, 80),
        ("bow_v2", ["randn", "sinpe"], 7, 8),
        ("bow_v2", ["randn", "sinpe"], 7, 80),
        ("bigram_v2", ["rope"], 7, 8),
        ("bigram_v2", ["rope"], 7, 80),
        ("bigram_v2", ["randn", "sinpe"], 7, 80),
    ],
)
def test_a_stack_takes_the_plain_models_steps(modules, model, pe_types, block_size, n_embd):
    rates = [1e-2, 1e-3]
    cells = modules["grid"].expand([model], pe_types, [block_size], [n_embd], rates)
    models, shown = models_of(modules, cells), batches(modules, block_size, 12)
    stack = modules["stacked"].Stack(model, models, [cell.learning_rate for cell in cells])
    together = torch.stack([stack.step(modules["stacked"].Batch.of(*b, V)) for b in shown])
    alone = [
        modules["grid"].train(plain, shown, len(shown), cell.learning_rate)
        for plain, cell in zip(models, cells, strict=True)
    ]
    assert torch.allclose(together.T, torch.tensor(alone), atol=1e-4)
    copies = models_of(modules, cells)
    stack.write_to(copies)
    for copy, plain in zip(copies, models, strict=True):
        for (name, ours), theirs in zip(copy.named_parameters(), plain.parameters(), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-3), name


def test_a_cells_row_does_not_depend_on_what_was_trained_beside_it(modules):
    corpus = modules["corpora"].Corpus("embedded", "abcdefghij klm\n" * 40)
    setting = modules["cells"].Setting("embedded", steps=20, batch_size=4, eval_batches=3)
    cells = modules["grid"].expand(["bow"], ["randn", "sinpe"], [4], [8], [1e-2, 1e-3])
    together = modules["cells"].run_stack(cells, setting, corpus)
    alone = [modules["cells"].run_plain(cell, setting, corpus) for cell in cells]
    for row, plain in zip(together, alone, strict=True):
        for name, value in row.items():
            if name.endswith("loss"):
                assert abs(value - plain[name]) < 1e-4
            elif name != "seconds":
                assert value == plain[name]


def test_the_published_grids_have_all_cells(modules):
    sweep = modules["sweep"]
    bow, bigram = (sweep.published(name) for name in ("published-bow", "published-bigram"))
    assert (len(bow), len(bigram)) == (384, 38)
    for cells in (bow, bigram):
        stacks = sweep.stacks(cells)
        assert sorted(map(str, cells)) == sorted(str(cell) for each in stacks for cell in each)
        for stack in stacks:
            assert len({(c.model, c.block_size, c.n_embd, c.pe_type == "rope") for c in stack}) == 1


def test_a_model_of_another_kind_is_refused(modules, monkeypatch):
    """A stack computes what the handout says: a student's own model would get a wrong row."""
    from course.errors import UserError

    grid, cells = modules["grid"], modules["cells"]
    other = sys.modules["bow"].BoWBlock
    monkeypatch.setattr(other, "forward", lambda self, x: self.cbow(x))
    corpus = modules["corpora"].Corpus("embedded", "abcdefghij klm\n" * 40)
    setting = cells.Setting("embedded", steps=2, batch_size=4, eval_batches=1)
    with pytest.raises(UserError, match="--plain"):
        cells.run_stack(grid.expand(["bow"], ["rope"], [4], [8], [0.1]), setting, corpus)
