"""Part d: BLEU, by hand."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from grader import expect
from grader.suites.a4_nmt.corpus import corpus, mean, parts, tokens

pytestmark = pytest.mark.part("d")
CLIPPED, PENALTY, BLEU = "what clipped_counts returns", "brevity_penalty", "bleu"
NEAR = 1e-6
Rule = Callable[[int, list[int]], float]  # of a hypothesis's length and its references'
CAT = ["the", "cat", "is", "on", "the", "mat"]
THERE = ["there", "is", "a", "cat", "on", "the", "mat"]


def counts(student: Any, hypothesis: list[str], references: Any, n: int) -> tuple[int, ...]:
    """(matches, total) as whole numbers."""
    arguments = copy.deepcopy((hypothesis, references))  # in this process, code could change them
    pair = expect.items(student.bleu.clipped_counts(*arguments, n), 2, CLIPPED)
    return tuple(expect.whole(each, "a count") for each in pair)


@pytest.mark.about("clipped_counts")
@pytest.mark.points(2)
@pytest.mark.hint("an n-gram counts at most as often as in the reference that has it most often")
def test_counts_by_hand(student: Any) -> None:
    """Papineni's example: of seven "the" two count; and other counts that are known by hand."""
    seven = ["the"] * 7
    matches, total = counts(student, seven, [CAT, THERE], 1)
    assert total == 7, f'seven "the" have a total of {total}, not 7'
    why = {
        1: "as the second reference has",
        3: "as both references have together",
        7: "all of them",
    }
    assert matches == 2, f'of seven "the" {matches} match, {why.get(matches, "")}; 2 should'
    for hypothesis, n, right in (
        (CAT, 1, (6, 6)),
        (CAT, 4, (3, 3)),
        (["the", "the", "cat"], 1, (3, 3)),
        (["the", "the", "cat"], 2, (1, 2)),
        (["mat", "the", "on"], 2, (0, 2)),
        (["a", "cat", "is", "on", "the", "mat"], 2, (5, 5)),
        (["a", "dog"], 1, (1, 2)),
        (["The", "cat"], 1, (1, 2)),
        (["them", "at"], 2, (0, 1)),  # the same letters as "the mat"
    ):
        found = counts(student, hypothesis, [CAT, THERE], n)
        text = " ".join(hypothesis)
        assert found == right, f"{text!r} has {found} matches and {n}-grams, not {right}"


@pytest.mark.about("clipped_counts")
@pytest.mark.points(2)
@pytest.mark.hint("count the n-grams of the hypothesis and of each reference, then min and sum")
def test_counts(student: Any, reference: Any, generator: torch.Generator) -> None:
    """For random sentences with one to four references, clipped_counts is the reference's."""
    for others in ([9], [9, 5], [3, 12, 7], [8, 8, 8, 8]):
        for n in (1, 2, 3, 4):
            hypothesis = tokens(generator, 10, 3)
            own = [tokens(generator, length, 3) for length in others]
            matches, total = counts(student, hypothesis, own, n)
            right = reference.bleu.clipped_counts(hypothesis, own, n)
            assert total == right[1], f"10 tokens have {right[1]} {n}-grams, not {total}"
            several = f"{len(own)} reference{'s' * (len(own) > 1)}"
            assert matches == right[0], f"wrong matches of {n}-grams with {several}"


@pytest.mark.about("clipped_counts")
@pytest.mark.points(2)
@pytest.mark.hint("range(len(tokens) - n + 1) is empty if there are fewer than n tokens")
def test_counts_of_short_sentences(student: Any) -> None:
    """A hypothesis of fewer than n tokens has (0, 0); an empty reference matches nothing."""
    for hypothesis, references, n, right in (
        (["a"], [["a", "b"]], 2, (0, 0)),
        ([], [["a", "b"]], 1, (0, 0)),
        (["a", "b", "c"], [["a", "b", "c", "d"]], 4, (0, 0)),
        (["a", "b"], [["a"]], 2, (0, 1)),
        (["a", "b"], [[]], 1, (0, 2)),
        (["a", "b"], [["a"], ["a", "b"]], 2, (1, 1)),
        (["a", "b"], [["a", "b"]], 2, (1, 1)),
    ):
        found = counts(student, hypothesis, references, n)
        assert found == right, (
            f"{len(hypothesis)} tokens have {found} matches and {n}-grams, not {right}"
        )


@pytest.mark.about("brevity_penalty")
@pytest.mark.points(2)
@pytest.mark.hint("exp(1 - r / h) if h < r, else 1")
def test_brevity_penalty(student: Any) -> None:
    """The penalty of h tokens for r is exp(1 - r / h) if h < r, and else 1."""
    for h, r in ((10, 10), (11, 10), (100, 3), (9, 10), (5, 10), (1, 4), (999, 1000)):
        found = expect.number(student.bleu.brevity_penalty(h, r), PENALTY)
        right = 1.0 if h >= r else math.exp(1 - r / h)
        swapped = math.exp(1 - h / r) if r < h else 1.0
        assert abs(found - right) < NEAR or abs(found - swapped) > NEAR, (
            "the two lengths are swapped: the hypotheses' comes first"
        )
        assert h < r or abs(found - 1) < NEAR, f"the penalty of {h} tokens for {r} is not 1"
        assert abs(found - h / r) > NEAR or abs(found - right) < NEAR, "it is h / r, without exp"
        assert abs(found - right) < NEAR, f"the penalty of {h} tokens for {r} is not {right:.4f}"


@pytest.mark.about("brevity_penalty")
@pytest.mark.points(1)
@pytest.mark.hint("the limit of exp(1 - r / h) for h = 0 is 0: do not divide by 0")
def test_brevity_penalty_of_nothing(student: Any) -> None:
    """Hypotheses without a token have the penalty 0."""
    for r in (1, 7, 500):
        found = expect.number(student.bleu.brevity_penalty(0, r), PENALTY)
        assert found == 0, f"the penalty of 0 tokens for {r} is not 0"
    one = expect.number(student.bleu.brevity_penalty(7, 7), PENALTY)
    assert abs(one - 1) < NEAR, "the penalty of 7 tokens for 7 is not 1"


def score(student: Any, *arguments: Any) -> float:
    """What bleu returns."""
    return expect.number(student.bleu.bleu(*copy.deepcopy(arguments)), "what bleu returns")


def check(found: float, right: float, wrong: dict[str, float], what: str = "BLEU") -> None:
    """Compares a BLEU, and names what is wrong with it if that is known."""
    for sentence, value in {"is between 0 and 1, not 0 and 100": right / 100, **wrong}.items():
        same = abs(found - value) < NEAR < abs(right - value)
        assert not same, f"{what} {sentence}"
    assert abs(found - right) < NEAR, f"{what} is wrong"


@pytest.mark.about("bleu")
@pytest.mark.points(2)
@pytest.mark.hint("100 * brevity_penalty * exp(mean of the logarithms of p_1 to p_max_n)")
def test_bleu_of_one_sentence(student: Any, reference: Any) -> None:
    """The BLEU of one sentence with one reference, worked out by hand."""
    assert abs(score(student, [CAT], [[CAT]]) - 100) < NEAR, "the BLEU of the reference is not 100"
    hypothesis = [*CAT[:5], "red", "mat"]  # its n-grams: 7, 6, 5 and 4; longer than the reference
    precisions = [6 / 7, 4 / 6, 3 / 5, 2 / 4]
    wrong = {"is the arithmetic mean of the precisions": 25 * sum(precisions)}
    wrong["is the product of the precisions, without its root"] = 100 * math.prod(precisions)
    wrong["is the last precision alone"] = 50.0
    check(score(student, [hypothesis], [[CAT]]), mean(precisions), wrong)
    short = CAT[:4]
    penalty = math.exp(1 - 6 / 4)
    wrong = {"lacks the brevity penalty": 100.0, "has the penalty twice": 100 * penalty**2}
    check(score(student, [short], [[CAT]]), 100 * penalty, wrong, "the BLEU of a short sentence")


@pytest.mark.about("bleu")
@pytest.mark.points(2)
@pytest.mark.hint("sum matches, totals and lengths over the corpus first, then divide")
def test_bleu_of_a_corpus(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Counts and lengths are summed over the corpus; BLEU is not a mean over sentences."""
    for lengths in ([(9, 11), (12, 12), (6, 10)], [(14, 12), (8, 5), (5, 9), (20, 22)]):
        hypotheses, references = corpus(generator, lengths, 2)
        right = reference.bleu.bleu(hypotheses, references)
        precisions, h, r = parts(reference, hypotheses, references)
        singles = [
            reference.bleu.bleu([h], [own]) for h, own in zip(hypotheses, references, strict=True)
        ]
        penalty = reference.bleu.brevity_penalty(h, r)
        apart = [
            reference.bleu.brevity_penalty(len(h), len(own[0]))
            for h, own in zip(hypotheses, references, strict=True)
        ]
        wrong = {
            "is the mean over sentences": sum(singles) / len(singles),
            "lacks the brevity penalty": right / penalty,
            "has a penalty of each sentence, averaged": (
                mean(precisions) * sum(apart) / len(apart)
            ),
            "is the arithmetic mean of the precisions": 25 * sum(precisions) * penalty,
        }
        check(score(student, hypotheses, references), right, wrong, "the BLEU of a corpus")


@pytest.mark.about("bleu")
@pytest.mark.points(3)
@pytest.mark.hint("of a sentence's references the closest in length; at a tie the shorter one")
def test_bleu_of_several_references(
    student: Any, reference: Any, generator: torch.Generator
) -> None:
    """Of several references the one of the closest length counts, at a tie the shorter one."""
    by_length: dict[str, Rule] = {
        "lacks the brevity penalty": lambda n, own: 0,
        "takes the shortest reference's length": lambda n, own: min(own),
        "takes the longest reference's length": lambda n, own: max(own),
        "takes the first reference's length": lambda n, own: own[0],
        "takes the last reference's length": lambda n, own: own[-1],
        "takes the mean of the references' lengths": lambda n, own: sum(own) / len(own),
    }
    at_ties: dict[str, Rule] = {
        "takes the longer one of two references that are equally close in length": (
            lambda n, own: min(own, key=lambda each: (abs(each - n), -each))
        ),
        "takes the first one of two references that are equally close in length": (
            lambda n, own: min(own, key=lambda each: abs(each - n))
        ),
    }
    for lengths, rules in (
        ([(8, 13, 10, 7, 20), (9, 15, 4, 11), (5, 20)], by_length),
        ([(8, 6, 10), (6, 9, 7, 5), (5, 12)], at_ties),
        ([(6, 9, 12), (6, 10, 8)], {}),
    ):
        hypotheses, references = corpus(generator, lengths, 2)
        precisions, h, r = parts(reference, hypotheses, references)
        wrong = {
            sentence: mean(precisions)
            * reference.bleu.brevity_penalty(h, sum(rule(n, own) for n, *own in lengths))
            for sentence, rule in rules.items()
        }
        right = reference.bleu.brevity_penalty(h, r) * mean(precisions)
        found = score(student, hypotheses, references)
        check(found, right, wrong, "BLEU with several references")


@pytest.mark.about("bleu")
@pytest.mark.points(2)
@pytest.mark.hint("if a precision has no match, or no n-gram at all, BLEU is 0: no log of 0")
def test_bleu_of_zero_counts(student: Any) -> None:
    """Without a match of some length BLEU is 0; in a corpus another sentence may have one."""
    for hypotheses, references, right in (
        ([["a", "b", "c", "d"]], [[["e", "f", "g", "h"]]], 0.0),
        ([[*CAT[:3], "red", *CAT[3:]]], [[CAT]], 0.0),  # no 4-gram matches
        ([["a", "b", "c"]], [[["a", "b", "c"]]], 0.0),  # no 4-gram at all
        ([[]], [[["a", "b"]]], 0.0),
        ([["a", "b", "c"], CAT], [[["a", "b", "c"]], [CAT]], 100.0),
    ):
        found = score(student, hypotheses, references)
        assert abs(found - right) < NEAR, f"BLEU is {found:.4f}, not {right:g}"
    found = score(student, [["a", "b"], CAT], [[["c", "d"]], [CAT]])
    right = mean([6 / 8, 5 / 6, 1.0, 1.0])
    assert abs(found - right) < NEAR, f"a sentence without a match makes BLEU {found:.2f}"


@pytest.mark.about("bleu")
@pytest.mark.points(1)
@pytest.mark.hint("range(1, max_n + 1), and the mean is over max_n logarithms")
def test_bleu_of_other_orders(student: Any, reference: Any, generator: torch.Generator) -> None:
    """max_n is the longest n-gram that counts; it is 4 if none is given."""
    hypotheses, references = corpus(generator, [(15, 15, 13), (12, 14, 11)], 2)
    for most in (1, 2, 3, 4, 5):
        right = reference.bleu.bleu(hypotheses, references, most)
        found = score(student, hypotheses, references, most)
        wrong = {
            f"is that of max_n={n}": reference.bleu.bleu(hypotheses, references, n)
            for n in range(1, 7)
        }
        check(found, right, wrong, f"BLEU with max_n={most}")
    default = reference.bleu.bleu(hypotheses, references)
    check(score(student, hypotheses, references), default, {}, "BLEU without max_n")


@pytest.mark.about("bleu")
@pytest.mark.points(1)
@pytest.mark.hint("no sort, pop or clear of what the caller still uses; sorted makes a new list")
def test_bleu_spares_its_arguments(
    student: Any, reference: Any, generator: torch.Generator
) -> None:
    """The hypotheses and references that bleu is given stay as they are."""
    before = corpus(generator, [(9, 13, 8, 11), (10, 12, 9), (6, 7)], 2)
    after = student.probe.arguments_after(student.bleu.bleu, list(copy.deepcopy(before)))
    after = expect.items(after, 2, "the arguments")
    for value, right, what in zip(after, before, ("hypotheses", "references"), strict=True):
        assert repr(value) == repr(right), f"bleu changes the {what} that it is given"
    check(score(student, *before), reference.bleu.bleu(*before), {})
