"""The files that a command works on: from paths, from the registry's minbert, or embedded.

    corpus = find("sst", args)
    corpus.train, corpus.dev             # lists of examples
    corpus.test                          # without labels, or None

Of Quora, the two files that could be had are all of train (13,507 pairs), and quora-dev.csv is dev:
it shares no pair with them, and 6.2 % of its pairs share one sentence with the smaller file.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import datasets
import embedded
from datasets import TASKS, Example, Task

from course import data
from course.text import Text

DATASETS = ("embedded", "minbert")
SPLITS = ("train", "dev", "test")
FILES = {
    "sst": ("ids-sst-train.csv", "ids-sst-dev.csv", "ids-sst-test-student.csv"),
    "cfimdb": ("ids-cfimdb-train.csv", "ids-cfimdb-dev.csv", "ids-cfimdb-test-student.csv"),
    "quora": ("quora-train-small.csv", "quora-dev.csv", None),
    "sts": ("sts-train.csv", "sts-dev.csv", "sts-test-student.csv"),
}
MORE = {"minbert": {("quora", "train"): ("quora-train-pre-left.csv",)}}  # parts of the same split


@dataclass(frozen=True)
class Corpus:
    """A task's examples. sha256: identifies the texts that train and dev come from."""

    task: Task
    train: list[Example]
    dev: list[Example]
    test: list[Example] | None
    sha256: str


def add_path_flags(parser: argparse.ArgumentParser, tasks: Iterable[str]) -> None:
    """Add --sst_train, --sst_dev, --sst_test and so on: files instead of --data's."""
    group = parser.add_argument_group("files to use in place of those of --data")
    for task in tasks:
        for split in SPLITS:
            names = sorted({f"--{task}_{split}", f"--{task}-{split}"})
            group.add_argument(*names, dest=f"{task}_{split}", type=Path, metavar="FILE")


def find(name: str, args: argparse.Namespace) -> Corpus:
    """The examples of a task. Raises UserError for a file that is missing or not valid."""
    task = TASKS[name]
    texts = {split: _texts(name, split, args) for split in SPLITS}
    total = hashlib.sha256("".join(t.sha256 for t in texts["train"] + texts["dev"]).encode())
    train, dev = (_examples(texts[split], task) for split in ("train", "dev"))
    test = _examples(texts["test"], task, labelled=False) if texts["test"] else None
    return Corpus(task, train, dev, test, total.hexdigest())


def sentences(corpora: Iterable[Corpus]) -> list[str]:
    """All sentences to train on, each once, in a fixed order."""
    return sorted({s for corpus in corpora for example in corpus.train for s in example.sentences})


def _examples(texts: list[Text], task: Task, labelled: bool = True) -> list[Example]:
    return [example for text in texts for example in datasets.read(text, task, labelled)]


def _texts(task: str, split: str, args: argparse.Namespace) -> list[Text]:
    """The texts of a split: none if the data set has no such file."""
    path = getattr(args, f"{task}_{split}", None)
    if path is not None:
        return [datasets.read_text(path)]
    name = FILES[task][SPLITS.index(split)]
    if name is None:
        return []
    if args.data == "embedded":
        return [Text(f"embedded {name}", embedded.build()[name])]
    names = [name, *MORE.get(args.data, {}).get((task, split), ())]
    paths = data.load(args.data, args.data_dir, names)
    return [datasets.read_text(paths[each]) for each in names]
