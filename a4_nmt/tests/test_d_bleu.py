"""Part d: BLEU."""

import math

import pytest

pytestmark = pytest.mark.part("d")
CAT = ["the", "cat", "is", "on", "the", "mat"]
OTHER = ["there", "is", "a", "cat", "on", "the", "mat"]


@pytest.mark.points(1)
@pytest.mark.hint("clip a count at that of the reference that has the n-gram most often")
def test_clipped_counts(student):
    """Papineni's example: of seven "the" two match."""
    for hypothesis, n, expected in (
        (["the"] * 7, 1, (2, 7)),
        (["the", "cat", "on", "the", "mat"], 2, (4, 4)),
        (["mat"], 2, (0, 0)),
    ):
        result = tuple(student.bleu.clipped_counts(hypothesis, [CAT, OTHER], n))
        assert result == expected, f"{hypothesis} has {result} {n}-grams, not {expected}"


@pytest.mark.points(1)
@pytest.mark.hint("exp(1 - r / h) if the hypotheses are shorter")
def test_brevity_penalty(student):
    """Half as many tokens as the reference cost a factor of e."""
    for lengths, expected in (((5, 10), math.exp(-1)), ((10, 10), 1.0), ((12, 10), 1.0)):
        result = student.bleu.brevity_penalty(*lengths)
        assert abs(result - expected) < 1e-6, f"the penalty of {lengths} is {result}"
    assert student.bleu.brevity_penalty(0, 3) == 0, "the penalty of no tokens is not 0"


@pytest.mark.points(1)
@pytest.mark.hint("100 * penalty * exp(mean of the logarithms of the precisions)")
def test_bleu_by_hand(student):
    """One sentence and its reference: BLEU by hand."""
    hypothesis = ["the", "cat", "is", "on", "the", "red", "mat"]
    expected = 100 * (6 / 7 * 4 / 6 * 3 / 5 * 2 / 4) ** 0.25
    result = student.bleu.bleu([hypothesis], [[CAT]])
    assert abs(result - expected) < 1e-4, f"BLEU is {result}, not {expected}"
    result = student.bleu.bleu([CAT[:4]], [[CAT]])
    expected = 100 * math.exp(1 - 6 / 4)
    assert abs(result - expected) < 1e-4, f"BLEU of a short sentence is {result}, not {expected}"
    result = student.bleu.bleu([CAT[:3]], [[CAT]])
    assert result == 0, f"BLEU without 4-grams is {result}, not 0"


@pytest.mark.points(1)
@pytest.mark.hint("sum matches, totals and lengths over all sentences, and only then divide")
def test_bleu_of_a_corpus(student):
    """The counts of two sentences are put together, and the closest reference lengths."""
    hypotheses = [CAT, ["a", "dog", "and", "a", "cat"]]
    references = [[CAT, OTHER], [["a", "dog"], ["a", "dog", "and", "the", "red", "cat"]]]
    precisions = [10 / 11, 7 / 9, 5 / 7, 3 / 5]
    expected = 100 * math.exp(1 - 12 / 11) * math.prod(precisions) ** 0.25
    result = student.bleu.bleu(hypotheses, references)
    assert abs(result - expected) < 1e-4, f"BLEU is {result}, not {expected}"
