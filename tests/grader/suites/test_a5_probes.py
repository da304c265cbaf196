"""The probes of a5's hidden suite: a plain model, a training."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import nn

from grader.suites.a5_mingpt_perceiver import probes
from tests.flat import flat_imports
from tests.programs import ROOT

A5 = ROOT / "a5_mingpt_perceiver"


def test_a_plain_model_does_not_tell_what_it_is() -> None:
    """An earlier one could be told by its type's name and by `table`."""
    table, idx = torch.randn(5, 5), torch.randint(5, (3, 4))
    plain, rows = probes.plain_model(table, 4), table[idx.cumsum(1) % 5]
    for mode, right in ((True, -rows), (False, rows)):
        assert torch.equal(plain.train(mode)(idx)[0], right)
    assert plain.get_block_size() == plain.block_size == 4
    with pytest.raises(ValueError, match="5 indices"):
        plain(torch.zeros(1, 5, dtype=torch.long))
    other = probes.plain_model(table, 4)
    assert type(plain).__name__ != type(other).__name__ and not hasattr(plain, "table")
    assert next(plain.parameters()).shape == (5, 5)  # whose device a sampler may ask for


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (5, 5)])
def test_muon_goes_where_torchs_goes(shape: tuple[int, int]) -> None:
    """Three steps, tall and wide; torch's computes in bfloat16, to 1 part in 100."""
    torch.manual_seed(1)
    start = torch.randn(2, *shape)
    gradients = torch.randn(3, 2, *shape)
    ours, theirs = ([nn.Parameter(each.clone()) for each in start] for _ in range(2))
    muon = probes._Muon(ours, 0.05)
    known = torch.optim.Muon(theirs, lr=0.05, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for step in gradients:
        for parameter, twin, gradient in zip(ours, theirs, step, strict=True):
            parameter.grad, twin.grad = gradient.clone(), gradient.clone()
        muon.step_at(1.0)
        known.step()
    for parameter, twin, before in zip(ours, theirs, start, strict=True):
        moved, expected = parameter.detach() - before, twin.detach() - before
        assert (moved - expected).abs().max() < 0.05 * expected.abs().max()


@pytest.mark.parametrize("length", [15, 16])
def test_a_training_takes_both_lengths_of_x_and_y(length: int) -> None:
    """x and y of block_size numbers are right too, and a model of that block has room for them."""
    with flat_imports(A5 / "solution", A5 / "given"):
        model = importlib.import_module("model")
    torch.manual_seed(0)
    config = model.GPTConfig(9, 16, n_layer=1, n_head=2, n_embd=16, embd_pdrop=0.0)
    gpt = model.GPT(config)
    y = 2 + torch.arange(length).expand(12, -1) % 5
    y = torch.where(torch.arange(length) < torch.arange(4, 16)[:, None], y, 0)
    x = torch.cat((torch.ones(12, 1, dtype=torch.long), y[:, :-1]), dim=1)
    before = gpt(x, y)[1].item()
    probes.train(gpt, probes.pairs(x, y), epochs=20, batch_size=5, lr=1e-2)
    assert gpt.eval()(x, y)[1].item() < before / 4
