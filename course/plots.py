"""Plots in one plain style, drawn without a display and without pyplot's global state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.files import write_aside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150


def plot_losses(path: Path, rows: Sequence[Mapping[str, Any]], unit: str) -> Path | None:
    """Draw each series of `rows` that has `loss` in its name against the step, as a PNG.

    unit: of the losses, for the axis label. Returns `path`, or None if there is nothing to draw.
    """
    series = loss_series(rows)
    if not series:
        return None
    figure, ((axes,),) = panels_of(1, 1)
    for name, points in series.items():
        marker = "o" if len(points) < 30 else None
        axes.plot(*zip(*points, strict=True), label=name, marker=marker, markersize=3)
    axes.set_xlabel("step (optimizer updates)")
    axes.set_ylabel(f"loss ({unit})")
    axes.legend(frameon=False)
    return save_figure(figure, path)


def panels_of(
    rows: int, columns: int, width: float = 6.4, height: float = 4.0, **shared: Any
) -> tuple[Figure, list[list[Any]]]:
    """A figure in the course's style and its panels, `width` by `height` inches each.

    shared: keyword arguments of Figure.subplots, such as sharey=True.
    """
    # Imported here so that a run that never draws does not wait for matplotlib.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, **shared)
    for axes in panels.flat:
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, [list(row) for row in panels]


def save_figure(figure: Figure, path: Path) -> Path:
    """Write the figure as a PNG, whole or not at all; returns `path`."""
    with write_aside(path) as file:
        figure.savefig(file, format="png", dpi=DPI)
    return path


def loss_series(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """{name: [(step, loss), ...]} in logging order; a loss that is not finite becomes a gap."""
    series: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if "loss" in name:
                value = math.nan if value is None else value
                series.setdefault(name, []).append((row["step"], value))
    return series
