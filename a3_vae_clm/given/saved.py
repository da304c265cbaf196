"""A trained model in a folder, and back. Given code: there is nothing to write here.

model.safetensors    the weights, and what was counted
model.json           the model's number, its sizes and its alphabet, and a digest of the weights
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from alphabet import Alphabet
from family import FAMILY
from sizes import Sizes, check
from torch import nn

from course import checkpoints
from course.errors import UserError
from course.files import is_file, read_text, write_all

SETTINGS, WEIGHTS = "model.json", "model.safetensors"


@dataclass(frozen=True)
class Saved:
    """A model of the family. number: its key in FAMILY."""

    number: str
    sizes: Sizes
    alphabet: Alphabet
    model: nn.Module

    @property
    def parameters(self) -> int:
        """The numbers that are trained."""
        return sum(each.numel() for each in self.model.parameters() if each.requires_grad)


def fresh(number: str, sizes: Sizes, alphabet: Alphabet) -> Saved:
    """A model before its training."""
    return Saved(number, sizes, alphabet, FAMILY[number].build(alphabet, sizes))


def save(folder: Path, saved: Saved) -> None:
    """Write the model. Raises UserError if the folder cannot be written."""
    checkpoints.save_weights(folder / WEIGHTS, saved.model)
    settings = {
        "model": saved.number,
        "sizes": asdict(saved.sizes),
        "alphabet": saved.alphabet.save(),
        "weights": digest(folder / WEIGHTS),
    }
    write_all(folder, {SETTINGS: json.dumps(settings, indent=2).encode() + b"\n"})


def load(folder: Path) -> Saved:
    """Read a model that `save` wrote. Raises UserError if the folder does not hold one, or holds
    the parts of two."""
    for name in (SETTINGS, WEIGHTS):
        if not is_file(folder / name):
            raise UserError(f"{folder} has no {name}: name the model folder of a finished run")
    saved, weights = _described(folder / SETTINGS)
    checkpoints.load_into(saved.model, folder / WEIGHTS)
    # Two models may have tensors of the same names and shapes.
    if weights not in (None, digest(folder / WEIGHTS)):
        raise UserError(f"{folder / WEIGHTS} belongs to another model than {SETTINGS} describes")
    saved.model.eval()
    return saved


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _described(path: Path) -> tuple[Saved, str | None]:
    """The model that a model.json describes, untrained, and the digest of its weights, if there."""
    try:
        settings = json.loads(read_text(path))
        number, sizes = str(settings["model"]), Sizes(**settings["sizes"])
        alphabet, weights = Alphabet.load(settings["alphabet"]), settings.get("weights")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{path} does not describe a model: {error!r}") from error
    if number not in FAMILY:
        raise UserError(f"{path}: {number!r} is not a model: choose from {', '.join(FAMILY)}")
    try:
        check(sizes)
        return fresh(number, sizes, alphabet), weights
    except UserError as error:
        words = str(error).removeprefix("--")
        raise UserError(f"{path} does not describe a model: {words}") from error
