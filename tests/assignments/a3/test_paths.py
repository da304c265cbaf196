"""DLM110 without pairs is a hidden Markov model: its likelihood is that of hmmlearn's."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hmmlearn.hmm import CategoricalHMM

from tests.assignments.a3.exact import LETTERS, TINY, batch, enlarged, paths

pytestmark = pytest.mark.usefixtures("one_thread")
K, L, C = TINY.mixtures, TINY.width, LETTERS.size
SEQUENCES = [[0, 1, 2, 2, 1, 0], [1], [], [2, 0, 0, 0]]


def transitions(tables) -> np.ndarray:
    """(S + 1, S + 1): from each place of each word to each other one; the last is the end."""
    matrix = np.zeros((K * L + 1, K * L + 1))
    matrix[-1, -1] = 1
    for word, place in itertools.product(range(K), range(L)):
        stay = tables.stay[word, place].item()
        row = matrix[word * L + place]
        if place + 1 < L:
            row[word * L + place + 1] = stay
        for following in range(K):
            row[following * L] += (1 - stay) * tables.next[word, following].item()
        row[-1] = (1 - stay) * tables.next[word, K].item()
    return matrix


def as_hmm(model) -> CategoricalHMM:
    """The end is one more state, which writes one more symbol, for ever."""
    tables = model.tables()
    hmm = CategoricalHMM(n_components=K * L + 1, init_params="", params="")
    hmm.n_features = C + 1
    hmm.startprob_ = np.zeros(K * L + 1)
    hmm.startprob_[: K * L : L] = tables.first[:-1]
    hmm.startprob_[-1] = tables.first[-1]
    hmm.transmat_ = transitions(tables)
    hmm.emissionprob_ = np.zeros((K * L + 1, C + 1))
    hmm.emissionprob_[:-1, :-1] = tables.place / tables.place.sum(dim=1, keepdim=True)
    hmm.emissionprob_[-1, -1] = 1
    return hmm


@torch.no_grad()
def test_the_likelihood_is_that_of_hmmlearn():
    model = enlarged(paths.PathModel(LETTERS, TINY, markov=False))
    model.pair.zero_()
    hmm = as_hmm(model)
    for sequence, found in zip(SEQUENCES, model.bound(batch(SEQUENCES)).tolist(), strict=True):
        observed = np.array([*sequence, C])[:, None]
        assert found == pytest.approx(hmm.score(observed))


@torch.no_grad()
def test_with_pairs_the_likelihood_is_the_sum_over_all_paths():
    model = enlarged(paths.PathModel(LETTERS, TINY))
    sequence = [1, 2, 0]
    moves, logits = transitions(model.tables()), model.place[:, None] + model.pair  # (S, V, C)
    written = torch.softmax(logits, dim=2).numpy()
    first = model.tables().first
    total = 0.0
    for path in itertools.product(range(K * L), repeat=len(sequence)):
        prob = first[path[0] // L].item() if path[0] % L == 0 else 0.0
        for state, following in itertools.pairwise((*path, K * L)):
            prob *= moves[state, following]
        for state, before, symbol in zip(path, [LETTERS.begin, *sequence], sequence, strict=False):
            prob *= written[state, before, symbol]
        total += prob
    assert model.bound(batch([sequence])).item() == pytest.approx(math.log(total))


def test_without_pairs_the_character_before_is_not_learned():
    model = paths.PathModel(LETTERS, TINY, markov=False)
    model.loss(batch(SEQUENCES)).backward()
    assert model.pair.grad is None and model.place.grad is not None


def test_it_begins_with_the_counts_of_pairs():
    model = paths.PathModel(LETTERS, TINY)
    with torch.no_grad():
        model.place.zero_()
    model.prepare([[0, 1, 0], [0]])
    state, found = None, []
    for symbol in (LETTERS.begin, 0, 1):
        log_probs, state = model.step(torch.tensor([symbol]), state)
        found.append(torch.softmax(log_probs[0, :C], dim=0).tolist())
    assert found == [
        pytest.approx([x / sum(row) for x in row]) for row in ((3, 1, 1), (1, 2, 1), (2, 1, 1))
    ]
