"""A sweep's pictures: the loss against one column of the table, and a heat map of two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grid import pivot

from course.plots import panels_of, save_figure
from course.table import Row

ENCODINGS = ("randn", "sinpe", "rope")
COLORS = {"randn": "#777777", "sinpe": "#1f77b4", "rope": "#d62728"}
WORDS = {
    "block_size": "block size (characters)",
    "n_embd": "width (channels)",
    "learning_rate": "learning rate",
    "pe_type": "position encoding",
}
LOSS = "validation loss (nats per character)"


def loss_by(rows: Sequence[Row], column: str, path: Path) -> Path:
    """One panel per model: each cell as a dot, and the means as one line per encoding."""
    models = sorted({row["model"] for row in rows})
    figure, (panels,) = panels_of(1, len(models), width=4.0, height=3.8, sharey=True)
    for axes, model in zip(panels, models, strict=True):
        _panel(axes, [row for row in rows if row["model"] == model], column)
        axes.set_title(model)
        axes.set_xlabel(WORDS[column])
    panels[0].set_ylabel(LOSS)
    if column != "pe_type":
        panels[0].legend(frameon=False)
    return save_figure(figure, path)


def _panel(axes: Any, rows: Sequence[Row], column: str) -> None:
    values = sorted({r[column] for r in rows}, key=_order)
    places = {value: place for place, value in enumerate(values)}
    axes.set_xticks(range(len(values)), [str(value) for value in values])
    for name in [e for e in ENCODINGS if any(r["pe_type"] == e for r in rows)]:
        own = [row for row in rows if row["pe_type"] == name]
        at, losses = [places[r[column]] for r in own], [r["val_loss"] for r in own]
        axes.plot(at, losses, ".", color=COLORS[name], alpha=0.25)
        means = pivot(own, "pe_type", column)[name]
        line = sorted((places[value], mean) for value, mean in means.items())
        axes.plot(*zip(*line, strict=True), marker="o", color=COLORS[name], label=name)


def scatter(pairs: Sequence[tuple[Row, Row]], path: Path) -> Path:
    """Each cell's validation loss, ours against the published one; equal on the diagonal."""
    figure, ((axes,),) = panels_of(1, 1, width=5.2, height=4.8)
    for name in (*ENCODINGS, None):
        own = [(t["val_loss"], o["val_loss"]) for o, t in pairs if o["pe_type"] == name]
        if own:
            color, label = COLORS.get(name, "black"), name or "no encoding"
            axes.scatter(*zip(*own, strict=True), s=12, alpha=0.6, color=color, label=label)
    ends = [f(t["val_loss"] for _, t in pairs) for f in (min, max)]
    axes.plot(ends, ends, color="black", linewidth=0.8)
    axes.set_xlabel("published " + LOSS)
    axes.set_ylabel("here")
    axes.legend(frameon=False)
    return save_figure(figure, path)


def heat_map(rows: Sequence[Row], path: Path) -> Path:
    """Model by encoding: the lowest loss over the learning rates, by block size and width."""
    models = sorted({row["model"] for row in rows})
    names = [e for e in ENCODINGS if any(r["pe_type"] == e for r in rows)]
    figure, panels = panels_of(len(models), len(names), width=3.4, height=2.8)
    blocks, widths = (sorted({row[c] for row in rows}) for c in ("block_size", "n_embd"))
    low, high = (f(row["val_loss"] for row in rows) for f in (min, max))
    for model, line in zip(models, panels, strict=True):
        for name, axes in zip(names, line, strict=True):
            own = [r for r in rows if (r["model"], r["pe_type"]) == (model, name)]
            axes.grid(visible=False)
            image = axes.imshow(_lowest(own, blocks, widths), vmin=low, vmax=high, cmap="viridis_r")
            axes.set_xticks(range(len(widths)), widths)
            axes.set_yticks(range(len(blocks)), blocks)
            axes.set_title(f"{model}, {name}", fontsize=9)
    figure.supxlabel(WORDS["n_embd"])
    figure.supylabel(WORDS["block_size"])
    figure.colorbar(image, ax=[axes for line in panels for axes in line], label=LOSS)
    return save_figure(figure, path)


def _lowest(rows: Sequence[Row], blocks: Sequence[int], widths: Sequence[int]) -> list[list]:
    nothing = float("nan")
    losses = {(b, w): nothing for b in blocks for w in widths}
    for row in rows:
        place = row["block_size"], row["n_embd"]
        known = losses[place]
        losses[place] = row["val_loss"] if known != known else min(known, row["val_loss"])
    return [[losses[b, w] for w in widths] for b in blocks]


def _order(value: Any) -> Any:
    return ENCODINGS.index(value) if value in ENCODINGS else value
