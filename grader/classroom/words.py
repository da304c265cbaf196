"""Counted nouns, as messages and pages write them: "1 day", "2 days", "0.5 points"."""

from __future__ import annotations


def plural(number: float, noun: str, nouns: str = "") -> str:
    """A number and its noun; nouns: the plural, if it is not `noun` with an "s"."""
    return f"{number:g} {agreeing(number, noun, nouns or noun + 's')}"


def agreeing(number: float, one: str, more: str) -> str:
    """The word that goes with a number: "it" with 1, "them" with any other."""
    return one if number == 1 else more
