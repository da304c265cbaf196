"""Are the latents of a model in use, and how do they move while it trains?

python run.py train DLM128 --data multi30k --snapshots 6
python run.py latents --model runs/a3_vae_clm/DLM128/model --data multi30k

Prints a line for each snapshot of the run: how many numbers of a latent are in use, how many nats
a latent says about the text, how wide q and the prior's components are, and how far the latents lie
apart; see diagnostics.py. A model whose latents say nothing has collapsed. --descent N compares the
encoder with N steps of gradient descent on each text's own latents; see descent.py.

latents.png, in the run folder or in --out, shows the same latents in the plane in which they spread
most at the end: each character's mean where each latent belongs to a character, every text where it
belongs to a text. Crosses are the prior's components, with a circle one deviation wide.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import corpora
import evaluate
import options
import torch
from alphabet import Alphabet, Batch, collate
from batches import in_order
from descent import descend
from diagnostics import Usage, centres, usage
from saved import Saved
from torch import Tensor, nn
from variational import VariationalModel

from course import checkpoints, cli
from course.devices import pick_device
from course.errors import UserError, printable
from course.files import make_folder
from course.plots import panels_of, save_figure

PANELS = 6  # snapshots in the picture, the last one among them
TEXTS = 300
DESCENT = 64  # texts
COLUMNS = "{:>9}  {:>11}  {:>16}  {:>9}  {:>13}  {:>13}"
HEADINGS = ("step", "in use", "nats of the text", "q's width", "prior's width", "means' spread")


@dataclass(frozen=True)
class Frame:
    """The latents at one moment. step: None for the model that was kept.

    points: (N, E), the means to show; labels: a character for each, or none. centres: (K, E) of the
    prior, deviation: theirs; K is 0 if the prior is no mixture.
    """

    step: int | None
    usage: Usage
    points: Tensor
    labels: list[str]
    centres: Tensor
    deviation: float

    @property
    def title(self) -> str:
        return "the model kept" if self.step is None else f"step {self.step:,}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `run.py latents`, without those that all commands share."""
    evaluate.add_model_flag(parser)
    options.add_text_flags(parser, split="dev", lines=TEXTS)
    cli.add_threads_flag(parser)
    words = f"steps of gradient descent on the latents of {DESCENT} texts"
    cli.add_flag(parser, "descent", None, words, int)


def run(args: argparse.Namespace) -> None:
    """Print the table and write the picture."""
    model = evaluate.load(args)
    if not hasattr(model.model, "latents"):
        raise UserError(f"{model.number} has no Gaussian latents: choose a model such as DLM128")
    if args.descent and not isinstance(model.model, VariationalModel):
        raise UserError(f"--descent needs a latent for each character: {model.number} has none")
    _, lines, name = evaluate.find(args)
    sequences = corpora.encode(lines, model.alphabet, name)
    device = pick_device(args.device)
    batches = [batch.to(device) for _, batch in in_order(sequences, model.alphabet)]
    folder = args.model.parent
    frames = [frame(weights, step, batches) for step, weights in stages(model, folder)]
    print(table(frames))
    if args.descent:
        batch = collate(sequences[:DESCENT], model.alphabet).to(device)
        print(compared(model, batch, args.descent))
    make_folder(args.out or folder)
    path = draw(chosen(frames), (args.out or folder) / "latents.png")
    print(f"picture: {path}")


def compared(model: Saved, batch: Batch, steps: int) -> str:
    """What gradient descent on the latents gains over the encoder."""
    bounds = descend(model.model, batch, steps)
    return (
        f"NLPPS of {len(batch)} texts: {-bounds.encoder:.2f} by the encoder, "
        f"{-bounds.improved:.2f} after {steps} steps of descent from it, "
        f"{-bounds.alone:.2f} by descent alone"
    )


def stages(model: Saved, folder: Path) -> list[tuple[int | None, Saved]]:
    """The run's snapshots by their steps, then the model itself, whose step is None.

    Raises UserError for a snapshot of another model.
    """
    files = sorted(folder.glob("snapshots/*.safetensors"), key=lambda file: int(file.stem))
    snapshots: list[tuple[int | None, Saved]] = []
    for file in files:
        own = replace(model, model=copy.deepcopy(model.model))
        checkpoints.load_into(own.model, file)
        snapshots.append((int(file.stem), own))
    return [*snapshots, (None, model)]


@torch.no_grad()
def frame(model: Saved, step: int | None, batches: Sequence[Batch]) -> Frame:
    """The latents of all texts under one stage of a model."""
    module = model.model.to(batches[0].codes.device).eval()
    means = torch.cat([centres(module.latents(batch)[0]) for batch in batches])  # (N, E)
    codes = torch.cat([batch.codes[batch.mask] for batch in batches])
    of_prior, own = prior_of(module, means), usage(module, batches)
    if len(means) != len(codes):  # one for each text
        return Frame(step, own, means, [], *of_prior)
    present = codes.unique()
    points = torch.stack([means[codes == code].mean(dim=0) for code in present])
    return Frame(step, own, points, labels(present, model.alphabet), *of_prior)


def prior_of(module: nn.Module, means: Tensor) -> tuple[Tensor, float]:
    """The centres of the prior (K, E), and their mean deviation: N(0, I) if it is no mixture."""
    mixture = getattr(getattr(module, "prior", None), "mixture", None)
    if mixture is None:
        return means.new_zeros(1, means.size(1)), 1.0
    return mixture.means.detach(), float((-0.5 * mixture.log_precisions).exp().mean())


def labels(codes: Tensor, alphabet: Alphabet) -> list[str]:
    """How each character is written in the picture; a space as a small box."""
    shown = [printable(alphabet.decode([code])) for code in codes.tolist()]
    return ["\u2423" if text == " " else text for text in shown]


def table(frames: Sequence[Frame]) -> str:
    """A line for each frame."""
    lines = [COLUMNS.format(*HEADINGS)]
    for each in frames:
        own = each.usage
        lines.append(
            COLUMNS.format(
                "kept" if each.step is None else each.step,
                f"{own.active} of {own.numbers}",
                f"{own.information:.3f}",
                f"{own.deviation:.4f}",
                f"{each.deviation:.4f}",
                f"{own.spread:.4f}",
            )
        )
    return "\n".join(lines)


def chosen(frames: Sequence[Frame]) -> list[Frame]:
    """At most PANELS of them, at equal distances, the first and the last among them."""
    if len(frames) <= PANELS:
        return list(frames)
    return [frames[round(n * (len(frames) - 1) / (PANELS - 1))] for n in range(PANELS)]


def plane(points: Tensor) -> tuple[Tensor, Tensor]:
    """The centre (E,) and the two directions (E, 2) in which points (N, E) spread most."""
    centre = points.mean(dim=0)
    _, _, directions = torch.linalg.svd(points - centre, full_matrices=False)
    axes = directions[:2].t()  # (E, 2), or (E, 1) of a single number
    return centre, torch.nn.functional.pad(axes, (0, 2 - axes.size(1)))


def draw(frames: Sequence[Frame], path: Path) -> Path:
    """One panel for each frame, all in the plane of the last one's points."""
    centre, axes = plane(frames[-1].points)
    columns = min(3, len(frames))
    rows = -(-len(frames) // columns)
    figure, panels = panels_of(rows, columns, width=4.2, height=4.2, sharex=True, sharey=True)
    flat = [panel for row in panels for panel in row]
    for panel, each in zip(flat, frames, strict=False):
        _draw_one(panel, each, (each.points - centre) @ axes, (each.centres - centre) @ axes)
    for panel in flat[len(frames) :]:
        panel.set_visible(False)
    return save_figure(figure, path)


def _draw_one(panel: Any, each: Frame, points: Tensor, centres: Tensor) -> None:
    """points: (N, 2). centres: (K, 2)."""
    from matplotlib.patches import Circle

    panel.set_title(f"{each.title}: {each.usage.information:.2f} nats", fontsize=10)
    panel.set_aspect("equal", adjustable="box")
    for x, y in centres.tolist():
        panel.add_patch(Circle((x, y), each.deviation, fill=False, color="0.8", linewidth=0.8))
    panel.plot(*centres.t().tolist(), "x", color="0.6", markersize=4)
    marker = "" if each.labels else "."
    panel.plot(*points.t().tolist(), linestyle="none", marker=marker, color="C0", markersize=4)
    for (x, y), label in zip(points.tolist(), each.labels, strict=False):
        panel.annotate(label, (x, y), ha="center", va="center", fontsize=8, color="C0")
