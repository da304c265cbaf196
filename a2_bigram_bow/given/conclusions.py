"""The study's conclusions, each a test on the table: how many pairs of cells hold, true or false.

A pair is two cells that differ in one column only, or a cell and a baseline; a conclusion is true
if all its pairs hold. Each is tested on our table and on the published one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from grid import count_pairs

from course.table import Row

Count = tuple[int, int]
BLOCKS, WIDTHS = (8, 16, 32, 64), (32, 64, 128, 256)
FAST = {"learning_rate": (1e-2,)}
SMALL_RATES = (1e-3, 5e-4, 3e-4)


@dataclass(frozen=True)
class Order:
    """Along a column, each of `values` has a lower loss than the next, in rows matching `where`.

    Values that are not in the table are skipped.
    """

    column: str
    values: tuple
    where: dict[str, tuple] = field(default_factory=dict)

    def count(self, rows: Sequence[Row]) -> Count:
        """(pairs that hold, pairs)."""
        own = select(rows, self.where)
        values = [value for value in self.values if any(r[self.column] == value for r in own)]
        counts = [count_pairs(own, self.column, *neighbours) for neighbours in pairwise(values)]
        return sum(holds for holds, _ in counts), sum(pairs for _, pairs in counts)


@dataclass(frozen=True)
class Below:
    """Every cell matching `where` has a lower loss than the lowest of those matching `baseline`."""

    where: dict[str, tuple]
    baseline: dict[str, tuple]

    def count(self, rows: Sequence[Row]) -> Count:
        """(cells that are below, cells); (0, 0) without a baseline."""
        bars = [row["val_loss"] for row in select(rows, self.baseline)]
        losses = [row["val_loss"] for row in select(rows, self.where)] if bars else []
        return sum(loss < min(bars) for loss in losses), len(losses)


@dataclass(frozen=True)
class Conclusion:
    """A sentence, and the tests that must all hold."""

    sentence: str
    tests: tuple[Order | Below, ...]

    def count(self, rows: Sequence[Row]) -> Count:
        counts = [test.count(rows) for test in self.tests]
        return sum(holds for holds, _ in counts), sum(pairs for _, pairs in counts)


def select(rows: Sequence[Row], where: dict[str, tuple]) -> list[Row]:
    """The rows whose columns have one of the values."""
    return [row for row in rows if all(row[name] in values for name, values in where.items())]


def _for(model: str, **where: tuple) -> dict[str, tuple]:
    return {"model": (model,), **where}


BIGRAM = (
    Conclusion(
        "bigram_v2: rope is better than sinpe, and sinpe than randn, at every block size and width",
        (Order("pe_type", ("rope", "sinpe", "randn"), _for("bigram_v2")),),
    ),
    Conclusion(
        "bigram_v2: a larger block is better with sinpe and rope, at every width",
        (Order("block_size", BLOCKS[::-1], _for("bigram_v2", pe_type=("sinpe", "rope"))),),
    ),
    Conclusion(
        "Every bigram_v2 with sinpe or rope is better than the bigram table, and that than the "
        "factorised one",
        (
            Below(_for("bigram_v2", pe_type=("sinpe", "rope")), _for("bigram")),
            Below(_for("bigram"), _for("bigram_mf")),
        ),
    ),
    Conclusion(
        "bigram_v2: a wider embedding is not better; 64 channels are better than 256",
        (Order("n_embd", (64, 256), _for("bigram_v2")),),
    ),
)
BOW = (
    Conclusion(
        "bow: a larger block is worse, at every width, rate and encoding",
        (Order("block_size", BLOCKS, _for("bow")),),
    ),
    Conclusion(
        "bow_v2: a larger block is better with sinpe and rope at the rate of 1e-2",
        (Order("block_size", BLOCKS[::-1], _for("bow_v2", pe_type=("sinpe", "rope"), **FAST)),),
    ),
    Conclusion(
        "rope is better than sinpe and than randn at the rate of 1e-2, in both models",
        (
            Order("pe_type", ("rope", "sinpe"), FAST),
            Order("pe_type", ("rope", "randn"), FAST),
        ),
    ),
    Conclusion(
        "bow: a wider embedding is better at the rates up to 1e-3",
        (Order("n_embd", WIDTHS[::-1], _for("bow", learning_rate=SMALL_RATES)),),
    ),
    Conclusion(
        "bow_v2 needs the rate of 1e-2: every smaller one is worse",
        tuple(Order("learning_rate", (1e-2, rate), _for("bow_v2")) for rate in SMALL_RATES),
    ),
)
MODELS = {"bigrams": ("bigram", "bigram_mf", "bigram_v2"), "bags of words": ("bow", "bow_v2")}


def told(rows: Sequence[Row], published: Sequence[Row]) -> str:
    """All conclusions as a table, here and in the published study if there is one."""
    lines = ["| conclusion | here | pairs here | published | pairs published |", "|" + 5 * "---|"]
    for name, group in (("bags of words", BOW), ("bigrams", BIGRAM)):
        models = {"model": MODELS[name]}
        for conclusion in group:
            cells = [
                text
                for source in (rows, published)
                for text in verdict(conclusion.count(select(source, models)))
            ]
            lines.append(" | ".join([f"| {conclusion.sentence}", *cells]) + " |")
    return "\n".join(["Conclusions, each true where all its pairs hold:", "", *lines])


def verdict(count: Count) -> tuple[str, str]:
    """("true" or "false", "holds of pairs"); "not measured" without pairs."""
    holds, pairs = count
    if not pairs:
        return "not measured", "0"
    return str(holds == pairs).lower(), f"{holds} of {pairs}"
