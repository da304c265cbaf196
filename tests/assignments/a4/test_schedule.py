"""When a4's learning rate falls, which model is kept, and that a training resumes exactly."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from course import checkpoints
from tests.assignments.a4.toy_training import (
    LOADED,
    PROJECT,
    QUICK,
    equal,
    fresh,
    make,
    scripted,
    trainer,
    weights,
)
from tests.flat import kept_in_place

_project = kept_in_place(LOADED, PROJECT)


def test_if_dev_is_no_better_the_best_state_returns_and_the_rate_falls(monkeypatch):
    scripted(monkeypatch, 9, 8, 8, 8.5, 7)
    settings = replace(QUICK, steps=20, patience=2, decay=0.5)
    own, states = make(settings), {}

    def keep(each):
        optimizer = copy.deepcopy(each.optimizer.state_dict()["state"])
        states[each.step] = weights(each.model), optimizer, each.learning_rate

    own.on_step = keep
    own.train()
    assert equal(states[16][0], states[8][0])  # the second of two scores no better than step 8's
    assert all(equal(states[16][1][n], states[8][1][n]) for n in states[8][1])
    assert not equal(states[15][0], states[8][0])
    assert states[16][2] == 0.01 and states[17][2] == 0.005
    assert own.best["step"] == 20 and own.waited == 0


def test_it_ends_when_the_rate_has_fallen_too_often(monkeypatch):
    """Each fall returns to the best state as it was, not as the training after it left it."""
    scripted(monkeypatch, 8, 9)
    own = make(replace(QUICK, steps=100, patience=1, falls=2))
    totals, states = [], {}

    def keep(each):
        totals.append((each.step, each.total_steps))
        states[each.step] = weights(each.model), copy.deepcopy(each.optimizer.state_dict()["state"])

    own.on_step = keep
    own.train()
    assert own.step == 16 and own.fallen == 3  # a score of 8, then three of 9
    assert totals[-2:] == [(15, 100), (16, 16)]
    for step in (8, 12, 16):
        assert equal(states[step][0], states[4][0])
        assert all(equal(states[step][1][n], states[4][1][n]) for n in states[4][1])
    assert own.take_best() == {"perplexity": 8}
    own.train()
    assert own.step == 16


def test_with_a_line_the_training_goes_on_but_its_best_model_is_kept(monkeypatch):
    scripted(monkeypatch, 9, 7, 8)
    own, states = make(replace(QUICK, schedule="linear", patience=1)), {}
    own.on_step = lambda each: states.update({each.step: weights(each.model)})
    own.train()
    assert own.step == 12 and equal(weights(own.model), states[12])
    assert own.take_best() == {"perplexity": 7} and equal(weights(own.model), states[8])


def test_the_best_in_bleu_may_be_another_model(monkeypatch):
    scripted(monkeypatch, 9, 8, 7)
    values = iter([20.0, 30.0, 25.0])

    def bleu(model) -> float:
        assert not model.training
        return next(values)

    own = make(replace(QUICK, select="bleu"), bleu=bleu)
    own.train()
    assert own.take_best() == {"perplexity": 8, "bleu": 30.0}


class Killed(Exception):
    pass


@pytest.mark.parametrize("stop", [3, 4, 9, 12, 17, 21])
def test_a_training_that_is_stopped_goes_on_exactly_as_if_it_were_not(monkeypatch, tmp_path, stop):
    """In an epoch or between two, before and after the best score and a fall of the rate."""
    path, scores = tmp_path / "checkpoint.pt", [9, 8, 8.5, 7, 7.5, 8]
    own = {"steps": 24, "patience": 1, "word_dropout": 0.2, "label_smoothing": 0.1, "warmup": 5}
    settings = replace(QUICK, **own)

    def save_and_stop(each: trainer.Trainer) -> None:
        if each.step == stop:
            checkpoints.save(path, each.state_dict())
            raise Killed

    whole, stopped = make(settings), make(settings)
    scripted(monkeypatch, *scores)
    whole.train()
    scripted(monkeypatch, *scores)
    stopped.on_step = save_and_stop
    with pytest.raises(Killed):
        stopped.train()

    torch.manual_seed(stop)  # another process has other numbers to draw, and other fresh weights
    resumed = make(settings, fresh(seed=5))
    resumed.load_state_dict(checkpoints.load(path))
    scripted(monkeypatch, *scores[stop // 4 :])
    resumed.train()
    assert equal(weights(resumed.model), weights(whole.model))
    assert resumed.scores == whole.scores and resumed.loss == whole.loss
    assert resumed.fallen == whole.fallen == 3
    assert resumed.take_best() == whole.take_best()
    assert equal(weights(resumed.model), weights(whole.model))
