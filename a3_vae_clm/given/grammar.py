"""Probabilistic grammars of finite languages: sample, score a text, and the exact entropy.

    grammar = Grammar({"text": {"<who> is <what>.": 1}, "who": {"He": 2, "She": 1}, ...}, "text")
    grammar.sample(random.Random(0)), grammar.log_prob("He is late."), grammar.entropy()

A rule is a string in which <name> stands for what another symbol expands to; its weight is relative
to the other rules of the same symbol. The language is finite if no symbol contains itself. If the
grammar is unambiguous, so that no text has two derivations, the entropy of a derivation is that of
the text: the mean of -log p, which no model of the texts can get below.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate

Pending = tuple[str, ...]  # what of a text is still to come: symbols as <name>, and characters
Rules = Mapping[str, Mapping[str, float]]


class Grammar:
    """A grammar without recursion.

    rules: {symbol: {what it expands to: weight}}. start: the symbol of a whole text.
    Raises ValueError for a symbol that has no rules, or contains itself.
    """

    def __init__(self, rules: Rules, start: str) -> None:
        self.start = f"<{start}>"
        self.rules: dict[str, list[tuple[float, Pending]]] = {}
        for name, own in rules.items():
            total = sum(own.values())
            parts = [(weight / total, _parts(text)) for text, weight in own.items()]
            self.rules[f"<{name}>"] = parts
        self._check(self.start, ())
        self._next = cache(self._expand)
        self._choices = {  # for each symbol its expansions, last part first, and where shares end
            part: ([parts[::-1] for _, parts in own], list(accumulate(p for p, _ in own)))
            for part, own in self.rules.items()
        }

    def sample(self, generator: random.Random) -> str:
        """A text, with the grammar's probability."""
        written, pending = [], [self.start]
        while pending:
            part = pending.pop()
            if part not in self.rules:
                written.append(part)
                continue
            expansions, upper = self._choices[part]
            pending += generator.choices(expansions, cum_weights=upper)[0]
        return "".join(written)

    def log_prob(self, text: str) -> float:
        """log p(text) in nats, over all its derivations; -inf for a text of another language."""
        states: dict[Pending, float] = {(self.start,): 1.0}
        for character in text:
            after: dict[Pending, float] = {}
            for pending, share in states.items():
                for read, rest, p in self._next(pending):
                    if read == character:
                        after[rest] = after.get(rest, 0.0) + share * p
            states = after
        share = sum(share * self._ends(pending) for pending, share in states.items())
        return math.log(share) if share else -math.inf

    def entropy(self) -> float:
        """The entropy of a derivation in nats: that of a text if the grammar is unambiguous."""

        @cache
        def of(part: str) -> float:
            own = self.rules.get(part, [])
            return sum(p * (sum(map(of, parts)) - math.log(p)) for p, parts in own)

        return of(self.start)

    def lengths(self) -> dict[int, float]:
        """The probability of each length of a text, in characters."""

        @cache
        def of(pending: Pending) -> dict[int, float]:
            if not pending:
                return {0: 1.0}
            total: dict[int, float] = {}
            for size, share in first(pending[0]).items():
                for others, p in of(pending[1:]).items():
                    total[size + others] = total.get(size + others, 0.0) + share * p
            return total

        @cache
        def first(part: str) -> dict[int, float]:
            if part not in self.rules:
                return {len(part): 1.0}
            total: dict[int, float] = {}
            for p, parts in self.rules[part]:
                for size, share in of(parts).items():
                    total[size] = total.get(size, 0.0) + p * share
            return total

        return first(self.start)

    def derivations(self) -> int:
        """How many derivations there are."""

        @cache
        def of(part: str) -> int:
            own = self.rules.get(part)
            return 1 if own is None else sum(math.prod(map(of, parts)) for _, parts in own)

        return of(self.start)

    def texts(self) -> int:
        """How many different texts there are: as many as derivations if it is unambiguous.

        Counted by the automaton whose states are sets of what may still come, each set once.
        """

        @cache
        def of(state: frozenset[Pending]) -> int:
            after: dict[str, set[Pending]] = {}
            for pending in state:
                for read, rest, _ in self._next(pending):
                    after.setdefault(read, set()).add(rest)
            ended = any(self._ends(pending) > 0 for pending in state)
            return int(ended) + sum(of(frozenset(each)) for each in after.values())

        return of(frozenset({(self.start,)}))

    def _expand(self, pending: Pending) -> tuple[tuple[str, Pending, float], ...]:
        """(the next character, what comes after it, its probability), for each way to go on."""
        return tuple(self._ways(pending))

    def _ways(self, pending: Pending) -> Iterator[tuple[str, Pending, float]]:
        if not pending:
            return
        part, *others = pending
        if part in self.rules:
            for p, parts in self.rules[part]:
                for read, rest, share in self._ways((*parts, *others)):
                    yield read, rest, p * share
        else:
            rest = (part[1:], *others) if len(part) > 1 else tuple(others)
            yield part[0], rest, 1.0

    def _ends(self, pending: Pending) -> float:
        """The probability that nothing comes any more."""
        if not pending:
            return 1.0
        own = self.rules.get(pending[0], [])
        return sum(p * self._ends((*parts, *pending[1:])) for p, parts in own)

    def _check(self, part: str, above: tuple[str, ...]) -> None:
        if part in above:
            raise ValueError(f"{part} contains itself: the language is not finite")
        if part.startswith("<") and part not in self.rules:
            raise ValueError(f"{part} has no rules; there are {', '.join(self.rules)}")
        for _, parts in self.rules.get(part, []):
            for each in parts:
                self._check(each, (*above, part))


def _parts(text: str) -> Pending:
    """The symbols of a rule, and the characters between them, in order."""
    return tuple(part for part in re.split(r"(<\w+>)", text) if part)
