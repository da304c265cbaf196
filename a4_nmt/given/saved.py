"""A trained model in a folder, and back. Given code: there is nothing to write here.

model.safetensors    the weights
model.json           the sizes, the attention, and a digest of the vocabulary
vocab.json           the pieces of both languages
src.json, tgt.json   how text becomes pieces and pieces text, if the model was saved with it
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmt_model import NMT
from subwords import Subwords
from vocab import Vocab

from course import checkpoints
from course.errors import UserError
from course.files import is_file, read_text, write_all

SETTINGS, WEIGHTS, VOCAB = "model.json", "model.safetensors", "vocab.json"
SOURCE, TARGET = "src.json", "tgt.json"
SIZES = ("embed_size", "hidden_size", "dropout_rate", "attention")


@dataclass(frozen=True)
class Saved:
    """A model with its two languages' pieces; these are None if it was saved without."""

    model: NMT
    source: Subwords | None
    target: Subwords | None


def save(
    folder: Path, model: NMT, source: Subwords | None = None, target: Subwords | None = None
) -> None:
    """Write the model. Raises UserError if the folder cannot be written."""
    settings = {name: getattr(model, name) for name in SIZES}
    settings["vocabulary"] = digest(model.vocab)
    write_all(folder, {SETTINGS: json.dumps(settings, indent=2).encode() + b"\n"})
    model.vocab.save(folder / VOCAB)
    for name, pieces in ((SOURCE, source), (TARGET, target)):
        if pieces is not None:
            pieces.save(folder / name)
    checkpoints.save_weights(folder / WEIGHTS, model)


def load(folder: Path) -> Saved:
    """Read a model that `save` wrote. Raises UserError if the folder does not hold one, or holds
    parts of different ones."""
    for name in (SETTINGS, WEIGHTS, VOCAB):
        if not is_file(folder / name):
            raise UserError(f"{folder} has no {name}: name the model folder of a finished run")
    vocab = Vocab.load(folder / VOCAB)
    settings = _settings(folder / SETTINGS)
    if settings.pop("vocabulary", None) != digest(vocab):
        raise UserError(f"{folder / VOCAB} is another vocabulary than the model was trained with")
    try:
        model = NMT(vocab=vocab, **settings)
    except (TypeError, ValueError) as error:
        raise UserError(f"{folder / SETTINGS} does not describe a model: {error}") from error
    checkpoints.load_into(model, folder / WEIGHTS)
    source = _pieces(folder / SOURCE, vocab.src.words)
    return Saved(model.eval(), source, _pieces(folder / TARGET, vocab.tgt.words))


def digest(vocab: Vocab) -> str:
    """The same for two vocabularies if and only if every piece has the same index in both."""
    words = json.dumps([vocab.src.words, vocab.tgt.words])
    return hashlib.sha256(words.encode()).hexdigest()


def _settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(read_text(path))
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    for name in ("embed_size", "hidden_size"):
        size = settings.get(name) if isinstance(settings, dict) else None
        if not isinstance(size, int) or size < 1:
            raise UserError(f"{path} does not describe a model: {name} is {size!r}, not above 0")
    return dict(settings)


def _pieces(path: Path, words: list[str]) -> Subwords | None:
    if not is_file(path):
        return None
    pieces = Subwords.load(path)
    if pieces.words != words:
        raise UserError(f"{path} has other pieces than the vocabulary that the model has")
    return pieces
