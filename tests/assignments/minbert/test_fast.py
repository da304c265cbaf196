"""minBERT's fast forward: the same values and gradients, or the student's own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course import packing
from tests.assignments.minbert.fast_cases import CLOSE, LENGTHS, batch, gradients, make


@pytest.mark.parametrize("reads", ["pooler", "states", "pooler and states"])
@pytest.mark.parametrize("types", [True, False], ids=["types", "no types"])
@pytest.mark.parametrize("lengths", [LENGTHS, [5, 5, 5], [3]], ids=str)
def test_values_and_gradients_are_the_models_own(minbert, reads, types, lengths) -> None:
    own = make(minbert, reads).eval()
    fast = copy.deepcopy(own)
    assert minbert.fast.accelerate(fast, bfloat16=False)
    inputs = batch(lengths)[: 3 if types else 2]
    torch.testing.assert_close(fast(*inputs), own(*inputs), **CLOSE)
    expected, found = gradients(own, inputs), gradients(fast, inputs)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, **CLOSE, msg=name)


@torch.no_grad()
def test_both_outputs_have_bert_py_s_shapes_and_names(minbert) -> None:
    model, (ids, mask, _) = make(minbert, hidden_size=128).eval(), batch(LENGTHS)
    own = model.bert(ids, mask)
    minbert.fast.accelerate(model)
    fast = model.bert(ids, mask)
    assert list(fast) == list(own)
    assert len(fast) == 2
    assert "logits" not in fast
    for name, output in own.items():
        assert fast[name].shape == output.shape
        assert fast[name].dtype == output.dtype
    assert fast["last_hidden_state"][mask == 0].eq(0).all()


def test_reading_both_outputs_they_share_one_dropout(minbert) -> None:
    """The pooler's output must be that of the states' first token, whichever is read first."""
    model = make(minbert).train()
    minbert.fast.accelerate(model, bfloat16=False)
    bert = model.bert
    for order in (("pooler_output", "last_hidden_state"), ("last_hidden_state", "pooler_output")):
        outputs = bert(*batch(LENGTHS))
        found = {name: outputs[name] for name in order}
        pooled = torch.tanh(bert.pooler_dense(found["last_hidden_state"][:, 0]))
        torch.testing.assert_close(found["pooler_output"], pooled)


def test_a_sentence_without_tokens_is_left_to_the_model(minbert) -> None:
    model, (ids, mask, _) = make(minbert).eval(), batch([3, 2])
    mask[1] = 0
    expected = model(ids, mask)
    minbert.fast.accelerate(model)
    torch.testing.assert_close(model(ids, mask), expected)


def test_gradients_can_be_asked_for_twice(minbert) -> None:
    """PCGrad and SMART keep the graph."""
    model = make(minbert)
    minbert.fast.accelerate(model)
    loss = model(*batch(LENGTHS)).sum()
    first, second = (torch.autograd.grad(loss, model.head.weight, retain_graph=True) for _ in "ab")
    assert torch.equal(*first, *second)
    key = model.bert.bert_layers[0].self_attention.key.weight
    first, second = (torch.autograd.grad(loss, key, retain_graph=True) for _ in "ab")
    assert torch.equal(*first, *second)


def test_dropout_falls_where_the_models_own_falls(minbert) -> None:
    """Means over many draws: attention's and the layers' dropout, in training."""
    own = make(minbert, hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.2).train()
    fast = copy.deepcopy(own)
    minbert.fast.accelerate(fast)
    inputs = batch([6])
    torch.manual_seed(5)
    with torch.no_grad():
        draws = [torch.cat([m(*inputs) for _ in range(600)]) for m in (own, fast)]
    deviation = draws[0].std(dim=0)
    assert ((draws[0].mean(dim=0) - draws[1].mean(dim=0)).abs() < 0.25 * deviation).all()
    assert ((draws[1].std(dim=0) / deviation - 1).abs() < 0.15).all()


def _without_dropout(bert, monkeypatch) -> None:
    def attention(self, key, query, value, mask):
        weights = F.softmax(query @ key.transpose(2, 3) / 4 + mask, dim=-1)
        return (weights @ value).transpose(1, 2).flatten(2)

    monkeypatch.setattr(bert.BertSelfAttention, "attention", attention)


def _dropout_first(bert, monkeypatch) -> None:
    def add_norm(self, input, output, dense, dropout, norm):
        return norm(input + dense(dropout(output)))

    monkeypatch.setattr(bert.BertLayer, "add_norm", add_norm)


def _not_written(bert, monkeypatch) -> None:
    def embed(self, input_ids, token_type_ids=None):
        raise NotImplementedError("TODO(a): BertModel.embed")

    monkeypatch.setattr(bert.BertModel, "embed", embed)


def _no_positions(bert, monkeypatch) -> None:
    def embed(self, ids, types=None):
        types = torch.zeros_like(ids) if types is None else types
        words = self.word_embedding(ids) + self.tk_type_embedding(types)
        return self.embed_dropout(self.embed_layer_norm(words))

    monkeypatch.setattr(bert.BertModel, "embed", embed)


def _no_gelu(bert, monkeypatch) -> None:
    own = bert.BertLayer.add_norm

    def add_norm(self, input, output, dense, dropout, norm):
        return own(
            self, input, output.relu() if dense is self.out_dense else output, dense, dropout, norm
        )

    monkeypatch.setattr(bert.BertLayer, "add_norm", add_norm)


DIFFERENT = (_without_dropout, _dropout_first, _not_written, _no_positions, _no_gelu)


@pytest.mark.parametrize("change", DIFFERENT, ids=lambda each: each.__name__)
def test_a_different_model_keeps_its_own_forward(minbert, change, monkeypatch) -> None:
    model = make(minbert)
    change(minbert.bert, monkeypatch)
    state = torch.get_rng_state()
    assert not minbert.fast.accelerate(model, [[5, 6]])
    assert "forward" not in vars(model.bert)
    assert isinstance(model.bert.word_embedding, nn.Embedding)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_comparison_leaves_the_model_as_it_was(minbert) -> None:
    model = make(minbert).train()
    before = copy.deepcopy(model.state_dict())
    assert minbert.fast.agrees(model.bert)
    assert model.training
    assert len(model.bert.bert_layers) == 2
    assert model.bert.embed_dropout.p == 0.1
    assert all(map(torch.equal, before.values(), model.state_dict().values()))


def test_a_module_without_bert_is_not_accelerated(minbert) -> None:
    assert not minbert.fast.accelerate(nn.Linear(2, 2))


def test_an_accelerated_model_can_be_copied(minbert) -> None:
    model = make(minbert).eval()
    minbert.fast.accelerate(model)
    other, inputs = copy.deepcopy(model), batch(LENGTHS)
    other.bert.pooler_dense.bias.data += 1
    assert not torch.equal(model(*inputs), other(*inputs))


@torch.no_grad()
def test_a_tiny_model_reads_by_itself(minbert) -> None:
    """Without gradients its own forward is quicker, and the same."""
    model, inputs = make(minbert).eval(), batch(LENGTHS)
    expected = model(*inputs)
    minbert.fast.accelerate(model)
    assert torch.equal(model(*inputs), expected)


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_dropout_drops_its_share_and_raises_the_rest(minbert, p) -> None:
    torch.manual_seed(4)
    dropout = nn.Dropout(p).train()
    x = torch.ones(400, 300, requires_grad=True)
    y = packing.drop(x, dropout)
    y.sum().backward()
    dropped = (y == 0).float().mean().item()
    assert abs(dropped - p) < 0.005  # 120,000 draws: 3.5 deviations at p 0.5
    kept = y[y != 0]
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - p) if p < 1 else 0.0))
    assert torch.equal(x.grad, y)
    added = packing.add_dropped(torch.ones_like(x), x, dropout)
    assert abs((added == 1).float().mean().item() - p) < 0.005
    assert torch.equal(packing.drop(x, dropout.eval()), x)


def test_in_bfloat16_the_outputs_are_float32_and_near(minbert) -> None:
    model, inputs = make(minbert, "pooler and states"), batch(LENGTHS)
    model.eval()
    expected = model(*inputs)
    minbert.fast.accelerate(model, bfloat16=True)
    found = model(*inputs)
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, rtol=0.1, atol=0.1)
    gradients(model.train(), inputs)


@pytest.mark.parametrize("lengths", [[3, 9, 9, 4], [1], [2, 2]])
def test_every_real_token_has_its_place(minbert, lengths) -> None:
    ids, mask, _ = batch(lengths)
    layout = minbert.packed.lay_out(mask, heads=4)
    packed = ids.flatten()[layout.tokens]
    assert len(packed) == sum(lengths)
    padded = layout.padded(packed[:, None].float())[..., 0].long()
    assert torch.equal(padded, ids[layout.order])
    assert torch.equal(packed[layout.starts], ids[layout.order, 0])
    assert [group.rows for group in layout.groups] == [
        b - a for a, b in packing.cut(sorted(lengths, reverse=True))
    ]
