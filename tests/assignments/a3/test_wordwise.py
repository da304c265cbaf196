"""DLM100 over words spells what it does not know: its likelihood is that of the text itself."""

from __future__ import annotations

import math

import pytest
import torch

from tests.assignments.a3.exact import alphabet, batch, enlarged, sizes, spelling, wordwise

pytestmark = pytest.mark.usefixtures("one_thread")
LETTERS = alphabet.Alphabet("ab ")
TRAINING = ["ab a ab", "ab b", "a a", "bb b"]
SIZES = sizes.Sizes(embed_size=3, hidden_size=4, mixtures=2)


@pytest.fixture
def model():
    own = wordwise.WordModel(LETTERS, SIZES, words=3)
    own.prepare([LETTERS.encode(text) for text in TRAINING])
    return enlarged(own)


def texts(*lines: str):
    return batch([LETTERS.encode(line) for line in lines], LETTERS)


def spelled(model, word: str) -> float:
    return math.exp(model.speller.bound(texts(word)).item())


def test_the_list_has_the_most_frequent_words_of_the_training_texts(model):
    assert {LETTERS.decode(list(word)) for word in model.index} == {"a", "ab", "b"}


@torch.no_grad()
def test_a_known_word_may_be_written_in_either_way(model):
    first = torch.softmax(model.net(torch.tensor([[model.begin]]))[0, 0, [0, 1, 2, 3]], dim=0)
    number = model.index[tuple(LETTERS.encode("ab"))]
    second = model.net(torch.tensor([[model.begin, number]]))[0, 1].exp()
    word = first[number] + first[model.unknown] * spelled(model, "ab")
    expected = math.log(word * second[model.end])
    assert model.bound(texts("ab")).item() == pytest.approx(expected)


@torch.no_grad()
def test_an_unknown_word_is_spelled(model):
    first = torch.softmax(model.net(torch.tensor([[model.begin]]))[0, 0, [0, 1, 2, 3]], dim=0)
    second = model.net(torch.tensor([[model.begin, model.unknown]]))[0, 1].exp()
    expected = math.log(first[model.unknown] * spelled(model, "ba") * second[model.end])
    assert model.bound(texts("ba")).item() == pytest.approx(expected)


@torch.no_grad()
def test_the_words_that_can_be_spelled_or_known_have_probability_1_at_most(model):
    """As the first of a text: what is missing is longer words, and spelled blanks."""
    words = ["", *"ab", "aa", "ab", "ba", "bb"]
    first = [model.words([[tuple(LETTERS.encode(word))]])[0, 0].item() for word in words]
    assert 0.5 < sum(map(math.exp, first)) < 1


def test_characters_share_their_words_probability_evenly(model):
    lines = ["ab  ba", "", "b ", "abab"]
    own = model.characters(texts(*lines))
    assert own.shape == (4, 7)
    torch.testing.assert_close(own.sum(dim=1), model.bound(texts(*lines)))
    assert own[0, 0] == own[0, 1] == own[0, 2] != own[0, 3]  # "ab", then an empty word
    for row, line in zip(own, lines, strict=True):
        assert (row[: len(line) + 1] < 0).all() and (row[len(line) + 1 :] == 0).all()


def test_splitting_loses_nothing(model):
    for line in ("", " ", "  ", "ab", "a b", " ab  b "):
        words = [LETTERS.decode(list(word)) for word in model.split(LETTERS.encode(line))]
        assert " ".join(words) == line


def test_a_loaded_model_has_the_list(model):
    other = wordwise.WordModel(LETTERS, SIZES, words=3).double().eval()
    assert not other.index
    other.load_state_dict(model.state_dict())
    assert other.index == model.index
    torch.testing.assert_close(other.bound(texts("ab ba")), model.bound(texts("ab ba")))


def test_it_writes_words(model):
    drawn = model.sample(20, seed=3)
    assert drawn == model.sample(20, seed=3)
    assert len(set(drawn)) > 5 and all(len(text) <= 99 for text in drawn)


def test_drawn_texts_are_as_frequent_as_they_are_probable(model):
    drawn = model.sample(1500, seed=1)
    for text in ("a", "ab", "b", "a a", "bb"):
        prob = math.exp(model.bound(texts(text)).item())
        assert abs(drawn.count(text) / 1500 - prob) < 5 * (prob / 1500) ** 0.5 + 1e-3


@torch.no_grad()
def test_only_unknown_words_are_charged_for_their_spelling(model):
    found = model.spelling(texts("ab a", "ba ab bb", "ba", "")).exp().tolist()
    once, twice, empty = spelled(model, "ba"), spelled(model, "bb"), spelled(model, "")
    assert found == pytest.approx([1, once * twice, once, empty])
    assert model.spelling(texts("ab a")).tolist() == [0]


@torch.no_grad()
def test_a_list_made_from_the_test_saves_what_spelling_costs_more_than_a_choice(model):
    """ "aa", twice, and "bb" are unknown: named, each costs log 2 instead of its letters."""
    lines = ["ab aa", "b", "aa bb ab", ""]
    found = spelling.measure(model, [LETTERS.encode(line) for line in lines], batch_size=3)
    # The empty word of the empty text is unknown as well.
    assert (found.texts, found.words, found.unknown, found.distinct) == (4, 7, 4, 3)
    unknown = [spelled(model, word) for word in ("aa", "aa", "bb", "")]
    assert found.nats == pytest.approx(-sum(map(math.log, unknown)) / 4)
    named = [share * 3 for share in unknown]  # how much likelier a choice of three is
    assert found.leak == pytest.approx(-sum(map(math.log, named)) / 4)
    assert "save" in spelling.report(found)[1]


def test_where_every_word_is_known_nothing_is_saved(model):
    found = spelling.measure(model, [LETTERS.encode("ab a b")])
    assert (found.nats, found.leak) == (0, 0)
    assert spelling.report(found) == [
        "all 3 words are in the list made from train: spelling costs nothing",
        "a list made from these texts too would save nothing: there is no leak",
    ]
