"""The comparison as a picture: a panel per task, and one for what is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course.plots import panels_of, save_figure
from course.table import Row

TITLES = {"sst": "SST (accuracy)", "quora": "Quora (accuracy)", "sts": "STS (Pearson)"}


def draw(
    path: Path, rows: Sequence[Row], choices: Sequence[str], tasks: Sequence[str], end: str
) -> None:
    """Each seed's score and their mean, a line per choice; below, dev after each task in turn."""
    present = [name for name in choices if any(row["choice"] == name for row in rows)][::-1]
    figure, panels = panels_of(1, len(tasks) + 2, width=3.2, height=0.28 * len(present) + 1.6)
    for axes, name in zip(panels[0], (*tasks, "mean"), strict=False):
        for place, choice in enumerate(present):
            _line(
                axes, place, [r[name] for r in rows if (r["choice"], r["after"]) == (choice, end)]
            )
        axes.set_yticks(range(len(present)), present if name == tasks[0] else [], fontsize=7)
        axes.set_ylim(-0.5, len(present) - 0.5)
        axes.set_title(TITLES.get(name, name), fontsize=9)
    _forgetting(panels[0][-1], rows, tasks, end)
    save_figure(figure, path)


def _line(axes: Any, place: int, values: Sequence[float | None]) -> None:
    known = [value for value in values if value is not None]
    axes.plot(known, [place] * len(known), "o", color="tab:blue", alpha=0.4, markersize=4)
    if known:
        axes.plot(sum(known) / len(known), place, "|", color="tab:blue", markersize=12)


def _forgetting(axes: Any, rows: Sequence[Row], tasks: Sequence[str], end: str) -> None:
    """Scores after each task was trained, in a comparison's first seed of that choice."""
    own = [row for row in rows if row["choice"] == "one after another"]
    own = [row for row in own if row["seed"] == own[0]["seed"]]
    axes.set_title("one after another", fontsize=9)
    labels = [tasks[-1] if row["after"] == end else row["after"] for row in own]
    for task in tasks:
        axes.plot(range(len(own)), [row[task] for row in own], marker="o", markersize=4, label=task)
    axes.set_xticks(range(len(own)), [f"after {label}" for label in labels], fontsize=7)
    if own:
        axes.legend(frameon=False, fontsize=7)
