"""The texts that run.py works on: from paths, from the registry's birthplaces, or embedded.

A text is read and checked whole before anything is computed, so that a broken line is reported with
its file and number at once, not in the middle of a training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import embedded

from course import data
from course.errors import UserError
from course.files import read_text

DATASETS = ("embedded", "birthplaces")
FILES = {"pretrain": "wiki.txt", "finetune": "birth_places_train.tsv", "evaluate": "birth_dev.tsv"}
RESERVED = {"\u25a1": "PAD", "\u2047": "MASK"}
SHOWN = 40  # characters quoted from a broken line


@dataclass(frozen=True)
class Text:
    """A text and its name in error messages."""

    name: str
    content: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()


def find(kind: str, path: str | None, dataset: str, data_dir: Path | None) -> Text:
    """The text of a kind: "pretrain", "finetune" or "evaluate"; from `path` if it is given.

    Raises UserError for a file that is missing, unreadable or not UTF-8.
    """
    if path is not None:
        return read(Path(path))
    name = FILES[kind]
    if dataset == "embedded":
        return Text(f"embedded {name}", embedded.build().files()[name])
    return read(data.load(dataset, data_dir, [name])[name])


def read(path: Path) -> Text:
    """The text of a file, named by its path."""
    return Text(str(path), read_text(path))


def check_documents(text: Text) -> None:
    """Raise UserError for a pretraining text that is empty or uses a reserved character."""
    if not text.content.strip():
        raise UserError(f"{text.name} is empty: a text with one document per line is needed")
    for number, line in enumerate(text.content.split("\n"), 1):
        for char, meaning in RESERVED.items():
            if char in line:
                raise UserError(
                    f"{text.name}, line {number}: {char!r} stands for {meaning} and is reserved"
                )


def check_questions(
    text: Text, alphabet: Collection[str], block_size: int, answers: bool
) -> list[list[str]]:
    """The fields of each line: [question, answer], or [question] if no line has an answer.

    Lines without answers are valid only if `answers` is False and no line has one. Raises
    UserError, with file and line, for any other line, a line too long for the model, and a
    character that does not occur in the pretraining text.
    """
    lines = text.content.rstrip("\n").split("\n")
    rows = [line.rstrip("\r").split("\t") for line in lines]
    valid = 2 if answers or any(len(row) > 1 for row in rows) else 1
    shape = "a question, a TAB and an answer" if valid == 2 else "a question"
    for number, row in enumerate(rows, 1):
        place = f"{text.name}, line {number}"
        if len(row) != valid or not all(row):
            start = "\t".join(row)[:SHOWN]
            raise UserError(f"{place}: {start!r} is not valid, each line is {shape}")
        if len("".join(row)) + 2 > block_size:
            raise UserError(f"{place} is too long: at most {block_size - 2} characters fit")
        unknown = sorted(set("".join(row)) - set(alphabet))
        if unknown:
            raise UserError(f"{place}: {unknown[0]!r} does not occur in the pretraining text")
    return rows
