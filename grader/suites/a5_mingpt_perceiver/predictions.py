"""Submitted predictions, beside the answers: one predicted birthplace a line.

Of the embedded data the hidden test is judged, of the real one the dev set, as its test has no
answers. London's share among the answers is the floor: who answers London always gets that.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course import data as registry
from grader.boundary.local import LocalStudent

LONGEST = 64  # characters of a predicted place


@functools.cache
def answers(root: Path, split: str, name: str, folder: Path | None) -> tuple[str, ...]:
    """The right places of a split, "dev" or "test", of a data set."""
    if name == "embedded":
        corpus = LocalStudent(root).embedded.build("standard")
        return tuple(place for _, place in getattr(corpus, split))
    path = registry.load(name, folder, ["birth_dev.tsv"])["birth_dev.tsv"]
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(line.split("\t")[1].strip() for line in lines if line)


def judge(
    submitted: Mapping[str, str], data: Any, reference: LocalStudent, run: str, split: str
) -> tuple[float, float]:
    """(accuracy, London's floor) of the file of a run, such as "vanilla.pretrain".

    An AssertionError where the file is not there, or not what it should be.
    """
    prefix = "" if data.name == "embedded" else f"{data.name}."
    split = split if data.name == "embedded" else "dev"
    right = answers(reference.folder.parent, split, data.name, data.folder)
    file = f"predictions/{prefix}{run}.{split}.txt"
    assert file in submitted, f"{file} was not handed in"
    predicted = read(submitted[file], file, right)
    hits = sum(a == b for a, b in zip(predicted, right, strict=True))
    return hits / len(right), right.count("London") / len(right)


def read(text: str, file: str, right: tuple[str, ...]) -> list[str]:
    """The predictions in a file: one for each question, most of them places."""
    assert "\ufffd" not in text, f"{file} is not UTF-8"
    lines = text.removeprefix("\ufeff").rstrip("\n").split("\n")
    assert len(lines) == len(right), (
        f"{file} should have {len(right)} lines, one for each question, and has {len(lines)}"
    )
    lines = [line.strip() for line in lines]
    assert all(len(line) <= LONGEST and "\t" not in line for line in lines), (
        f"{file} should have nothing but a place on each line"
    )
    places = set(right)
    known = sum(line in places for line in lines)
    assert 2 * known >= len(lines), f"fewer than half of the lines of {file} are places at all"
    return lines
