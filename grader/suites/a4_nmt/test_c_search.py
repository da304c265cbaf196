"""Part c: greedy search and beam search."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch

from grader.suites.a4_nmt.search import (
    NEAR,
    beam,
    check_different,
    check_score,
    check_value,
    enumerated,
    follow,
    hypothesis,
    likelihoods,
    pick,
)

pytestmark = pytest.mark.part("c")
GREEDY, BEAM = "NMT.greedy", "NMT.beam_search"
WHAT = "the greedy translation"
END = "</s>"


def likeliest(ours: Any, words: list[str], steps: int) -> tuple[list[str], list[float]]:
    """The likeliest piece at each step, and its log-probability."""
    return follow(ours, words, steps, lambda row: int(row.argmax()))


def ends_after(least: int, most: int) -> Callable[[Any, list[str]], bool]:
    """Whether </s> is the likeliest piece first after `least` to `most` others."""

    def wanted(ours: Any, words: list[str]) -> bool:
        value = likeliest(ours, words, most + 1)[0]
        return value[-1] == END and len(value) > least

    return wanted


def goes_on(steps: int) -> Callable[[Any, list[str]], bool]:
    """Whether </s> is the likeliest piece at none of the first `steps`, and pieces differ."""

    def wanted(ours: Any, words: list[str]) -> bool:
        value = likeliest(ours, words, steps)[0]
        return END not in value and len(set(value)) > min(steps - 1, 2)

    return wanted


@pytest.mark.about(GREEDY)
@pytest.mark.points(3)
@pytest.mark.hint("predict, argmax, and the same again with the piece, the output and the state")
def test_greedy_words(student: Any, reference: Any, generator: torch.Generator) -> None:
    """greedy takes the likeliest piece at each step until </s>, which is not in the value."""
    for _ in range(3):
        theirs, ours, words = pick(student, reference, generator, ends_after(2, 9))
        right = likeliest(ours, words, 10)[0][:-1]
        found, _ = hypothesis(student.probe.hypothesis(theirs, words), WHAT)
        check_value(found, right, WHAT)


@pytest.mark.about(GREEDY)
@pytest.mark.points(2)
@pytest.mark.hint("add each step's log-probability, that of </s> too")
def test_greedy_score(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The score of a greedy translation is the sum of its log-probabilities, with that of </s>."""
    for _ in range(3):
        theirs, ours, words = pick(student, reference, generator, ends_after(1, 9))
        found = hypothesis(student.probe.hypothesis(theirs, words, 10), WHAT)
        check_score(found, ours, words, 10, WHAT)


@pytest.mark.about(GREEDY)
@pytest.mark.points(2)
@pytest.mark.hint("range(max_decoding_time_step): with 1 there is one piece, or </s>")
def test_greedy_limit(student: Any, reference: Any, generator: torch.Generator) -> None:
    """After max_decoding_time_step pieces, </s> among them, greedy ends."""
    for steps in (1, 4, 7):
        theirs, ours, words = pick(student, reference, generator, goes_on(steps))
        right, scores = likeliest(ours, words, steps)
        what = f"{WHAT} of at most {steps} pieces"
        found, score = hypothesis(student.probe.hypothesis(theirs, words, steps), what)
        assert len(found) <= steps, f"{what} has {len(found)}"
        check_value(found, right, what)
        assert abs(score - sum(scores)) < NEAR, f"the score of {what} is wrong"
    theirs, ours, words = pick(student, reference, generator, ends_after(2, 5))
    right = likeliest(ours, words, 6)[0][:-1]
    for steps in (len(right), len(right) + 1):
        found, _ = hypothesis(student.probe.hypothesis(theirs, words, steps), WHAT)
        check_value(found, right, f"{WHAT} whose </s> may just come")


def branching(size: int, steps: int) -> Callable[[Any, list[str]], bool]:
    """Whether beam search completes `size` translations, which are not all of one length and the
    best of which is none of the others' and not the greedy one."""

    def wanted(ours: Any, words: list[str]) -> bool:
        found = ours.beam_search(words, size, steps)
        lengths = {len(each.value) for each in found}
        first = [*found[0].value, END]
        return (
            len(found) == size
            and len(lengths) > 1
            and len(first) < steps
            and likeliest(ours, words, steps)[0] != first
        )

    return wanted


@pytest.mark.about(BEAM)
@pytest.mark.points(3)
@pytest.mark.hint(
    "compare all continuations of all live hypotheses with one another, by their sums"
)
def test_beam_best(student: Any, reference: Any, generator: torch.Generator) -> None:
    """The first hypothesis of beam search is the reference's, where greedy finds another one."""
    for size in (2, 3, 5):
        theirs, ours, words = pick(student, reference, generator, branching(size, 8))
        right = ours.beam_search(words, size, 8)[0]
        found = beam(student, theirs, words, size, 8)
        assert found, "beam_search returns no hypothesis"
        check_different(found)
        what = f"the first of {size} hypotheses"
        greedy = [*found[0][0], END] == likeliest(ours, words, 8)[0]
        assert not greedy, f"{what} is what greedy search finds, which is not the best here"
        check_value(found[0][0], right.value, what)


@pytest.mark.about(BEAM)
@pytest.mark.points(3)
@pytest.mark.hint("keep beam_size - completed at each step; sort the completed, best first")
def test_beam_list(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Beam search returns the completed hypotheses, at most beam_size, the best first."""
    for size in (2, 3, 4, 6):
        theirs, ours, words = pick(student, reference, generator, branching(size, 7))
        right = [each.value for each in ours.beam_search(words, size, 7)]
        hypotheses = beam(student, theirs, words, size, 7)
        check_different(hypotheses)
        found = [value for value, _ in hypotheses]
        assert found != right[::-1] or found == right, "the hypotheses come worst first"
        assert sorted(found) != sorted(right) or found == right, "the best do not come first"
        assert len(found) == len(right), f"{len(found)} hypotheses, not {len(right)}"
        for number, (one, other) in enumerate(zip(found, right, strict=True), start=1):
            check_value(one, other, f"hypothesis {number} of {size}")


def overtaking(size: int, steps: int) -> Callable[[Any, list[str]], bool]:
    """Whether, beside `branching`, one of the translations was live and less likely when another
    was completed: its place among the kept is then not its place among the live."""

    def wanted(ours: Any, words: list[str]) -> bool:
        if not branching(size, steps)(ours, words):
            return False
        found = ours.beam_search(words, size, steps)
        scores = [likelihoods(ours, words, [*each.value, END]) for each in found]
        return any(
            len(late) > len(early) and sum(late[: len(early)]) < sum(early) - 0.1
            for early, late in itertools.permutations(scores, 2)
        )

    return wanted


@pytest.mark.about(BEAM)
@pytest.mark.points(2)
@pytest.mark.hint("a continuation's score is the hypothesis's plus the piece's log-probability")
def test_beam_scores(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Each score is the sum of log-probabilities, with </s>, which your forward would give too."""
    for size, wanted in ((2, branching(2, 7)), (4, overtaking(4, 7))):
        theirs, ours, words = pick(student, reference, generator, wanted)
        found = beam(student, theirs, words, size, 7)
        assert found, "beam_search returns no hypothesis"
        for number, each in enumerate(found, start=1):
            check_score(each, ours, words, 7, f"hypothesis {number} of {size}")


@pytest.mark.about(BEAM)
@pytest.mark.points(1)
@pytest.mark.hint("with beam_size=1 the best continuation is kept at each step, until it is </s>")
def test_beam_of_one(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A beam of one is greedy search."""
    for _ in range(3):
        theirs, ours, words = pick(student, reference, generator, ends_after(2, 9))
        right = likeliest(ours, words, 10)[0]
        found = beam(student, theirs, words, 1, 10)
        assert len(found) == 1, f"{len(found)} hypotheses with a beam of 1"
        check_value(found[0][0], right[:-1], "the hypothesis of a beam of 1")
        check_score(found[0], ours, words, 10, "the hypothesis of a beam of 1")


@pytest.mark.about(BEAM)
@pytest.mark.points(2)
@pytest.mark.hint("topk of at most as many as there are; a beam may be larger than the vocabulary")
def test_beam_that_holds_all(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A beam that drops nothing finds every translation of up to three pieces, the best first."""
    theirs, ours, words = pick(student, reference, generator, ends_after(0, 9), target=1)
    right = enumerated(ours, words, 3)
    found = beam(student, theirs, words, 200, 3)
    assert found, "beam_search returns no hypothesis"
    check_value(found[0][0], right[0][0], "the best of all translations")
    assert len(found) == len(right), f"{len(found)} of {len(right)} translations are found"
    wrong = [
        value
        for (value, score), (_, other) in zip(found, right, strict=True)
        if abs(score - other) > NEAR
    ]
    assert not wrong, f"{len(wrong)} of {len(right)} translations have a wrong score or place"


def never_ends(size: int, steps: int) -> Callable[[Any, list[str]], bool]:
    """Whether nothing of a beam ends within `steps`."""

    def wanted(ours: Any, words: list[str]) -> bool:
        found = ours.beam_search(words, size, steps)
        return len(found) == 1 and len(found[0].value) == steps

    return wanted


@pytest.mark.about(BEAM)
@pytest.mark.points(2)
@pytest.mark.hint("[the best live one], without <s>: an unfinished translation is better than none")
def test_beam_limit(student: Any, reference: Any, generator: torch.Generator) -> None:
    """If none is complete after max_decoding_time_step, the best live one is returned alone."""
    for size, steps in ((1, 1), (2, 3), (3, 4)):
        theirs, ours, words = pick(student, reference, generator, never_ends(size, steps))
        right = ours.beam_search(words, size, steps)[0]
        found = beam(student, theirs, words, size, steps)
        assert len(found) == 1, f"{len(found)} hypotheses, not 1, if none is complete"
        what = f"the best live hypothesis after {steps} steps"
        check_value(found[0][0], right.value, what)
        assert abs(found[0][1] - right.score) < NEAR, f"the score of {what} is wrong"
