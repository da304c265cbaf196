"""The texts that run.py works on: embedded, multi30k, or files of your own.

    corpus = find("multi30k", data_dir=None)
    corpus.train, corpus.dev, corpus.test       # lines, none above 99 characters

Multi30k is split as in the notes on compositional language models, so that figures can be compared:
the English side of the training set, its first line dropped; every line whose index, counted from
0, is 4 modulo 5 is test. The last 1,000 of the others are dev.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import embedded
from alphabet import MAX_LENGTH, Alphabet

from course import data
from course.errors import UserError
from course.text import SHOWN, Text
from course.text import read as read_file

DATASETS = ("embedded", "multi30k")
MULTI30K = "train.en.gz"
EVERY, TEST = 5, 4  # of five lines, the one with this index is test
DEV = 1000  # lines of multi30k's train, and at most of a file's
SHARE = 10  # a tenth of a file is dev, if no other is named
Lines = tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """Texts, cut to MAX_LENGTH characters.

    log_prob: the log-probability of a text under the true distribution, nats, if that is known.
    entropy: the mean of its negative over all texts.
    """

    name: str
    train: Lines
    dev: Lines
    test: Lines
    log_prob: Callable[[str], float] | None = None
    entropy: float | None = None

    @property
    def held_out(self) -> dict[str, Lines]:
        return {"dev": self.dev, "test": self.test}

    @property
    def sha256(self) -> str:
        """Identifies train and dev: a training resumes only with the same ones."""
        text = "\n".join(self.train) + "\n\n" + "\n".join(self.dev)
        return hashlib.sha256(text.encode()).hexdigest()


def find(name: str, data_dir: Path | None = None) -> Corpus:
    """The corpus of one of DATASETS. Raises UserError if a file is missing or broken."""
    return _embedded() if name == "embedded" else _multi30k(data_dir)


def files(train: Path, dev: Path | None = None) -> Corpus:
    """The corpus of one's own files; without `dev` the last tenth of train is dev, and no test.

    Raises UserError for a file that cannot be read, an empty line, or a single line.
    """
    lines = read(train)
    if dev is not None:
        return Corpus("files", lines, read(dev), ())
    if len(lines) < 2:
        raise UserError(f"{train} has one line: a training needs one, and dev another")
    held_out = min(DEV, max(1, len(lines) // SHARE))
    return Corpus("files", lines[:-held_out], lines[-held_out:], ())


def read(path: Path) -> Lines:
    """The lines of a file, see `lines_of`; of a compressed one if its name ends in .gz."""
    if path.suffix != ".gz":
        return lines_of(read_file(path))
    try:
        return lines_of(Text(str(path), gzip.decompress(path.read_bytes()).decode("utf-8")))
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: byte {error.start} cannot be read") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read {path}: {reason}") from error


def lines_of(text: Text) -> Lines:
    """The lines of a text, cut to MAX_LENGTH. Raises UserError for an empty line, and for none."""
    if not text.content.strip():
        raise UserError(f"{text.name} is empty: it must have a text on each line")
    for number, line in enumerate(text.lines, 1):
        if not line.strip():
            raise UserError(f"{text.place(number)} is empty: each line must be a text")
    return tuple(line[:MAX_LENGTH] for line in text.lines)


def encode(lines: Sequence[str], alphabet: Alphabet, name: str) -> list[list[int]]:
    """The codes of lines. name: of their source, for messages.

    Raises UserError for a line of which no character is in the alphabet: no model can have learned
    anything about it.
    """
    sequences = [alphabet.encode(line) for line in lines]
    for number, (line, codes) in enumerate(zip(lines, sequences, strict=True), 1):
        if all(code == alphabet.unknown for code in codes):
            known = f"the {len(alphabet.characters)} characters of the model's alphabet"
            raise UserError(f"{name}, line {number}: {line[:SHOWN]!r} has none of {known}")
    return sequences


def _embedded() -> Corpus:
    grammar = embedded.ENGLISH
    return Corpus(
        "embedded", **embedded.build(), log_prob=grammar.log_prob, entropy=grammar.entropy()
    )


def _multi30k(data_dir: Path | None) -> Corpus:
    lines = read(data.load("multi30k", data_dir, [MULTI30K])[MULTI30K])[1:]
    test = lines[TEST::EVERY]
    others = tuple(line for index, line in enumerate(lines) if index % EVERY != TEST)
    if len(others) <= DEV:
        raise UserError(f"{MULTI30K} has {len(lines) + 1} lines; dev alone needs {DEV:,}")
    return Corpus("multi30k", others[:-DEV], others[-DEV:], test)
