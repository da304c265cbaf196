"""The training loop: it learns, keeps the best, and goes on exactly where it was stopped."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.assignments.a3.toy_training import (
    ABC,
    QUICK,
    equal,
    fresh,
    make,
    texts,
    trainer,
    weights,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_it_learns_that_letters_alternate():
    """Four lengths in eight are right; the first letter costs ln 2, the others nothing."""
    own = make(replace(QUICK, steps=150, evaluate_every=50, learning_rate=0.2))
    own.train()
    lengths = torch.tensor([len(each) for each in texts(10, 2)])
    price_of_lengths = -own.model.lengths.log_prob(lengths).mean().item()
    assert own.take_best() == pytest.approx(math.log(2) + price_of_lengths, abs=0.15)


def test_nlpps_is_minus_the_mean_bound_without_dropout():
    model, data = fresh(), texts(300, 3)
    trainer.prepare(model, data)
    batch = trainer.collate(data, ABC)
    expected = -model.eval().bound(batch).mean().item()
    assert trainer.nlpps_of(model.train(), ABC, data) == pytest.approx(expected, rel=1e-5)


def test_lengths_are_counted_before_the_first_step():
    own = make()
    counts = torch.bincount(torch.tensor(own.lengths), minlength=100) + 1
    assert torch.equal(own.model.lengths.counts.long(), counts)


def test_the_model_may_count_for_itself_and_hears_of_the_progress():
    model = fresh()
    seen = []
    model.prepare = seen.extend
    own = make(model=model)
    own.train()
    assert seen == texts(30, 1)
    assert model.progress == [step / 12 for step in range(12)]


def test_on_step_is_called_after_each_step_with_the_characters_read():
    own, seen, scores = make(replace(QUICK, steps=8)), [], []
    own.on_step = lambda each: seen.append((each.step, each.real_tokens))
    own.on_score = lambda step, nlpps: scores.append((step, nlpps))
    own.train()
    assert [step for step, _ in seen] == list(range(1, 9))
    assert sum(tokens for _, tokens in seen) == sum(own.lengths)  # eight batches are an epoch
    assert [step for step, _ in scores] == [4, 8] and scores == own.scores


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("stop", [3, 4, 9])
def test_a_stopped_training_ends_where_the_whole_one_does(stop, average):
    settings = replace(QUICK, average=average)
    whole = make(settings)
    whole.train()
    first = make(settings)

    class Stopped(Exception):
        pass

    def on_step(each):
        if each.step == stop:
            raise Stopped

    first.on_step = on_step
    with pytest.raises(Stopped):
        first.train()
    torch.manual_seed(99)
    resumed = make(settings, fresh(seed=5))
    resumed.load_state_dict(first.state_dict())
    resumed.train()
    assert resumed.scores == whole.scores and resumed.loss == whole.loss
    assert equal(weights(resumed.model), weights(whole.model))
    assert resumed.take_best() == whole.take_best()
    assert equal(weights(resumed.model), weights(whole.model))


def test_another_seed_is_another_training():
    one, other = make(), make(replace(QUICK, seed=1))
    for own in (one, other):
        own.train()
    assert not equal(weights(one.model), weights(other.model))


def test_the_best_weights_are_kept(monkeypatch):
    scores = iter((3.0, 1.0, 2.0))
    monkeypatch.setattr(trainer, "nlpps_of", lambda *_: next(scores))
    own, at = make(), {}
    own.on_score = lambda step, _: at.setdefault(step, weights(own.model))
    own.train()
    assert own.take_best() == 1.0 and own.best["step"] == 8
    assert equal(weights(own.model), at[8]) and not equal(at[8], at[12])


def test_the_averaged_weights_are_scored_and_kept():
    own = make(replace(QUICK, average=0.5, steps=4))
    steps = [weights(own.model)["table.weight"]]
    own.on_step = lambda each: steps.append(weights(each.model)["table.weight"])
    own.train()
    average = steps[0]
    for step, new in enumerate(steps[1:]):
        decay = min(0.5, (step + 1) / (step + 10))
        average = decay * average + (1 - decay) * new
    own.take_best()
    torch.testing.assert_close(own.model.table.weight.detach(), average)


def test_the_rate_rises_then_falls_on_a_line_to_nothing():
    own, rates = make(replace(QUICK, steps=10, warmup=4)), []
    own.on_step = lambda each: rates.append(each.learning_rate / 0.01)
    own.train()
    falling = [(10 - step) / 6 for step in range(4, 10)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, *falling])


def test_the_gradient_is_that_of_a_character_and_clipped():
    """A long corpus has the same limit as a short one: the loss over the mean length is clipped."""
    norms = []
    for clip in (1e9, 1e-3):
        own = make(replace(QUICK, steps=1, clip=clip))
        own.train()
        norms.append(own.model.table.weight.grad.norm().item())
    assert 1e-3 < norms[0] < 1 and norms[1] == pytest.approx(1e-3, rel=1e-3)


def test_a_loss_that_is_not_finite_ends_the_training():
    model = fresh()
    model.table.weight.data[0] = math.inf
    with pytest.raises(FloatingPointError, match="the loss of step 1 is"):
        make(model=model).train()
