"""The sentence pairs that run.py works on: embedded, from the registry, or from files.

    corpus = find("tatoeba_zh_en", data_dir=None)
    corpus.train, corpus.dev, corpus.test     # Examples: a source, one or more references
    corpus.more["test_2017"]                  # further test sets, of multi30k

A file of pairs has a line for each: the source, TAB, its translation, and more TABs and
translations if there are several. Or there are several files, the sources and their translations
line by line. Every line is checked before anything is computed.

Tatoeba has the same sentence on several lines, so a split by lines leaves a good part of the test's
English in train. It is split by connected components instead: pairs that share a sentence on either
side, whatever its case and punctuation, are in the same split. In dev and test the translations of
a sentence are its references. Traditional and simplified characters are mixed, in all splits.
"""

from __future__ import annotations

import gzip
import hashlib
import random
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import embedded
from embedded import Example

from course import data
from course.errors import UserError
from course.text import Text
from course.text import read as read_file

DATASETS = ("embedded", "tatoeba_zh_en", "multi30k")
SPLIT_SEED = 20_160_401  # of Tatoeba's split; another makes other figures
HELD_OUT = 1000  # of Tatoeba's sources, at least, in dev and in test each
MULTI30K = {
    "train": "train",
    "dev": "val",
    "test": "test_2016_flickr",
    "test_2017": "test_2017_flickr",
}
PAIR = "a sentence, a TAB and its translation"
Examples = tuple[Example, ...]


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs. more: test sets beside `test`."""

    name: str
    train: Examples
    dev: Examples
    test: Examples
    more: dict[str, Examples] = field(default_factory=dict)

    @property
    def held_out(self) -> dict[str, Examples]:
        """Everything but train."""
        return {"dev": self.dev, "test": self.test, **self.more}

    @property
    def sha256(self) -> str:
        """Identifies train and dev: a training resumes only with the same ones."""
        lines = embedded.lines(self.train) + "\n" + embedded.lines(self.dev)
        return hashlib.sha256(lines.encode()).hexdigest()


def find(name: str, data_dir: Path | None = None) -> Corpus:
    """The corpus of one of DATASETS. Raises UserError if a file is missing or broken."""
    return {"embedded": _embedded, "tatoeba_zh_en": _tatoeba, "multi30k": _multi30k}[name](data_dir)


def read(paths: Sequence[Path]) -> Examples:
    """The pairs of one file with TABs, or of a file of sources and files of their translations.

    Raises UserError, with file and line, for a line that is empty or has no TAB, and for files of
    different lengths.
    """
    texts = [read_text(path) for path in paths]
    return _from_tabs(texts[0]) if len(texts) == 1 else parallel(texts)


def read_text(path: Path) -> Text:
    """The text of a file, or of a compressed one if its name ends in .gz. Raises UserError."""
    if path.suffix != ".gz":
        return read_file(path)
    try:
        return Text(str(path), gzip.decompress(path.read_bytes()).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: byte {error.start} cannot be read") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read {path}: {reason}") from error


def sentences(text: Text) -> list[str]:
    """The sentences of a text, one a line. Raises UserError for an empty line, and for none."""
    if not text.content.strip():
        raise UserError(f"{text.name} is empty: it must have a sentence on each line")
    stripped = [line.strip() for line in text.lines]
    for number, line in enumerate(stripped, 1):
        if not line:
            raise UserError(f"{text.place(number)} is empty: each line must be a sentence")
    return stripped


def parallel(texts: Sequence[Text]) -> Examples:
    """Examples of a text of sources and texts of their translations, line by line."""
    columns = [sentences(text) for text in texts]
    for text, column in zip(texts, columns, strict=True):
        if len(column) != len(columns[0]):
            raise UserError(
                f"{texts[0].name} has {len(columns[0])} lines and {text.name} has {len(column)}: "
                "each line must be the translation of the same line of the other"
            )
    return tuple(Example(source, tuple(others)) for source, *others in zip(*columns, strict=True))


def _from_tabs(text: Text) -> Examples:
    sentences(text)
    rows = [tuple(part.strip() for part in line.split("\t")) for line in text.lines]
    for number, row in enumerate(rows, 1):
        if len(row) < 2 or not all(row):
            raise text.not_valid(number, PAIR)
    return tuple(Example(source, tuple(others)) for source, *others in rows)


def _embedded(_: Path | None) -> Corpus:
    corpus = embedded.build()
    return Corpus("embedded", corpus.train, corpus.dev, corpus.test)


def _multi30k(data_dir: Path | None) -> Corpus:
    names = [f"{name}.{side}.gz" for name in MULTI30K.values() for side in ("de", "en")]
    paths = data.load("multi30k", data_dir, names)
    sets = {
        split: parallel([read_text(paths[f"{name}.{side}.gz"]) for side in ("de", "en")])
        for split, name in MULTI30K.items()
    }
    train, dev, test = (sets.pop(split) for split in embedded.SPLITS)
    return Corpus("multi30k", train, dev, test, sets)


def _tatoeba(data_dir: Path | None) -> Corpus:
    text = read_text(data.load("tatoeba_zh_en", data_dir)["cmn.txt"])
    rows = [line.split("\t") for line in text.lines]
    pairs = [(row[1].strip(), row[0].strip()) for row in rows if len(row) > 1]
    pairs = [pair for pair in dict.fromkeys(pairs) if all(pair)]
    if len(pairs) < 4 * HELD_OUT:
        raise UserError(f"{text.name} has {len(pairs)} pairs; a split needs {4 * HELD_OUT}")
    if len(pairs) < len(rows):
        left_out = f"{len(rows) - len(pairs)} of its {len(rows)} lines"
        print(f"{text.name}: {left_out} have no TAB or are repeated", file=sys.stderr)
    return Corpus("tatoeba_zh_en", *split(pairs, HELD_OUT))


def split(pairs: Iterable[tuple[str, str]], held_out: int) -> tuple[Examples, Examples, Examples]:
    """Train, dev and test: no sentence of one, on either side, is in another.

    pairs: (source, translation). held_out: sources in dev and in test, at least.
    """
    groups = components(pairs)
    random.Random(SPLIT_SEED).shuffle(groups)
    dev = _take(groups, held_out)
    test = _take(groups, held_out)
    train = tuple(Example(source, (target,)) for group in groups for source, target in group)
    return train, dev, test


def _take(groups: list[list[tuple[str, str]]], count: int) -> Examples:
    """Take groups off the end until they have so many sources, with all references of each."""
    references: dict[str, list[str]] = {}
    while len(references) < count:
        for source, target in groups.pop():
            references.setdefault(source, []).append(target)
    return tuple(Example(source, tuple(targets)) for source, targets in references.items())


def components(pairs: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Groups of pairs, linked by a sentence that two have in common on either side."""
    pairs, parent = list(pairs), {}
    find_root = _roots(parent)
    for pair in pairs:
        source, target = (find_root((side, _key(text))) for side, text in enumerate(pair))
        parent[source] = target
    groups: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for pair in pairs:
        groups.setdefault(find_root((0, _key(pair[0]))), []).append(pair)
    return list(groups.values())


def _roots(parent: dict[tuple[int, str], tuple[int, str]]) -> Callable:
    """A function from a sentence to the one that stands for its group, in `parent` (union-find)."""

    def root(node: tuple[int, str]) -> tuple[int, str]:
        while parent.setdefault(node, node) != node:
            parent[node] = node = parent[parent[node]]  # halves the way for the next time
        return node

    return root


def _key(text: str) -> str:
    """What makes two sentences the same: their letters and digits, without case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded)) or text
