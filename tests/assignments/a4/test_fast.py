"""a4's fast loss is the model's own in value and gradient, and is not used where it is not."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from course import agreement
from tests.assignments.a4.definitions import PROJECT, make
from tests.flat import flat_imports

with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import batches
    import fast
    import layout
    import nmt_model

pytestmark = pytest.mark.usefixtures("one_thread")
KINDS = ("dot_product", "multiplicative", "additive")
SOURCES = [[4, 5], [7, 6, 4, 5, 7], [5], [6, 6, 4]]
TARGETS = [[1, 4, 5, 5, 4, 2], [1, 5, 2], [1, 2], [1, 3, 4, 4, 5, 5, 4, 2]]


def batch(rows=range(4)):
    return batches.Encoded(SOURCES, TARGETS).batch(rows)


def gradients(model, loss):
    parameters = list(model.parameters())
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters, strict=True)]


def assert_same(model, own, label_smoothing=0.0):
    plain = fast.plain_loss(model, own, label_smoothing)
    quick = fast.training_loss(model, own, label_smoothing)
    torch.testing.assert_close(quick, plain)
    for mine, theirs in zip(gradients(model, quick), gradients(model, plain), strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_are_the_models_own(kind):
    model = make(kind)
    for rows in (range(4), [2], [1], [0, 3]):  # a source of one piece, a target of </s> alone
        assert_same(model, batch(rows))
    assert_same(model, batch(), label_smoothing=0.1)
    assert fast.agrees(model, batch())


def test_the_loss_is_minus_the_log_likelihood_in_chunks_too(monkeypatch):
    model, own = make(), batch()
    expected = -model.log_likelihood(own.source, own.source_lengths, own.target).sum()
    torch.testing.assert_close(fast.training_loss(model, own), expected)
    monkeypatch.setattr(fast, "CHUNK", 13)  # two targets at a time
    assert_same(model, own)
    with torch.no_grad():
        torch.testing.assert_close(fast.training_loss(model, own), expected)


def test_bfloat16_is_close():
    model, own = make().float(), batch()
    plain, half = (fast.training_loss(model, own, bfloat16=each) for each in (False, True))
    torch.testing.assert_close(half, plain, rtol=0.02, atol=0)
    for mine, theirs in zip(gradients(model, half), gradients(model, plain), strict=True):
        assert mine.dtype == torch.float32
        assert float((mine - theirs).norm()) <= 0.1 * float(theirs.norm())


def test_gradients_are_scaled_as_the_loss_is():
    model, own = make(), batch()
    whole = gradients(model, fast.training_loss(model, own))
    tenth = gradients(model, fast.training_loss(model, own) / 10)
    for one, ten in zip(tenth, whole, strict=True):
        torch.testing.assert_close(10 * one, ten)


def test_dropout_scales_and_zeroes_the_combined_outputs_in_training_only():
    model, own = make(dropout_rate=0.5), batch()
    still = fast.training_loss(model, own)
    torch.testing.assert_close(fast.training_loss(model, own), still)
    model.train()
    torch.manual_seed(0)
    losses = {round(float(fast.training_loss(model, own).detach()), 6) for _ in range(3)}
    assert len(losses) == 3
    like, target = torch.zeros(1, 500).double(), layout.Layout([40, 20])
    keep = fast._keep(model.dropout, like, target)
    assert keep.shape == (60, 500) and keep.unique().tolist() == [0, 2]
    assert 0.49 < float((keep == 2).double().mean()) < 0.51
    model.dropout.p = 1.0  # nothing is left: every piece is as likely as any other
    uniform = own.target_tokens * torch.log(torch.tensor(len(model.vocab.tgt)).double())
    torch.testing.assert_close(fast.training_loss(model, own), uniform)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_model_agrees_on_long_sentences(kind):
    """Weights with a spread of 0.1 made a model of 512 chaotic: it amplified rounding errors."""
    model = make(kind, e=128, h=512)
    long = [[4, 5, 6, 7] * 8, [6, 4] * 9], [[1, *[4, 5, 5] * 12, 2], [1, 5, 5, 2]]
    own = batches.Encoded(*long).batch(range(2))
    trial = fast._trial(model)
    pairs = zip(
        *(agreement.results(trial, f(trial, own)) for f in (fast.plain_loss, loss)), strict=True
    )
    worst = max(float((a - b).abs().max() / a.abs().max()) for a, b in pairs)
    assert worst < agreement.TOLERANCE / 10 and fast.agrees(model, own)


def loss(model, own):
    return fast.training_loss(model, own, bfloat16=False)


def test_agrees_leaves_model_and_generator_as_they_were():
    model = make().float().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    assert fast.agrees(model, batch())
    assert torch.equal(torch.get_rng_state(), state) and model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def hidden_first(self, Ybar_t, dec_state, enc_hiddens, enc_hiddens_proj, enc_masks):
    """u_t in the other order."""
    dec_state = self.decoder(Ybar_t, dec_state)
    e_t = self.scores(dec_state[0], enc_hiddens, enc_hiddens_proj)
    alpha_t = F.softmax(e_t.masked_fill(enc_masks.bool(), -torch.inf), dim=1)
    a_t = (alpha_t.unsqueeze(1) @ enc_hiddens).squeeze(1)
    u_t = torch.cat((dec_state[0], a_t), dim=1)
    return dec_state, self.dropout(torch.tanh(self.combined_output_projection(u_t))), e_t


def dropped_before_tanh(self, *arguments):
    """The right step, but with dropout inside tanh instead of around it."""
    dropout, self.dropout = self.dropout, torch.nn.Identity()
    try:
        dec_state, output, e_t = nmt_model.NMT.step(self, *arguments)
    finally:
        self.dropout = dropout
    return dec_state, torch.tanh(self.dropout(torch.atanh(output))), e_t


def without_masks(self, Ybar_t, dec_state, enc_hiddens, enc_hiddens_proj, enc_masks):
    return nmt_model.NMT.step(self, Ybar_t, dec_state, enc_hiddens, enc_hiddens_proj, None)


def not_fed_back(self, Ybar_t, *others):
    Ybar_t = torch.cat((Ybar_t[:, : self.embed_size], 0 * Ybar_t[:, self.embed_size :]), dim=1)
    return nmt_model.NMT.step(self, Ybar_t, *others)


@pytest.mark.parametrize("step", [hidden_first, dropped_before_tanh, without_masks, not_fed_back])
def test_a_step_that_differs_is_noticed(step, monkeypatch):
    model = make()
    monkeypatch.setattr(type(model), "step", step)
    assert not fast.agrees(model, batch())


def two_layers(model):
    model.encoder = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True).double()


def biased(model):
    model.target_vocab_projection = torch.nn.Linear(4, 6).double()


def trained_pads(model):
    model.model_embeddings.source.padding_idx = None


def without_a_layer(model):
    del model.h_projection


@pytest.mark.parametrize("change", [two_layers, biased, trained_pads, without_a_layer])
def test_a_model_with_other_layers_is_noticed(change):
    model = make()
    change(model)
    assert not fast.agrees(model, batch())


def test_a_layout_packs_the_real_tokens_step_by_step_and_back():
    own = layout.Layout([2, 5, 1, 3])
    assert own.order.tolist() == [1, 3, 0, 2]
    assert [step.stop - step.start for step in own.steps] == [4, 3, 2, 1, 1]
    padded = torch.arange(5)[:, None] * 10 + torch.arange(4)  # place * 10 + sentence
    packed = own.pack(padded)
    assert packed.tolist() == [1, 3, 0, 2, 11, 13, 10, 21, 23, 31, 41]
    rows = own.rows(packed)
    assert rows[0].tolist() == [1, 11, 21, 31, 41] and rows[2, :2].tolist() == [0, 10]
    assert torch.equal(own.tokens(rows), packed)
    assert own.sentences(rows)[:, 0].tolist() == [0, 1, 2, 3]
