"""Sentences on which searches are compared, and what may be known of their translations.

On random weights no two translations have equal scores, so there are no ties.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import indices
from grader.suites.a4_nmt.models import END, SOURCE, START, blank_pads, load, make
from grader.weights import randomise

Found = tuple[list[str], float]  # a hypothesis: its words and its score
NEAR = 1e-3  # of a score: sums of some ten log-probabilities in float32 differ by less
# All weights times the first, so that a step depends on those before it, and the output's times
# the second, so that pieces differ by some nats, as after training.
LOUD, OUTPUT = 4.0, 1.5
TRIES = 1000  # random models, one of which is as a test needs it; at least one in thirty is


def pick(
    student: Any,
    reference: Any,
    generator: torch.Generator,
    wanted: Callable[[Any, list[str]], bool],
    **options: Any,
) -> tuple[Any, Any, list[str]]:
    """The student's model and ours, with the same random weights, and a sentence such that
    wanted(ours, sentence)."""
    ours = make(reference, **options).eval()
    for _ in range(TRIES):
        for parameter in randomise(ours, generator).parameters():
            parameter.data.mul_(LOUD)
        ours.target_vocab_projection.weight.data.mul_(OUTPUT)
        blank_pads(ours)
        words = sentence(generator, 1 + int(indices(generator, 5, 1)))
        if wanted(ours, words):
            break
    theirs = expect.thing(make(student, **options), "NMT")
    load(student, theirs, ours)
    theirs.eval()
    return theirs, ours, words


def sentence(generator: torch.Generator, length: int) -> list[str]:
    """A source sentence of made-up words."""
    return [f"s{n}" for n in indices(generator, SOURCE, length).tolist()]


def follow(
    ours: Any, words: list[str], steps: int, choose: Callable[[Tensor], int]
) -> tuple[list[str], list[float]]:
    """The pieces that `choose` picks from each step's log-probabilities, (V,), and what each adds
    to the score; the last one is </s> if that was picked within `steps`."""
    value, scores = [], []
    with torch.no_grad():
        enc, state = ours.read(words)
        o, last = torch.zeros_like(state[0]), START
        for _ in range(steps):
            log_probs, o, state = ours.predict(torch.tensor([last]), o, state, enc)
            last = choose(log_probs[0])
            scores.append(log_probs[0, last].item())
            value.append(ours.vocab.tgt.words[last])
            if last == END:
                break
    return value, scores


def likelihoods(ours: Any, words: list[str], value: list[str]) -> list[float]:
    """The log-probability of each piece of a translation."""
    pieces = iter([ours.vocab.tgt[piece] for piece in value])
    return follow(ours, words, len(value), lambda row: next(pieces))[1]


def enumerated(ours: Any, words: list[str], steps: int) -> list[Found]:
    """Every translation that ends within `steps`, the best first."""
    pieces = [piece for number, piece in enumerate(ours.vocab.tgt.words) if number != END]
    found = []
    for value in itertools.chain(*(itertools.product(pieces, repeat=n) for n in range(steps))):
        scores = likelihoods(ours, words, [*value, "</s>"])
        found.append((list(value), sum(scores)))
    return sorted(found, key=lambda pair: -pair[1])


def hypothesis(reported: Any, what: str) -> Found:
    """A hypothesis that a probe has reported, as (words, score)."""
    value, score = expect.items(reported, 2, what)
    value = expect.plain(value, f"the value of {what}")
    assert all(isinstance(piece, str) for piece in value), f"the value of {what} has no words"
    return list(value), expect.number(score, f"the score of {what}")


def beam(student: Any, theirs: Any, *arguments: Any) -> list[Found]:
    """What beam_search(*arguments) returns."""
    found = expect.plain(student.probe.hypotheses(theirs, *arguments), "what beam_search returns")
    return [hypothesis(each, "a hypothesis") for each in found]


def check_different(found: list[Found]) -> None:
    """No two hypotheses have the same words."""
    values = [tuple(value) for value, _ in found]
    assert len(set(values)) == len(values), "the same translation stands twice"


def check_value(found: list[str], right: list[str], what: str) -> None:
    """Compares the words of a hypothesis."""
    assert "</s>" not in found, f"{what} has </s> in its value"
    assert not right or found != ["<s>", *right], f"{what} has <s> in its value"
    assert found == right, f"{what} has other words than it should have"


def check_score(found: Found, ours: Any, words: list[str], steps: int, what: str) -> None:
    """Compares the score of a hypothesis with the log-probabilities of its own words and </s>."""
    value, score = found
    value = value[:-1] if value[-1:] == ["</s>"] else value
    assert all(piece in ours.vocab.tgt for piece in value), f"{what} has words that are not known"
    assert "</s>" not in value, f"{what} has words after </s>"
    assert len(value) < steps, f"{what} has not ended after {steps} pieces, though it could"
    scores = likelihoods(ours, words, [*value, "</s>"])
    right = sum(scores)
    wrong = {
        "lacks the log-probability of </s>": right - scores[-1],
        "is the mean, not the sum, of log-probabilities": right / len(scores),
        "is the sum divided by the number of words": right / max(len(value), 1),
        "is a probability, not its logarithm": math.exp(right),
        "has the wrong sign": -right,
    }
    for sentence, number in wrong.items():
        same = abs(score - number) < NEAR < abs(right - number)
        assert not same, f"the score of {what} {sentence}"
    assert abs(score - right) < NEAR, f"the score of {what} is wrong"
