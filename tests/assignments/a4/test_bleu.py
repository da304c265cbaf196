"""a4's BLEU against sacrebleu, and against values worked out by hand."""

from __future__ import annotations

import math

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flat import flat_imports
from tests.programs import ROOT

with flat_imports(ROOT / "a4_nmt" / "solution"):
    import bleu

SENTENCE = st.lists(st.sampled_from("abcde"), max_size=8)
PAIR = st.tuples(SENTENCE, st.lists(SENTENCE.filter(bool), min_size=1, max_size=3))


def theirs(hypotheses, references, max_n: int = 4) -> float:
    """sacrebleu's on the same tokens; it wants one list for each place in the references."""
    most = max(map(len, references))
    columns = [
        [" ".join(own[place]) if place < len(own) else None for own in references]
        for place in range(most)
    ]
    metric = sacrebleu.BLEU(
        tokenize="none", smooth_method="none", force=True, max_ngram_order=max_n
    )
    return metric.corpus_score([" ".join(each) for each in hypotheses], columns).score


@settings(max_examples=200)
@given(st.lists(PAIR, min_size=1, max_size=5), st.integers(1, 4))
def test_it_is_sacrebleu_s(pairs, max_n):
    """Any corpus: empty hypotheses, sentences shorter than max_n, several references."""
    hypotheses, references = map(list, zip(*pairs, strict=True))
    expected = theirs(hypotheses, references, max_n)
    assert bleu.bleu(hypotheses, references, max_n) == pytest.approx(expected, abs=1e-9)


def test_it_is_sacrebleu_s_on_sentences_that_share_much():
    """So that BLEU is neither 0 nor 100, with lengths on both sides of the references'."""
    text = "the cat sat on the mat and the dog lay by the door of the old house"
    words = text.split()
    seen = set()
    for shift in range(1, 6):
        hypotheses = [words[:9], words[shift:], words[:6] + words[8 + shift :]]
        references = [[words[:11], words[1:10]], [words[2:], words], [words, words[:10]]]
        expected = theirs(hypotheses, references)
        assert bleu.bleu(hypotheses, references) == pytest.approx(expected)
        seen.add(round(expected, 3))
    assert len(seen) == 5 and min(seen) > 20 and max(seen) < 100


def test_papineni_s_example_counts_the_at_most_as_often_as_one_reference_does():
    """Section 2.1 of the paper: 7 of 7 unigrams are in the references, 2 of 7 when clipped."""
    texts = "the cat is on the mat", "there is a cat on the mat"
    references = [text.split() for text in texts]
    assert bleu.clipped_counts(["the"] * 7, references, 1) == (2, 7)
    assert bleu.clipped_counts(["the"] * 7, references, 2) == (0, 6)
    assert bleu.clipped_counts(["the"], references, 2) == (0, 0)


def test_counts_are_clipped_by_the_best_reference_not_by_their_sum():
    assert bleu.clipped_counts(list("aaa"), [list("a"), list("ba")], 1) == (1, 3)
    assert bleu.clipped_counts(list("aab"), [list("aa"), list("bb")], 1) == (3, 3)


def test_a_perfect_corpus_has_100_and_one_without_a_common_four_gram_0():
    sentences = [list("abcdef"), list("fedcba")]
    assert bleu.bleu(sentences, [[each] for each in sentences]) == pytest.approx(100)
    assert bleu.bleu([list("abcxyz")], [[list("abcdef")]]) == 0.0
    assert bleu.bleu([list("abc")], [[list("abc")]]) == 0.0  # no four-gram at all
    assert bleu.bleu([list("abc")], [[list("abc")]], max_n=3) == pytest.approx(100)


def test_the_penalty_is_for_short_translations_alone():
    assert bleu.brevity_penalty(8, 8) == bleu.brevity_penalty(9, 8) == 1
    assert bleu.brevity_penalty(6, 8) == pytest.approx(math.exp(1 - 8 / 6))
    assert bleu.brevity_penalty(0, 8) == 0


def test_of_two_references_that_are_equally_close_the_shorter_counts():
    hypothesis = list("abcdefgh")
    assert bleu.bleu([hypothesis], [[list("abcdefghij"), list("abcdef")]]) == pytest.approx(100)


def test_a_list_of_references_that_is_too_short_is_an_error():
    with pytest.raises(ValueError, match="2 hypotheses, but references for 1"):
        bleu.bleu([["a"], ["b"]], [[["a"]]])
