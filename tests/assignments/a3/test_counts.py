"""N-grams by Witten and Bell against counting in the plainest way, and against sums of 1."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from grader.assignment import CHECKOUT
from tests.flat import flat_imports

with flat_imports(CHECKOUT / "a3_vae_clm" / "given"):
    from alphabet import Alphabet
    from counts import Counts

ABC = Alphabet("ab")  # a 0, b 1, unknown 2, end 3, begin 4
TRAIN = [[0, 1, 0], [0, 0], [1], [0, 1, 1, 0, 1]]


def by_hand(context: list[int], symbol: int, order: int) -> float:
    """p(symbol | context) by looking through the training texts."""
    shorter = by_hand(context[1:], symbol, order - 1) if order > 1 else 1 / (ABC.size + 1)
    wanted = context[len(context) - order + 1 :]
    after = []
    for codes in TRAIN:
        text = [ABC.begin] * (order - 1) + codes + [ABC.end]
        for place in range(order - 1, len(text)):
            if text[place - order + 1 : place] == wanted:
                after.append(text[place])
    if not after:
        return shorter
    kinds = len(set(after))
    return (after.count(symbol) + kinds * shorter) / (len(after) + kinds)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_probabilities_are_those_of_the_formula(order):
    texts = [[0, 1, 0, 2], [1, 1, 1], [], [2, 2]]
    for codes, found in zip(texts, Counts(TRAIN, ABC, order).log_probs(texts), strict=True):
        text = [ABC.begin] * (order - 1) + codes + [ABC.end]
        for place, log_prob in enumerate(found):
            expected = by_hand(text[place : place + order - 1], text[place + order - 1], order)
            assert log_prob == pytest.approx(math.log(expected))
        assert len(found) == len(codes) + 1


@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_probabilities_of_what_may_follow_add_up_to_1(order):
    counts = Counts(TRAIN, ABC, order)
    for start in ([], [0], [1, 0], [2, 0, 1]):
        next_ones = [[*start, code] for code in range(ABC.size)]
        shares = [own[len(start)] for own in counts.log_probs(next_ones)]
        end = counts.log_probs([start])[0][-1]
        assert np.exp([*shares, end]).sum() == pytest.approx(1)


def test_all_short_texts_together_have_nearly_all_probability():
    counts = Counts(TRAIN, ABC, 2)
    texts = [list(each) for size in range(9) for each in itertools.product(range(3), repeat=size)]
    total = sum(math.exp(own.sum()) for own in counts.log_probs(texts))
    assert 0.9 < total < 1


def test_a_text_of_99_characters_does_not_pay_for_its_end():
    counts = Counts([[0] * 99, [0] * 98], ABC, 2)
    assert [len(own) for own in counts.log_probs([[0] * 99, [0] * 98])] == [99, 99]


def test_longer_contexts_are_better_on_text_of_their_kind():
    generator, text = random.Random(0), []
    for _ in range(300):
        start = generator.randrange(2)
        text.append([(start + place // 2) % 2 for place in range(12)])
    scores = [-sum(map(sum, Counts(text, ABC, n).log_probs(text))) for n in (1, 2, 3)]
    assert scores[0] > scores[1] > 3 * scores[2]


def test_an_order_below_1_is_refused():
    with pytest.raises(ValueError, match="order 0 is not at least 1"):
        Counts(TRAIN, ABC, 0)
