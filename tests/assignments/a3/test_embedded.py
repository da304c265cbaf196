"""The embedded sentences: their entropy is exact, and no sentence can be made in two ways."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from grader.assignment import CHECKOUT
from tests.flat import flat_imports

with flat_imports(CHECKOUT / "a3_vae_clm" / "given"):
    import alphabet
    import embedded
    from grammar import Grammar

SMALL = {
    "text": {"<who> is <how>.": 3, "Rain": 1, "": 1},
    "who": {"He": 2, "She": 1},
    "how": {"late": 1, "very <how2>": 1},
    "how2": {"late": 1, "": 3},
}


def probabilities(rules: dict, part: str) -> dict[str, float]:
    """Every text and its probability, by writing them all down."""
    found: dict[str, float] = {}
    for text, weight in rules[part].items():
        pieces = text.replace(">", "<").split("<")
        choices = [
            probabilities(rules, piece) if place % 2 else {piece: 1.0}
            for place, piece in enumerate(pieces)
        ]
        for combination in itertools.product(*(each.items() for each in choices)):
            whole = "".join(piece for piece, _ in combination)
            p = weight / sum(rules[part].values()) * math.prod(p for _, p in combination)
            found[whole] = found.get(whole, 0) + p
    return found


def test_a_small_grammar_is_that_of_all_its_texts_written_down():
    grammar, every = Grammar(SMALL, "text"), probabilities(SMALL, "text")
    assert grammar.texts() == grammar.derivations() == len(every) == 8
    for text, p in every.items():
        assert grammar.log_prob(text) == pytest.approx(math.log(p))
    assert grammar.entropy() == pytest.approx(-sum(p * math.log(p) for p in every.values()))
    lengths: dict[int, float] = {}
    for text, p in every.items():
        lengths[len(text)] = lengths.get(len(text), 0) + p
    assert grammar.lengths() == pytest.approx(lengths)
    assert grammar.log_prob("He is") == grammar.log_prob("Rain.") == -math.inf


def test_texts_are_drawn_with_their_probabilities():
    grammar, every, generator = (
        Grammar(SMALL, "text"),
        probabilities(SMALL, "text"),
        random.Random(1),
    )
    drawn = [grammar.sample(generator) for _ in range(4000)]
    for text, p in every.items():
        assert drawn.count(text) / 4000 == pytest.approx(p, abs=4 * math.sqrt(p / 4000))


def test_an_ambiguous_grammar_is_found_out():
    """Two derivations of one text: its probability is the sum, the entropy is not that of texts."""
    grammar = Grammar({"text": {"a<b>": 1, "ab": 1}, "b": {"b": 1, "c": 1}}, "text")
    assert grammar.derivations() == 3 and grammar.texts() == 2
    assert grammar.log_prob("ab") == pytest.approx(math.log(3 / 4))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"text": {"a<text>": 1, "": 1}}, "<text> contains itself: the language is not finite"),
        ({"text": {"a<noun>": 1}}, "<noun> has no rules"),
    ],
)
def test_a_grammar_of_no_finite_language_is_refused(rules, words):
    with pytest.raises(ValueError, match=words):
        Grammar(rules, "text")


def test_the_sentences_are_unambiguous_and_none_is_cut():
    english = embedded.ENGLISH
    assert english.texts() == english.derivations() > 10**6
    lengths = english.lengths()
    assert max(lengths) <= alphabet.MAX_LENGTH and sum(lengths.values()) == pytest.approx(1)


def test_the_mean_of_drawn_sentences_is_near_the_entropy():
    sentences = embedded.build({"test": 2000}, seed=3)["test"]
    costs = [-embedded.ENGLISH.log_prob(sentence) for sentence in sentences]
    assert sum(costs) / len(costs) == pytest.approx(embedded.ENGLISH.entropy(), abs=0.3)


def test_what_does_not_agree_is_no_sentence():
    for sentence, valid in (
        ("The brother of the two farmers is sitting.", True),
        ("The brother of the two farmers are sitting.", False),
        ("A young woman is holding her hat.", True),
        ("A young woman is holding his hat.", False),
    ):
        assert (embedded.ENGLISH.log_prob(sentence) > -math.inf) == valid


def test_the_splits_are_the_same_every_time(tmp_path, capsys):
    assert embedded.main([str(tmp_path)]) == 0
    assert "the entropy is 12.2" in capsys.readouterr().out
    for split, count in embedded.COUNTS.items():
        lines = (tmp_path / f"{split}.txt").read_text().splitlines()
        assert len(lines) == count
    assert tuple(lines) == embedded.build()["test"]
