"""The texts that run.py works on: from paths, from the registry's birthplaces, or embedded."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import embedded

from course import text as texts
from course.errors import UserError
from course.text import Text

DATASETS = ("embedded", "birthplaces")
FILES = {"pretrain": "wiki.txt", "finetune": "birth_places_train.tsv", "evaluate": "birth_dev.tsv"}
RESERVED = {"\u25a1": "PAD", "\u2047": "MASK"}


def find(kind: str, path: str | None, dataset: str, data_dir: Path | None) -> Text:
    """The text of a kind: "pretrain", "finetune" or "evaluate"; from `path` if it is given.

    Raises UserError for a file that is missing, unreadable or not UTF-8.
    """
    if path is not None:
        return texts.read(Path(path))
    name = FILES[kind]
    return texts.find(dataset, name, data_dir, lambda: embedded.build().files()[name])


def check_documents(text: Text) -> None:
    """Raise UserError for a pretraining text that is empty or uses a reserved character."""
    if not text.content.strip():
        raise UserError(f"{text.name} is empty: a text with one document per line is needed")
    for number, line in enumerate(text.lines, 1):
        for char, meaning in RESERVED.items():
            if char in line:
                place = text.place(number)
                raise UserError(f"{place}: {char!r} stands for {meaning} and is reserved")


def check_questions(
    text: Text, alphabet: Collection[str], block_size: int, answers: bool
) -> list[list[str]]:
    """The fields of each line: [question, answer], or [question] if no line has an answer.

    Lines without answers are valid only if `answers` is False and no line has one. Raises
    UserError, with file and line, for any other line, a line too long for the model, and a
    character that does not occur in the pretraining text.
    """
    rows = [line.rstrip("\r").split("\t") for line in text.lines]
    valid = 2 if answers or any(len(row) > 1 for row in rows) else 1
    shape = "a question, a TAB and an answer" if valid == 2 else "a question"
    for number, row in enumerate(rows, 1):
        if len(row) != valid or not all(row):
            raise text.not_valid(number, shape)
        place, characters = text.place(number), "".join(row)
        if len(characters) + 2 > block_size:
            raise UserError(f"{place} is too long: at most {block_size - 2} characters fit")
        unknown = sorted(set(characters) - set(alphabet))
        if unknown:
            raise UserError(f"{place}: {unknown[0]!r} does not occur in the pretraining text")
    return rows
