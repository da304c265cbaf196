"""Where a paraphrase begins: found on training pairs, without dropout, and kept with the model."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

CPU = torch.device("cpu")
SIZES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
SHARE = 0.3  # of the pairs that are paraphrases


def config_of(minbert, **own):
    """A model of cosines, with dropout."""
    own = {"option": "finetune", "pair_head": "cosine", "pooling": "mean"} | own
    own["tasks"] = ["sst", "quora", "sts"]
    return minbert.config.BertConfig.tiny(len(PIECES), **SIZES, **own)


def model_of(minbert, calibrate: bool = True):
    """A model that calls every pair a paraphrase, because of its offset."""
    torch.manual_seed(1)
    model = minbert.saved.build(config_of(minbert, calibrate=calibrate))
    with torch.no_grad():
        model.pair_head.of_task["paraphrase"].bias += 100
    return model


def pairs_for(minbert, model, count: int = 400):
    """Pairs of random words, of which those of the largest cosines are paraphrases."""
    task, draw = minbert.datasets.TASKS["quora"], np.random.default_rng(0)
    ids = tuple([[2, *draw.integers(5, len(PIECES), 5), 3] for _ in range(count)] for _ in "ab")
    examples = [minbert.datasets.Example(str(n), ("a", "b"), 0.0) for n in range(count)]
    pairs = minbert.batches.Encoded(task, examples, ids)
    logits = minbert.evaluation.read(model, pairs, CPU)
    labels = logits > np.quantile(logits, 1 - SHARE)
    own = [replace(each, label=float(y)) for each, y in zip(examples, labels, strict=True)]
    return replace(pairs, examples=own)


def trainer_of(minbert, model, pairs):
    settings = minbert.finetune.Settings(steps=4, evaluate_every=2, seed=5, device="cpu")
    return minbert.finetune.Trainer(model, {"quora": pairs}, {"quora": pairs}, settings)


def train(minbert, model, pairs):
    trainer = trainer_of(minbert, model, pairs)
    trainer.train()
    return trainer


def test_the_even_logit_is_where_the_labels_turn(minbert) -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(size=20_000)
    labels = draw.random(20_000) < 1 / (1 + np.exp(-3 * (logits - 0.7)))
    assert minbert.calibration.even_logit(logits, labels) == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("scale", [1e-4, 1, 1e3])
def test_the_even_logit_is_found_whatever_the_scale(minbert, scale) -> None:
    draw = np.random.default_rng(1)
    logits = 3 + draw.normal(size=5000)
    labels = logits + draw.normal(size=5000) > 4
    found = minbert.calibration.even_logit(scale * logits, labels)
    assert found == pytest.approx(4 * scale, rel=0.05)


def test_labels_that_say_nothing_leave_the_threshold_at_0(minbert) -> None:
    logits, labels = np.linspace(-1, 3, 50), np.linspace(-1, 3, 50) > 1
    assert minbert.calibration.even_logit(logits, ~labels) == 0
    assert minbert.calibration.even_logit(logits, np.ones(50)) == 0
    assert minbert.calibration.even_logit(np.full(50, 3.0), labels) == 0
    assert minbert.calibration.even_logit(np.where(labels, np.nan, 0), labels) == 0


def test_as_many_pairs_are_paraphrases_as_there_are(minbert) -> None:
    model = model_of(minbert)
    pairs = pairs_for(minbert, model)
    assert all(minbert.evaluation.answers(model, pairs, CPU))
    minbert.calibration.calibrate(model, {"quora": pairs}, CPU)
    found = minbert.evaluation.answers(model, pairs, CPU)
    assert np.mean(found) == pytest.approx(SHARE, abs=0.1)
    assert minbert.evaluation.score(pairs, found) > 0.9


def test_training_finds_the_threshold_and_is_otherwise_the_same(minbert) -> None:
    plain, calibrated = (model_of(minbert, calibrate) for calibrate in (False, True))
    pairs = pairs_for(minbert, plain)
    scores = [train(minbert, model, pairs).scores[-1][1]["quora"] for model in (plain, calibrated)]
    assert scores[0] == pytest.approx(SHARE) and scores[1] > 0.8
    expected, found = plain.state_dict(), calibrated.state_dict()
    assert set(found) - set(expected) == {minbert.losses.THRESHOLD}
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_the_best_weights_come_with_their_threshold(minbert) -> None:
    model = model_of(minbert)
    trainer = train(minbert, model, pairs_for(minbert, model))
    trainer.best["model"][minbert.losses.THRESHOLD] = torch.tensor(7.0)
    trainer.take_best()
    assert minbert.losses.threshold_of(model) == 7


def test_more_pairs_than_are_read_give_nearly_the_same(minbert, monkeypatch) -> None:
    model = model_of(minbert)
    pairs, found = pairs_for(minbert, model), []
    for count in (400, 100):
        monkeypatch.setattr(minbert.calibration, "PAIRS", count)
        minbert.calibration.calibrate(model, {"quora": pairs}, CPU)
        answers = minbert.evaluation.answers(model, pairs, CPU)
        found.append(minbert.evaluation.score(pairs, answers))
    assert found[0] != found[1] and min(found) > 0.9


def test_a_students_own_threshold_is_left_alone(minbert) -> None:
    model = model_of(minbert, calibrate=False)
    model.threshold = model.calibrated = 1e6
    answers = train(minbert, model, pairs_for(minbert, model)).scores[-1][1]
    assert answers["quora"] == pytest.approx(SHARE)


def test_a_resumed_training_has_the_same_thresholds(minbert) -> None:
    """At step 2 the first one was the best so far; the resumed training must keep it."""
    pairs, states = pairs_for(minbert, model_of(minbert)), {}
    whole, resumed = (trainer_of(minbert, model_of(minbert), pairs) for _ in "ab")
    whole.on_step = lambda own: states.setdefault(own.step, copy.deepcopy(own.state_dict()))
    whole.train()
    resumed.load_state_dict(states[2])
    assert minbert.losses.threshold_of(resumed.model) != 0
    resumed.train()
    assert resumed.scores == whole.scores
    assert resumed.take_best() == whole.take_best()
    assert minbert.losses.threshold_of(resumed.model) == minbert.losses.threshold_of(whole.model)


def test_a_saved_model_answers_with_its_threshold(minbert, tmp_path) -> None:
    model = model_of(minbert)
    pairs = pairs_for(minbert, model)
    minbert.calibration.calibrate(model, {"quora": pairs}, CPU)
    tokenizer = minbert.tokenizer.BertTokenizer(PIECES)
    minbert.saved.save(tmp_path, model, config_of(minbert, calibrate=True), tokenizer)
    loaded, *_ = minbert.saved.load(tmp_path)
    found, expected = (minbert.evaluation.answers(each, pairs, CPU) for each in (loaded, model))
    assert found == expected
    assert 0 < np.mean(found) < 1
