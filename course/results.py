"""The reference's measured results: results/results.json, and their table in README.

    results = read(Path("a1_makemore"))
    results.runs[0].figures["dev"]       # 1.9938
    python -m course.results README.md   # writes the table between its two marks

A run has all that is needed to repeat it. A headline is a row of README's table, computed from the
runs of one recipe, so that no figure there is typed by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import msgspec

from course.errors import UserError, run_main
from course.files import read_text, write_aside

CHECKOUT = Path(__file__).resolve().parents[1]
FILE = Path("results") / "results.json"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One recipe on one data set with one seed, and its results."""

    data: str
    recipe: str
    command: list[str]  # the lines that repeat it, from the checkout's folder
    seed: int
    minutes: float
    hardware: str
    figures: dict[str, float]
    predictions: str = ""  # the file in results/predictions


class Headline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of README's table: the mean of a figure over the runs of a recipe."""

    measured: str
    data: str
    recipe: str
    figure: str
    format: str = "{:.3f}"
    published: str = ""


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All runs of an assignment, and its rows in README's table."""

    runs: list[Run]
    headlines: list[Headline]

    def value(self, headline: Headline) -> str:
        """The headline's figure as README shows it. Raises UserError if no run has it."""
        wanted = (headline.data, headline.recipe)
        matches = [run.figures for run in self.runs if (run.data, run.recipe) == wanted]
        if not matches or any(headline.figure not in figures for figures in matches):
            raise UserError(f"no run {' of '.join(reversed(wanted))} has {headline.figure!r}")
        return headline.format.format(mean(figures[headline.figure] for figures in matches))


def read(assignment: Path) -> Results:
    """The results of the assignment in that folder. Raises UserError if they break the schema."""
    path = assignment / FILE
    try:
        return msgspec.json.decode(read_text(path).encode(), type=Results)
    except msgspec.DecodeError as error:
        raise UserError(f"{path}: {error}") from error


def table(checkout: Path = CHECKOUT) -> str:
    """The table of every assignment that has results, in Markdown."""
    lines = ["| | measured | here | published |", "|---|---|---|---|"]
    for path in sorted(checkout.glob(f"*/{FILE}")):
        assignment = path.parents[1]
        results = read(assignment)
        first, *_, last = assignment.name.split("_")
        short = last if first == "default" else first  # default_project_minbert
        name = f"[{short}]({assignment.name}/results/README.md)"
        for headline in results.headlines:
            value = results.value(headline)
            lines.append(f"| {name} | {headline.measured} | {value} | {headline.published} |")
            name = ""
    return "\n".join(lines).replace("|  |", "| |")


def with_table(document: str, new: str) -> str:
    """`document` with `new` between its two marks. Raises UserError if it has none."""
    marked = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.DOTALL)
    if not marked.search(document):
        raise UserError(f"the document has no {BEGIN} ... {END}")
    return marked.sub(lambda _: f"{BEGIN}\n{new}\n{END}", document)


def main(argv: Sequence[str] | None) -> int:
    if not argv or len(argv) != 1:
        raise UserError("name the document that has the table: python -m course.results README.md")
    path = Path(argv[0])
    text = with_table(read_text(path), table())
    with write_aside(path) as file:
        file.write(text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main, sys.argv[1:]))
