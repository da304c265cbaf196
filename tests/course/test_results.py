"""results.json and the table that is made from it: what is read, refused and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from course import results
from course.errors import UserError

RUN: dict[str, Any] = {
    "data": "names",
    "recipe": "published",
    "command": ["python a7_toy/run.py train"],
    "seed": 0,
    "minutes": 1.5,
    "hardware": "2 cores",
    "figures": {"dev": 2.0},
}
HEADLINE = {"measured": "names: dev loss", "data": "names", "recipe": "published", "figure": "dev"}


def checkout(folder: Path, *runs: dict[str, Any], **headline: str) -> Path:
    """A checkout with one assignment that has these runs and one headline."""
    path = folder / "a7_toy" / results.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"runs": runs, "headlines": [HEADLINE | headline]}))
    return folder


def test_a_headline_is_the_mean_over_the_runs_of_its_recipe(tmp_path: Path) -> None:
    other = RUN | {"recipe": "own", "figures": {"dev": 9.0}}
    root = checkout(tmp_path, RUN, RUN | {"figures": {"dev": 2.5}}, other, published="2.2")
    row = "| [a7](a7_toy/results/README.md) | names: dev loss | 2.250 | 2.2 |"
    assert results.table(root).splitlines()[2:] == [row]


def test_the_table_is_written_between_its_marks_and_nowhere_else() -> None:
    document = f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n"
    new = results.with_table(document, "| 1 |")
    assert new == document.replace("old", "| 1 |")
    assert results.with_table(new, "| 1 |") == new
    with pytest.raises(UserError, match="has no <!-- results: begin"):
        results.with_table("nothing", "| 1 |")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": "0"}, "Expected `int`"),
        ({"accuracy": 3}, "unknown field `accuracy`"),
        ({"figures": {"dev": "low"}}, "Expected `float`"),
    ],
)
def test_what_is_not_the_schema_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    root = checkout(tmp_path, RUN | change)
    with pytest.raises(UserError, match=rf"results\.json: .*{said}"):
        results.read(root / "a7_toy")


def test_a_headline_without_a_run_is_named(tmp_path: Path) -> None:
    root = checkout(tmp_path, RUN, figure="loss")
    with pytest.raises(UserError, match="no run published of names has 'loss'"):
        results.table(root)
