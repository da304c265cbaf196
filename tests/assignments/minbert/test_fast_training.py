"""minBERT's fast training: only words that occur, fused steps, and what the benchmark prints."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.assignments.minbert.fast_cases import CLOSE, LENGTHS, batch, make
from tests.programs import ROOT, python


def train(model: nn.Module, steps, count: int = 8) -> None:
    for step in range(count):
        ids, mask, types = batch(LENGTHS, 5 + 4 * (step % 2), 25 + 4 * (step % 2))
        model.zero_grad()
        F.cross_entropy(model(ids, mask, types), torch.arange(len(ids)) % 3).backward()
        steps.step()


def test_training_only_the_words_that_occur_changes_nothing(minbert) -> None:
    """The whole training: weights after it, and the words that never occurred."""
    own = make(minbert, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    fast = copy.deepcopy(own)
    start = own.bert.word_embedding.weight.detach().clone()
    texts = [list(range(5, 20)), list(range(15, 29))]
    assert minbert.fast.accelerate(fast, texts, bfloat16=False)
    assert fast.bert.word_embedding.weight.shape == (25, 64)  # 24 words and [PAD]
    train(own, minbert.optimizer.AdamW(minbert.fused.groups(own, 0.1), lr=1e-3))
    train(fast, minbert.fast.optimizer(fast, lr=1e-3, weight_decay=0.1))
    expected, found = own.state_dict(), fast.state_dict()
    assert list(expected) == list(found)
    for name, tensor in expected.items():
        # Where a gradient is only rounding, as a key's bias's, AdamW makes steps of its sign.
        if not name.endswith("key.bias"):
            torch.testing.assert_close(found[name], tensor, rtol=0, atol=2e-4, msg=name)
    words = found["bert.word_embedding.weight"]
    assert torch.equal(words[29:], start[29:])
    assert not torch.equal(words[5:29], start[5:29])


def test_words_of_no_training_text_are_read_but_not_trained(minbert) -> None:
    model = make(minbert).eval()
    inputs = batch(LENGTHS)
    expected = model(*inputs)
    minbert.fast.accelerate(model, [[5, 6, 7]], bfloat16=False)
    torch.testing.assert_close(model(*inputs), expected, **CLOSE)
    model.train()
    with pytest.raises(ValueError, match="none of the training texts"):
        model(*inputs)


def test_a_compact_embedding_is_saved_and_loaded_whole(minbert) -> None:
    first, second = make(minbert), make(minbert)
    before = copy.deepcopy(first.state_dict())
    minbert.fast.accelerate(first, [[5, 6, 7]])
    minbert.fast.accelerate(second, [[8, 9]])
    assert all(map(torch.equal, before.values(), first.state_dict().values()))
    first.bert.word_embedding.weight.data += 1
    first.bert.word_embedding.whole += 2
    second.load_state_dict(first.state_dict())
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert torch.equal(second.bert.word_embedding.weight[1], first.bert.word_embedding.whole[8])


def test_a_compact_embedding_refuses_what_does_not_fit(minbert) -> None:
    model = make(minbert)
    minbert.fast.accelerate(model, [[5, 6, 7]])
    state = model.state_dict()
    state["bert.word_embedding.weight"] = torch.zeros(3, 64)
    with pytest.raises(RuntimeError, match=r"word_embedding.weight has the shape \(3, 64\)"):
        model.load_state_dict(state)
    del state["bert.word_embedding.weight"]
    with pytest.raises(RuntimeError, match=r"Missing key.*word_embedding.weight"):
        model.load_state_dict(state)


def test_a_frozen_bert_keeps_its_embedding(minbert) -> None:
    model = make(minbert)
    model.bert.requires_grad_(False)
    assert minbert.fast.accelerate(model, [[5, 6, 7]])
    assert isinstance(model.bert.word_embedding, nn.Embedding)
    assert [len(g["params"]) for g in minbert.fast.optimizer(model, 1e-3).param_groups] == [1, 1]


def test_the_fused_steps_are_the_students(minbert) -> None:
    assert minbert.fused.same_steps(minbert.optimizer.AdamW)
    steps = minbert.fast.optimizer(make(minbert), lr=0.01, weight_decay=0.3)
    assert type(steps) is minbert.fused.FusedAdamW
    decays = [group["weight_decay"] for group in steps.param_groups]
    assert decays == [0.3, 0.0]


def test_a_fused_state_is_the_students_state(minbert) -> None:
    """A training may be resumed with either."""
    one, other = (nn.Parameter(torch.ones(5)) for _ in range(2))
    fused, plain = minbert.fused.FusedAdamW([one], lr=0.1), minbert.optimizer.AdamW([other], lr=0.1)
    for step in range(4):
        if step == 2:
            plain.load_state_dict(
                copy.deepcopy(fused.state_dict())
                | {"param_groups": plain.state_dict()["param_groups"]}
            )
            other.data.copy_(one)
        one.grad = other.grad = torch.arange(5.0) - step
        fused.step()
        plain.step()
    torch.testing.assert_close(one, other)


def test_an_adamw_that_differs_is_used_as_it_is(minbert, monkeypatch) -> None:
    class DecayFirst(torch.optim.AdamW):
        pass

    monkeypatch.setattr(minbert.optimizer, "AdamW", DecayFirst)
    assert type(minbert.fast.optimizer(make(minbert), lr=0.01)) is DecayFirst


def test_an_adamw_that_is_not_written_does_not_agree(minbert) -> None:
    def unwritten(self, closure=None):
        raise NotImplementedError("TODO(b): AdamW.step")

    kind = type("Unwritten", (minbert.optimizer.AdamW,), {"step": unwritten})
    assert not minbert.fused.same_steps(kind)


def test_the_benchmark_ends_with_its_figures() -> None:
    options = ("--rounds", "1", "--steps", "1", "--threads", "1", "--batch_size", "4")
    result = python("benchmarks/minbert.py", *options, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert {"training", "reading", "bfloat16", "logits_difference", "hardware"} <= set(found)
    assert set(found["training"]) == {"ours", "stock", "tricks", "to_stock", "to_tricks"}


@pytest.mark.data
@pytest.mark.slow
def test_with_the_pretrained_weights_the_benchmarked_models_agree() -> None:
    options = ("--rounds", "1", "--steps", "1", "--threads", "1", "--batch_size", "4")
    real = ("--data", "minbert", "--weights", "minilm")
    result = python("benchmarks/minbert.py", *options, *real, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["logits_difference"] < 1e-5


def test_another_models_fused_state_is_refused(minbert) -> None:
    """The kernel read past its end, and the process crashed."""
    one, other = (nn.Parameter(torch.ones(size)) for size in (4, 3))
    large, small = (minbert.fused.FusedAdamW([p], lr=0.1) for p in (one, other))
    one.grad = torch.ones(4)
    large.step()
    with pytest.raises(ValueError, match=r"of another model: \(4,\), not \(3,\)"):
        small.load_state_dict(large.state_dict())
