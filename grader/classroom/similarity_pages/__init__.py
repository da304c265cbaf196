"""The pages of `grader class similar`: a list of groups and pairs, each side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment

from grader.classroom.passages import Place, passages
from grader.classroom.similarity import Equal, Pair, Runs, Work
from grader.classroom.words import agreeing
from grader.report.templates import environment

COLOURS = 6  # of passages, in turn
SHOWN = 5  # names in a group's line; its page has all


@dataclass(frozen=True)
class Line:
    """One line of a file on the page."""

    number: int  # 1-based
    text: str
    passage: int  # 0: none
    starts: tuple[int, ...]  # the passages that begin here


def render(
    title: str,
    pairs: Sequence[Pair],
    notes: Sequence[str],
    given: Runs,
    equal: Sequence[Equal] = (),
) -> dict[str, bytes]:
    """The pages, {name: bytes}. notes: lines below the table; given: the skeleton's runs."""
    templates = _templates()
    every = [(each.pair, each) for each in equal] + [(pair, None) for pair in pairs]
    rows = [(f"pairs/{number:04}.html", *row) for number, row in enumerate(every, start=1)]
    index = templates.get_template("index.html.jinja")
    pages = {"index.html": index.render(title=title, rows=rows, notes=notes)}
    template = templates.get_template("pair.html.jinja")
    for name, pair, group in rows:
        found = passages(pair, given)
        left = columns(pair.first, [(each.number, each.left) for each in found])
        right = columns(pair.second, [(each.number, each.right) for each in found])
        pages[name] = template.render(
            title=title, pair=pair, group=group, passages=found, sides=[("l", left), ("r", right)]
        )
    return {name: text.encode() for name, text in pages.items()}


def same(pair: Pair) -> str:
    """What a pair has letter for letter, in words."""
    return f"the same {agreeing(len(pair.same), 'file', 'files')}: {', '.join(pair.same)}"


def members(group: Equal, most: int | None = SHOWN) -> str:
    """Whose submissions are equal, in words; most: how many are named, None: all."""
    labels = [work.label for work in group.works]
    more = len(labels) - len(labels[:most])
    names = ", ".join(labels[:most]) + (f" and {more} more" if more else "")
    return f"{len(labels)} submissions are the same in every file: {names}"


def columns(work: Work, places: Sequence[tuple[int, Place]]) -> dict[str, list[Line]]:
    """Each file's lines, with the passage that covers them. places: (passage, where it is)."""
    covered: dict[tuple[str, int], int] = {}
    begun: dict[tuple[str, int], list[int]] = {}
    for number, place in places:
        begun.setdefault((place.file, place.first), []).append(number)
        for line in range(place.first, place.last + 1):
            covered.setdefault((place.file, line), number)
    return {
        file: [
            Line(number, line, covered.get((file, number), 0), tuple(begun.get((file, number), ())))
            for number, line in enumerate(text.split("\n"), start=1)
        ]
        for file, text in sorted(work.files.items())
    }


def _templates() -> Environment:
    templates = environment("grader.classroom", "similarity_pages")
    templates.globals["colours"] = COLOURS
    templates.filters.update(agreeing=agreeing, same=same, members=members)
    templates.filters["percent"] = lambda value: f"{100 * value:.0f} %"
    return templates
