"""Plots in one plain style, drawn without a display and without pyplot's global state."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course.files import write_aside


def plot_losses(path: Path, rows: Sequence[Mapping[str, Any]], unit: str) -> Path | None:
    """Draw each series of `rows` that has `loss` in its name against the step, as a PNG.

    unit: of the losses, for the axis. Returns `path`, or None where there is nothing to draw.
    """
    series = loss_series(rows)
    if not series:
        return None
    # Imported here: a run that never draws need not wait for matplotlib.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for name, points in series.items():
        marker = "o" if len(points) < 30 else None
        axes.plot(*zip(*points, strict=True), label=name, marker=marker, markersize=3)
    axes.set_xlabel("step (optimizer updates)")
    axes.set_ylabel(f"loss ({unit})")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    with write_aside(path) as file:
        figure.savefig(file, format="png", dpi=150)
    return path


def loss_series(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """{name: [(step, loss), ...]} in the order of logging; a loss that was not finite is a gap."""
    series: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if "loss" in name:
                value = math.nan if value is None else value
                series.setdefault(name, []).append((row["step"], value))
    return series
