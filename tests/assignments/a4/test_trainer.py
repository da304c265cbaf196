"""a4's trainer: its loss, its steps, what it learns."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from tests.assignments.a4.toy_training import (
    LOADED,
    PROJECT,
    QUICK,
    WORDS,
    batches,
    equal,
    fresh,
    make,
    nmt_model,
    reversals,
    trainer,
    vocab,
    weights,
)
from tests.flat import kept_in_place

_project = kept_in_place(LOADED, PROJECT)


@pytest.mark.slow
def test_it_learns_to_turn_a_sentence_round():
    settings = replace(QUICK, steps=600, evaluate_every=100, learning_rate=0.02, schedule="linear")
    model = fresh(dropout_rate=0.0)
    train, dev = (batches.encode(reversals(*own), model.vocab) for own in ((400, 1), (40, 2)))
    own = trainer.Trainer(model, train, dev, replace(settings, batch_size=32))
    own.train()
    assert own.take_best()["perplexity"] < 1.2
    model.eval()
    found = [model.beam_search(source, 3, 8)[0].value for source, _ in reversals(40, 2)]
    right = sum(a == b for a, (_, b) in zip(found, reversals(40, 2), strict=True))
    assert right >= 36


def test_perplexity_is_that_of_the_models_own_likelihood():
    model, pairs = fresh(dropout_rate=0.5), reversals(20, 3)
    sources = [source for source, _ in pairs]
    targets = [["<s>", *target, "</s>"] for _, target in pairs]
    with torch.no_grad():
        total = -model.eval()(sources, targets).double().sum().item()
    tokens = sum(len(target) - 1 for target in targets)
    data = batches.encode(pairs, model.vocab)
    for loss_of in (trainer.plain_loss, trainer.training_loss):
        found = trainer.perplexity(model.train(), data, loss_of)
        assert found == pytest.approx(math.exp(total / tokens), rel=1e-5)


def test_the_fast_loss_is_used_and_trains_the_same_model():
    assert make().loss_of is trainer.training_loss
    runs, fast = [], partial(trainer.training_loss, bfloat16=False)
    for loss_of in (fast, trainer.plain_loss):
        own = make(model=fresh(dropout_rate=0.0))
        own.loss_of = loss_of
        own.train()
        runs.append(weights(own.model))
    for name in runs[0]:
        torch.testing.assert_close(runs[0][name], runs[1][name], rtol=1e-3, atol=1e-4)


def test_a_model_that_computes_something_else_is_trained_by_its_own_forward():
    class Other(nmt_model.NMT):
        def project(self, enc_hiddens):
            return 2 * super().project(enc_hiddens)

    entry = vocab.VocabEntry([*vocab.SPECIALS, *WORDS])
    own = make(model=Other(8, 16, vocab.Vocab(entry, entry)))
    assert own.loss_of is trainer.plain_loss
    own.train()
    assert own.step == 12 and math.isfinite(own.loss)


@pytest.mark.parametrize("loss_of", [trainer.training_loss, trainer.plain_loss])
def test_the_loss_is_the_mean_of_a_target_smoothed_if_asked_for(loss_of):
    for smoothing in (0.0, 0.3):
        settings = replace(QUICK, label_smoothing=smoothing, batch_size=30)
        own = make(settings, fresh(dropout_rate=0.0))
        own.loss_of = loss_of
        model, batch = copy.deepcopy(own.model), own.data.batch(range(30))
        enc_hiddens, state = model.encode(batch.source, batch.source_lengths)
        masks = model.generate_sent_masks(enc_hiddens, batch.source_lengths)
        logits = model.target_vocab_projection(
            model.decode(enc_hiddens, masks, state, batch.target)
        )
        gold = batch.target[1:].flatten()
        options = {"ignore_index": 0, "label_smoothing": smoothing}
        expected = F.cross_entropy(logits.flatten(0, 1), gold, **options).item()
        own.settings = replace(settings, steps=1)
        own.train()
        assert own.loss == pytest.approx(expected, rel=1e-5)
        assert own.real_tokens == int((gold != 0).sum())


def test_gradients_are_clipped():
    own = make(replace(QUICK, clip=0.01, steps=1))
    own.train()
    norms = [parameter.grad.norm() for parameter in own.model.parameters()]
    assert torch.stack(norms).norm().item() == pytest.approx(0.01, rel=1e-3)


def test_hidden_words_are_drawn_among_the_sources_real_ones():
    data = make().data
    batch = data.batch(range(30))
    assert trainer.without_some_words(batch, 0.0) is batch
    torch.manual_seed(0)
    seen = torch.stack([trainer.without_some_words(batch, 0.25).source for _ in range(200)])
    hidden = seen == vocab.UNKNOWN_ID
    assert torch.equal(seen.masked_fill(hidden, 0), (~hidden * batch.source))
    assert not hidden[:, batch.source == 0].any()
    assert hidden[:, batch.source != 0].float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(trainer.without_some_words(batch, 0.9).target, batch.target)


def test_on_step_is_called_after_each_step_and_every_epoch_has_another_order():
    own, seen = make(replace(QUICK, steps=20)), []
    own.on_step = lambda each: seen.append((each.step, each.real_tokens, each.learning_rate))
    scores = []
    own.on_score = lambda step, values: scores.append((step, values))
    own.train()
    assert [step for step, _, _ in seen] == list(range(1, 21))
    assert {rate for _, _, rate in seen} == {0.01}
    tokens = [count for _, count, _ in seen]
    assert sum(tokens[:8]) == sum(tokens[8:16]) == sum(len(t) - 1 for t in own.data.targets)
    assert tokens[:8] != tokens[8:16]
    assert scores == own.scores and [step for step, _ in scores] == [4, 8, 12, 16, 20]


def test_the_rate_rises_then_falls_on_a_line():
    own, rates = make(replace(QUICK, steps=10, schedule="linear", warmup=4)), []
    own.on_step = lambda each: rates.append(each.learning_rate / 0.01)
    own.train()
    expected = [0.25, 0.5, 0.75, 1, 6 / 6, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    assert rates == pytest.approx(expected)


def test_a_loss_that_is_not_finite_ends_the_training():
    model = fresh()
    model.target_vocab_projection.weight.data[0] = math.inf
    with pytest.raises(FloatingPointError, match="the loss of step 1 is"):
        make(model=model).train()


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"schedule": "cosine"}, "schedule 'cosine': choose from patience, linear"),
        ({"select": "chrf"}, "select 'chrf': choose from perplexity, bleu"),
        ({"select": "bleu"}, "needs a function"),
    ],
)
def test_a_wrong_setting_is_an_error(own, message):
    with pytest.raises(ValueError, match=message):
        make(replace(QUICK, **own))


@pytest.mark.parametrize("attention", nmt_model.ATTENTIONS)
def test_fresh_weights_are_small_and_depend_on_the_seed(attention):
    model = fresh(attention=attention)
    for parameter in model.parameters():
        assert parameter.abs().max() <= 0.1 and parameter.abs().mean() > 0.02
    tables = model.model_embeddings
    assert not tables.source.weight[0].any() and not tables.target.weight[0].any()
    assert equal(weights(model), weights(fresh(attention=attention)))
    assert not equal(weights(model), weights(fresh(1, attention=attention)))
