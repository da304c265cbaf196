"""Embedded reviews: invented sentences of five grades, which a bag of words cannot tell apart.

"the plot is not good" has the words of "the plot is good" and one more; in "A but B" and
"although A , B" the second clause counts, in "A although B" the first. So word order, negation and
degree matter, as in real reviews, and a model of a hundred thousand weights learns it in minutes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


THINGS = _words("plot acting music ending cast camera story humor")
GOOD = _words("good funny clever warm fresh charming")
BAD = _words("bad dull silly cold stale boring")
VERY = _words("very really truly")
SUBJECTS = ("the {thing} is", "the {thing} was", "i found the {thing}")
NEUTRAL = 2  # the middle of the five grades


@dataclass(frozen=True)
class Clause:
    """Something said of one thing. value: -2, -1, 1 or 2."""

    words: str
    value: int


def review(rng: random.Random) -> tuple[str, int]:
    """A review of one or two clauses, and its grade: 0 (very bad) to 4 (very good)."""
    sign, (one, other) = rng.choice((-1, 1)), rng.sample(THINGS, 2)
    kind = rng.choice(("one", "one", "and", "but", "although", "while"))
    first = _clause(rng, sign, one)
    if kind == "one":
        return f"{first.words} .", NEUTRAL + first.value
    second = _clause(rng, sign if kind == "and" else -sign, other)
    if kind == "and":
        strongest = max(first.value, second.value, key=abs)
        return f"{first.words} and {second.words} .", NEUTRAL + strongest
    if kind == "while":
        return f"{first.words} while {second.words} .", NEUTRAL
    if kind == "but":
        return f"{first.words} but {second.words} .", NEUTRAL - sign
    if rng.random() < 0.5:
        return f"although {first.words} , {second.words} .", NEUTRAL - sign
    return f"{first.words} although {second.words} .", NEUTRAL + sign


def long_review(rng: random.Random) -> tuple[str, int]:
    """Three reviews in a row; 1 if their grades are good in sum, 0 if they are bad."""
    while True:
        parts = [review(rng) for _ in range(3)]
        total = sum(grade - NEUTRAL for _, grade in parts)
        if total:
            return " ".join(text for text, _ in parts), int(total > 0)


def _clause(rng: random.Random, sign: int, thing: str) -> Clause:
    """A clause about `thing` that praises it (sign 1) or blames it (sign -1).

    "very" doubles, "not" turns round, and "not very" is only the other side's weaker value.
    """
    subject = rng.choice(SUBJECTS).format(thing=thing)
    form = rng.choice(("", "", "very", "very", "not", "not very"))
    negated = form.startswith("not")
    adjective = rng.choice(GOOD if (sign > 0) != negated else BAD)
    degree = [rng.choice(VERY)] if form.endswith("very") else []
    phrase = " ".join([*(["not"] if negated else []), *degree, adjective])
    return Clause(f"{subject} {phrase}", sign * (2 if form == "very" else 1))
