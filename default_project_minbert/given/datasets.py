"""The tasks and their files. Given code: there is nothing to write here.

    examples = read(find_text(path), TASKS["sst"], labelled=True)

The files end in .csv, and their fields are separated by tabs; a field with a quotation mark in it
is quoted, and its own marks are doubled, as Python's csv module reads it. The columns are found by
the names in the first line: id, sentence (or sentence1 and sentence2), and the label.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course.errors import UserError
from course.text import Text

# A row of quora-dev.csv was published without its label.
UNLABELLED = {"ad118c967d683c93883bf072d"}
# This file was published without a first line that names the columns.
HEADERS = {"quora-train-pre-left.csv": ["", "id", "sentence1", "sentence2", "is_duplicate"]}
SHOWN = 40  # characters quoted from a broken field
Fields = dict[str, str]


@dataclass(frozen=True)
class Task:
    """What is to be predicted, and where it stands in a file.

    kind: "sentiment", "paraphrase" or "similarity", after which MultitaskBERT's predictions are
    named. highest: the largest label; the smallest is 0. predicted: the prediction files' title.
    """

    name: str
    kind: str
    sentences: tuple[str, ...]
    label: str
    highest: int
    predicted: str

    @property
    def num_labels(self) -> int:
        """The number of classes; a similarity has none."""
        return self.highest + 1

    @property
    def is_pair(self) -> bool:
        return len(self.sentences) == 2


_PAIR = ("sentence1", "sentence2")
TASKS = {
    task.name: task
    for task in (
        Task("sst", "sentiment", ("sentence",), "sentiment", 4, "Predicted_Sentiment"),
        Task("cfimdb", "sentiment", ("sentence",), "sentiment", 1, "Predicted_Sentiment"),
        Task("quora", "paraphrase", _PAIR, "is_duplicate", 1, "Predicted_Is_Paraphrase"),
        Task("sts", "similarity", _PAIR, "similarity", 5, "Predicted_Similarity"),
    )
}


@dataclass(frozen=True)
class Example:
    """One or two sentences, and the label: None in a test set."""

    id: str
    sentences: tuple[str, ...]
    label: float | None


def read_text(path: Path) -> Text:
    """A file's text. Raises UserError, with the line, if it is missing or not UTF-8."""
    try:
        raw = path.read_bytes()
        return Text(str(path), raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: byte {raw[error.start]:#04x} is not UTF-8") from None


def read(text: Text, task: Task, labelled: bool = True) -> list[Example]:
    """The examples of a file. labelled: whether it must have labels; else they are not read.

    Raises UserError, with file and line, for a missing column, a row that is too short, an empty
    sentence, a label that is not valid or out of range, and a quotation mark that is never closed.
    """
    columns = ["id", *task.sentences, *([task.label] if labelled else [])]
    examples = [
        _example(fields, task, labelled, text.place(line))
        for line, fields in _rows(text, columns)
        if fields["id"] not in UNLABELLED
    ]
    if not examples:
        raise UserError(f"{text.name} has no examples, only the names of its columns")
    return examples


def _rows(text: Text, columns: list[str]) -> Iterator[tuple[int, Fields]]:
    """Each row's first line, counted from 1, and its fields by these columns' names."""
    reader = csv.reader(io.StringIO(text.content, newline=""), delimiter="\t", strict=True)
    header = HEADERS.get(Path(text.name).name)
    line = 1
    try:
        for row in reader:
            if header is None:
                header = _header(row, columns, text.place(line))
            elif row:
                yield line, _fields(row, header, columns, text.place(line))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{text.place(line)}: a quoted field is not valid: {error}") from error
    if header is None:
        raise UserError(f"{text.name} is empty: it must name the columns {', '.join(columns)}")


def _header(row: list[str], columns: list[str], place: str) -> list[str]:
    for name in columns:
        if name not in row:
            found = ", ".join(repr(each) for each in row if each) or "nothing"
            raise UserError(
                f"{place}: there is no column {name!r} among {found[:200]}; "
                f"separated by tabs, it must name {', '.join(columns)}"
            )
    return row


def _fields(row: list[str], header: list[str], columns: list[str], place: str) -> Fields:
    if len(row) != len(header):
        raise UserError(f"{place}: {len(row)} fields, but the first line names {len(header)}")
    named = dict(zip(header, row, strict=True))
    return {name: named[name].strip() for name in columns}


def _example(fields: Fields, task: Task, labelled: bool, place: str) -> Example:
    for name in ("id", *task.sentences):
        if not fields[name]:
            raise UserError(f"{place}: the {name} is empty")
    label = _label(fields[task.label], task, place) if labelled else None
    return Example(fields["id"], tuple(fields[name] for name in task.sentences), label)


def _label(field: str, task: Task, place: str) -> float:
    """The label as a number; a class is a whole one."""
    whole = task.kind != "similarity"
    try:
        value = float(field)
    except ValueError:
        value = float("nan")
    if 0 <= value <= task.highest and (not whole or value.is_integer()):
        return value
    valid = f"a {'whole ' if whole else ''}number from 0 to {task.highest}"
    raise UserError(f"{place}: {task.label} {field[:SHOWN]!r} is not valid, it must be {valid}")
