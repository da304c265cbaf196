"""a4's search over many sentences finds what the model's own search finds for each."""

from __future__ import annotations

import pytest
import torch

from tests.assignments.a4.definitions import PROJECT, make
from tests.flat import flat_imports

with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import beam
    import stepping

pytestmark = pytest.mark.usefixtures("one_thread")
KINDS = ("dot_product", "multiplicative", "additive")
SENTENCES = [list(text) for text in ("ab", "dcabd", "c", "aabbc", "da", "b", "abcdabcd")]


def assert_same(found, expected):
    assert [each.value for each in found] == [each.value for each in expected]
    scores = [torch.tensor([each.score for each in own]) for own in (found, expected)]
    torch.testing.assert_close(*scores)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beam_size", [1, 2, 5, 20])
def test_every_sentence_gets_the_hypotheses_of_the_models_own_search(kind, beam_size):
    for seed in range(3):
        model = make(kind, seed)
        for steps in (1, 3, 12):
            found = beam.beam_search(model, SENTENCES, beam_size, steps, batch_size=3)
            for sentence, own in zip(SENTENCES, found, strict=True):
                assert_same(own, model.beam_search(sentence, beam_size, steps))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tabled", [0, 10])
def test_greedy_is_the_models_own(kind, tabled, monkeypatch):
    monkeypatch.setattr(stepping, "STEPS", tabled)  # 0: no table of all pieces' gates
    model = make(kind)
    for steps in (1, 12):
        found = beam.greedy(model, SENTENCES, steps)
        assert_same(found, [model.greedy(sentence, steps) for sentence in SENTENCES])


def test_ending_early_changes_nothing_about_the_best():
    for seed in range(5):
        model = make(seed=seed)
        for alpha in (0.0, 1.0):
            whole = beam.beam_search(model, SENTENCES, 5, 15, alpha)
            for n_best in (1, 2):
                early = beam.beam_search(model, SENTENCES, 5, 15, alpha, n_best=n_best)
                for found, expected in zip(early, whole, strict=True):
                    assert_same(found[:n_best], expected[:n_best])


def test_length_normalisation_orders_by_the_score_over_the_penalty():
    model = make(seed=7)
    plain, normalised = (
        beam.beam_search(model, SENTENCES, 8, 15, alpha=alpha) for alpha in (0.0, 2.0)
    )
    assert plain != normalised
    for one, other in zip(plain, normalised, strict=True):
        assert_same(sorted(one), sorted(other))
        ranks = [each.score / ((5 + len(each.value) + 1) / 6) ** 2.0 for each in other]
        assert ranks == sorted(ranks, reverse=True)


def test_no_sentences_have_no_translations_and_an_empty_one_is_refused():
    assert beam.beam_search(make(), []) == []
    with pytest.raises(ValueError, match="empty"):
        beam.beam_search(make(), [["a"], []])


@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_decoder_is_used_for_a_model_that_it_computes(kind):
    model = make(kind)
    assert isinstance(stepping.decoder_for(model, SENTENCES)(SENTENCES), stepping.FastDecoder)


def test_a_model_that_differs_is_searched_by_its_own_step(monkeypatch):
    model = make()
    model.combined_output_projection = torch.nn.Linear(12, 4).double()  # it has a bias
    assert isinstance(stepping.decoder_for(model, SENTENCES)(SENTENCES), stepping.PlainDecoder)
    found = beam.beam_search(model, SENTENCES, 3, 8, batch_size=2)
    for sentence, own in zip(SENTENCES, found, strict=True):
        assert_same(own, model.beam_search(sentence, 3, 8))


@pytest.mark.parametrize("V", [100, 640, 1000])
def test_the_likeliest_of_many_pieces_are_those_of_log_softmax(V):
    logits = torch.randn(7, V, generator=torch.Generator().manual_seed(V)).double()
    for k in (1, 3, 5, 200):
        log_probs, pieces = beam.best_pieces(logits.clone(), k)
        expected = logits.log_softmax(dim=1).topk(min(k, V))
        torch.testing.assert_close(log_probs, expected.values)
        assert torch.equal(pieces, expected.indices)
