"""a4's greedy and beam search against every translation there is, and against a plain search."""

from __future__ import annotations

import itertools

import pytest

from tests.assignments.a4.definitions import SOURCES, likelihood, log_probabilities, make, nmt_model

pytestmark = pytest.mark.usefixtures("one_thread")


def continuations(model, sent: list[str], steps: int) -> dict[tuple[str, ...], float]:
    """Every translation that ends in at most `steps` pieces, </s> among them, and its log p."""
    words = [word for word in model.vocab.tgt.words if word != "</s>"]
    values = (value for size in range(steps) for value in itertools.product(words, repeat=size))
    return {value: likelihood(model, sent, ["<s>", *value, "</s>"]) for value in values}


def searched(model, sent: list[str], beam_size: int, steps: int) -> list[tuple[list[str], float]]:
    """Beam search, each hypothesis scored from its start."""
    live, completed = {("<s>",): 0.0}, []
    for _ in range(steps):
        options = []
        for value, total in live.items():
            row = log_probabilities(model, sent, list(value))[-1]
            pairs = zip(model.vocab.tgt.words, row.tolist(), strict=True)
            options += [(total + each, (*value, word)) for word, each in pairs]
        kept = sorted(options, reverse=True)[: beam_size - len(completed)]
        live = {value: total for total, value in kept if value[-1] != "</s>"}
        completed += [(list(value[1:-1]), total) for total, value in kept if value[-1] == "</s>"]
        if not live:
            break
    if not completed:
        value, total = max(live.items(), key=lambda item: item[1])
        return [(list(value[1:]), total)]
    return sorted(completed, key=lambda each: -each[1])


def same(found, expected) -> None:
    assert [each.value for each in found] == [value for value, _ in expected]
    assert [each.score for each in found] == pytest.approx([total for _, total in expected])


@pytest.mark.parametrize("kind", nmt_model.ATTENTIONS)
def test_a_beam_that_holds_everything_finds_every_translation_best_first(kind):
    model = make(kind, seed=1)
    everything = continuations(model, SOURCES[1], steps=3)
    expected = sorted(everything.items(), key=lambda item: -item[1])
    found = model.beam_search(SOURCES[1], beam_size=6**3, max_decoding_time_step=3)
    same(found, [(list(value), total) for value, total in expected])
    assert isinstance(found[0], nmt_model.Hypothesis)


@pytest.mark.parametrize("beam_size", [1, 2, 3, 5])
def test_the_beam_keeps_the_best_continuations_of_all_hypotheses_together(beam_size):
    for seed in range(6):
        model = make(seed=seed)
        for sent in SOURCES:
            found = model.beam_search(sent, beam_size, max_decoding_time_step=6)
            same(found, searched(model, sent, beam_size, 6))


def test_greedy_takes_the_likeliest_piece_at_each_step():
    complete = 0
    for seed in range(12):
        model = make(seed=seed)
        found = model.greedy(SOURCES[1], max_decoding_time_step=5)
        rows = log_probabilities(model, SOURCES[1], ["<s>", *found.value])
        best = [model.vocab.tgt.words[int(row.argmax())] for row in rows]
        ended = len(found.value) < 5
        assert best[: len(found.value) + ended] == found.value + ["</s>"] * ended
        total = rows[: len(found.value) + ended].amax(dim=1).sum().item()
        assert found.score == pytest.approx(total)
        [beam] = model.beam_search(SOURCES[1], 1, max_decoding_time_step=5)
        assert beam.value == found.value and beam.score == pytest.approx(found.score)
        complete += ended
    assert 0 < complete < 12  # both ends are seen


def test_searching_leaves_no_gradients_and_refuses_an_empty_sentence():
    model = make()
    model.beam_search(SOURCES[0], 2, 3)
    assert all(parameter.grad is None for parameter in model.parameters())
    for search in (model.greedy, model.beam_search):
        with pytest.raises(ValueError, match="empty"):
            search([])
