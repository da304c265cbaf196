"""Pictures of a training: the loss averaged over windows, and each layer's histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course.plots import loss_series, panels_of, save_figure

POINTS = 200  # windows over which a whole training's curve is averaged
BINS = 60


def draw_loss(path: Path, rows: Sequence[dict[str, Any]], windows: int = POINTS) -> None:
    """Draw the losses of a run's metrics, each point the mean over a window."""
    points = loss_series(rows).get("loss", [])
    size = max(1, math.ceil(len(points) / windows))
    groups = [points[first : first + size] for first in range(0, len(points), size)]
    figure, ((axes,),) = panels_of(1, 1)
    axes.plot(
        [group[-1][0] for group in groups],
        [sum(loss for _, loss in group) / len(group) for group in groups],
    )
    steps = groups[0][-1][0] if groups else 0
    axes.set_xlabel("step")
    axes.set_ylabel("training loss (nats per character)")
    axes.set_title(f"each point: the mean of {steps:,} steps", fontsize="medium")
    save_figure(figure, path)


def draw_histograms(path: Path, model: Any, loss: Any) -> None:
    """Draw each Tanh's output on one batch, and the gradient that reaches it.

    loss: called without arguments, returns the loss of the batch in training mode.
    """
    tanhs = [(n, a) for n, a in enumerate(model.layers) if type(a).__name__ == "Tanh"]
    value = loss()
    gradients = torch.autograd.grad(value, [layer.out for _, layer in tanhs])
    figure, (axes,) = panels_of(1, 2)
    for (place, layer), gradient in zip(tanhs, gradients, strict=True):
        saturated = (layer.out.abs() > 0.97).float().mean().item()
        _histogram(axes[0], layer.out.detach(), f"layer {place}: {saturated:.0%} beyond 0.97")
        _histogram(axes[1], gradient, f"layer {place}: std {gradient.std().item():.1e}")
    axes[0].set_xlabel("activation of Tanh")
    axes[1].set_xlabel("gradient of the loss with respect to it")
    for each in axes:
        each.set_ylabel("density")
        each.legend(frameon=False, fontsize="small")
    save_figure(figure, path)


def _histogram(axes: Any, values: Tensor, label: str) -> None:
    counts, edges = torch.histogram(values.flatten(), bins=BINS, density=True)
    axes.plot((edges[:-1] + edges[1:]) / 2, counts, label=label)
