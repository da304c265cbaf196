"""Characters as codes, padded batches, and the price of a length."""

from __future__ import annotations

import math

import pytest
import torch

from grader.assignment import CHECKOUT
from tests.flat import flat_imports

with flat_imports(CHECKOUT / "a3_vae_clm" / "given"):
    import alphabet
    import lengths

ABC = alphabet.Alphabet("cab a")


def test_characters_are_numbered_in_order_and_four_symbols_stand_for_none():
    assert ABC.characters == " abc" and ABC.size == 5
    assert (ABC.unknown, ABC.end, ABC.begin, ABC.pad, ABC.absorbed) == (4, 5, 6, 7, 8)
    assert ABC.total == 9


def test_a_text_comes_back_and_an_unknown_character_is_shown_as_such():
    assert ABC.decode(ABC.encode("abba cab")) == "abba cab"
    assert ABC.encode("axa") == [1, 4, 1]
    assert ABC.decode([1, 4, 1]) == "a\ufffda"
    assert ABC.encode("\ufffd") == [ABC.unknown]
    assert alphabet.Alphabet("\ufffda").characters == "a"


def test_decoding_stops_at_the_end_and_at_pads():
    assert ABC.decode([ABC.begin, 1, 2, ABC.end, 3]) == "ab"
    assert ABC.decode([1, ABC.pad, 3]) == "a"


def test_an_alphabet_survives_json():
    assert alphabet.Alphabet.load(ABC.save()) == ABC
    assert alphabet.Alphabet("ab") != ABC


def test_a_batch_has_its_end_after_the_last_character_of_each():
    batch = alphabet.collate([[1, 2, 3], [], [2]], ABC)
    end, begin, pad = ABC.end, ABC.begin, ABC.pad
    assert batch.codes.tolist() == [[1, 2, 3], [pad] * 3, [2, pad, pad]]
    assert batch.lengths.tolist() == [3, 0, 1] and len(batch) == 3
    assert batch.mask.tolist() == [[True] * 3, [False] * 3, [True, False, False]]
    assert batch.with_end(ABC).tolist() == [
        [1, 2, 3, end],
        [end, pad, pad, pad],
        [2, end, pad, pad],
    ]
    assert batch.shifted(ABC).tolist() == [
        [begin, 1, 2, 3],
        [begin, *[pad] * 3],
        [begin, 2, pad, pad],
    ]


def test_a_batch_of_empty_sequences_has_room_for_the_end():
    batch = alphabet.collate([[], []], ABC)
    assert batch.codes.shape == (2, 0) and batch.with_end(ABC).tolist() == [[ABC.end]] * 2


def test_lengths_cost_what_their_counts_say():
    prior = lengths.LengthPrior()
    assert prior.log_prob(torch.tensor([7])).item() == pytest.approx(-math.log(100))
    prior.count([3, 3, 5])
    found = prior.log_prob(torch.tensor([3, 5, 0, 99, 100]))
    expected = [math.log(count / 103) for count in (3, 2, 1, 1)]
    assert found[:4].tolist() == pytest.approx(expected) and found[4] == -math.inf
    assert prior.log_prob(torch.arange(100)).exp().sum().item() == pytest.approx(1)
    prior.count([1])
    assert prior.log_prob(torch.tensor([1])).item() == pytest.approx(math.log(2 / 101))
    other = lengths.LengthPrior()
    other.load_state_dict(prior.state_dict())
    assert torch.equal(other.counts, prior.counts)


def test_drawn_lengths_follow_the_counts():
    prior = lengths.LengthPrior()
    prior.count([4] * 10_000 + [6] * 10_000)
    drawn = prior.sample(1000, torch.Generator().manual_seed(0))
    assert 400 < int((drawn == 4).sum()) < 600
    assert int(((drawn == 4) | (drawn == 6)).sum()) > 980
