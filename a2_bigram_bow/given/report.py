"""Report on a sweep's table: pictures, comparison with the published study, conclusions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean as mean

import conclusions
import table

from course.files import must_be_writable, write_aside
from course.table import Row, Table, write_csv

PUBLISHED = Path(__file__).resolve().parents[1] / "results" / "published.csv"
COLUMNS = table.CELL | table.LOSSES
STUDY = ("tinyshakespeare", 1337, 5000, 64, 200)  # what all its cells have in common
NO_BLOCK = ("bigram", "bigram_mf")  # the published study gives no block size for these
AIM, LARGE = 0.02, 0.06  # differences between validation losses


def write(rows: Sequence[Row], folder: Path) -> str:
    """Write report.md and the pictures into `folder`, and return the report's text.

    The report compares the rows with the published study if their settings are the same.
    Raises UserError if the folder cannot be written.
    """
    must_be_writable(folder / "report.md")
    setting = ", ".join(f"{name} {rows[0][name]}" for name in table.SETTING)
    parts = [f"# {len(rows)} cells: {setting}", best(rows)]
    comparable = all(tuple(row[name] for name in table.SETTING) == STUDY for row in rows)
    published = read_published() if comparable else []
    pairs = pair(rows, published)
    if pairs:
        parts.append(differences(pairs, len(published)))
        write_beside(pairs, folder)
    parts.append(conclusions.told(rows, published))
    text = "\n\n".join(parts) + "\n"
    with write_aside(folder / "report.md") as file:
        file.write(text.encode())
    pictures(rows, folder)
    return text


def read_published() -> list[Row]:
    """The published study's cells."""
    return Table(PUBLISHED, COLUMNS, ("pe_type", "n_embd", "block_size")).read()


def best(rows: Sequence[Row]) -> str:
    """The best cell of each model, as a list; cells that diverged do not count."""
    finite = [row for row in rows if math.isfinite(row["val_loss"])]
    lines = [
        "- " + tell(min((r for r in finite if r["model"] == m), key=lambda r: r["val_loss"]))
        for m in sorted({row["model"] for row in finite})
    ]
    return "\n".join(["Lowest validation loss of each model:", "", *lines])


def tell(row: Row) -> str:
    """A row in words."""
    names = [f"{name} {row[name]}" for name in [*COLUMNS][1:5] if row[name] is not None]
    return f"{row['model']}, {', '.join(names)}: {row['train_loss']:.4f} / {row['val_loss']:.4f}"


def key(row: Row) -> tuple:
    """The columns that match a cell here with a published one."""
    block = None if row["model"] in NO_BLOCK else row["block_size"]
    return row["model"], row["pe_type"], block, row["n_embd"], row["learning_rate"]


def pair(rows: Sequence[Row], published: Sequence[Row]) -> list[tuple[Row, Row]]:
    """(ours, theirs) for each cell that both tables have, in the published order."""
    ours = {key(row): row for row in rows}
    return [(ours[key(row)], row) for row in published if key(row) in ours]


def write_beside(pairs: Sequence[tuple[Row, Row]], folder: Path) -> None:
    """Write every cell next to the published one, as beside_published.csv and as a picture."""
    names = (*COLUMNS, "published_train_loss", "published_val_loss", "difference")
    lines = []
    for ours, theirs in pairs:
        losses = theirs["train_loss"], theirs["val_loss"]
        difference = round(ours["val_loss"] - theirs["val_loss"], 5)
        lines.append([*(ours[name] for name in COLUMNS), *losses, difference])
    write_csv(folder / "beside_published.csv", names, lines)
    import pictures as plots

    plots.scatter(pairs, folder / "beside_published.png")


def differences(pairs: Sequence[tuple[Row, Row]], published: int) -> str:
    """How far the validation losses are from those of the `published` cells."""
    lines = [
        f"Beside the published study: {len(pairs)} of its {published} cells are here.",
        "",
        "| cells | n | mean difference | mean absolute difference | largest |",
        "|---|---|---|---|---|",
    ]
    groups = {"all": list(pairs)}
    for each in sorted(pairs, key=lambda pair: pair[0]["model"]):
        groups.setdefault(each[0]["model"], []).append(each)
    for name, group in groups.items():
        signed = [ours["val_loss"] - theirs["val_loss"] for ours, theirs in group]
        sizes = [abs(each) for each in signed]
        lines.append(
            f"| {name} | {len(signed)} | {mean(signed):+.4f} | {mean(sizes):.4f} "
            f"| {max(sizes):.4f} |"
        )
    far = [p for p in pairs if not abs(p[0]["val_loss"] - p[1]["val_loss"]) <= LARGE]
    aims = f"Aims: mean absolute difference at most {AIM}, none above {LARGE}."
    lines += ["", f"{aims} Above {LARGE}: {len(far)} cells."]
    lines += [f"- {tell(ours)}, published {theirs['val_loss']:.4f}" for ours, theirs in far]
    return "\n".join(lines)


def pictures(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw the table: the loss against each column, and a heat map. Returns the paths."""
    # Imported here: matplotlib takes longer than the rest of a short command.
    import pictures as plots

    finite = [row for row in rows if math.isfinite(row["val_loss"])]
    named = [row for row in finite if row["pe_type"] is not None]
    if not named:
        return []
    paths = [
        plots.loss_by(named, column, folder / f"loss_by_{column}.png")
        for column in ("block_size", "n_embd", "learning_rate", "pe_type")
    ]
    return [*paths, plots.heat_map(named, folder / "heat_map.png")]
