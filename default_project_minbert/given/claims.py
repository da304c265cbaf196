"""The notes' conclusion, "separate heads and round robin is best", as a check on the table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev

from course.table import Row

CLAIM = 'the claim "separate heads and round robin is best"'
END = "end"


def claim(rows: Sequence[Row], base: str, choices: Sequence[str]) -> tuple[bool | None, str]:
    """Whether no choice has a higher mean score than `base`, and the sentence that says so.

    None if the table has too few rows to tell: the base, and at least one other choice, at the end
    of a training. The sentence gives means and deviations over the seeds.
    """
    values = {choice: _scores(rows, choice) for choice in choices}
    values = {choice: own for choice, own in values.items() if own}
    if base not in values or len(values) < 2:
        return None, f"{CLAIM} needs rows of {base!r} and of another choice"
    best = max(values, key=lambda choice: mean(values[choice]))
    rest = {choice: own for choice, own in values.items() if choice != base}
    rival = max(rest, key=lambda choice: mean(rest[choice]))
    true = mean(values[base]) >= mean(values[best])
    numbers = f"{base} has {_words(values[base])}, {rival} has {_words(values[rival])}"
    return true, f"{CLAIM} is {'true' if true else 'false'} here: {numbers}"


def _scores(rows: Sequence[Row], choice: str) -> list[float]:
    own = (row for row in rows if row["choice"] == choice and row["after"] == END)
    return [row["mean"] for row in own if row["mean"] is not None]


def _words(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f} (one seed)"
    return f"{mean(values):.3f} ± {stdev(values):.3f} ({len(values)} seeds)"
