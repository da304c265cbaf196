"""A model's weights as named tensors, and back: the model's sizes are read from their shapes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from course import checkpoints
from course.errors import UserError

NAMES = ("weight", "bias", "gamma", "beta", "running_mean", "running_var")


def state_of(model: Any) -> dict[str, Tensor]:
    """{"3.gamma": tensor}: the layer's place in the Sequential, and the tensor's name."""
    return {
        f"{place}.{name}": getattr(layer, name).detach()
        for place, layer in enumerate(model.layers)
        for name in NAMES
        if isinstance(getattr(layer, name, None), Tensor)
    }


def load_model(path: str, makemore: Any, vocab_size: int) -> tuple[Any, int]:
    """The model whose weights a file holds, and its block size. makemore: the student's module.

    Raises UserError for a file of anything else, and for a vocabulary of another size.
    """
    found = checkpoints.load_weights(path)
    model, block_size = _empty(found, makemore, path)
    expected = state_of(model)
    for name in sorted(expected.keys() | found.keys()):
        shapes = [tuple(t[name].shape) if name in t else None for t in (found, expected)]
        if shapes[0] != shapes[1]:
            raise UserError(f"{path}: tensor {name} has shape {shapes[0]}, expected {shapes[1]}")
    if found["0.weight"].size(0) != vocab_size:
        raise UserError(
            f"{path}: a model of {found['0.weight'].size(0)} characters, the names have "
            f"{vocab_size}: it was trained on others"
        )
    for name, tensor in found.items():
        place, _, attribute = name.partition(".")
        getattr(model.layers[int(place)], attribute).data.copy_(tensor)
    return model, block_size


def _empty(found: dict[str, Tensor], makemore: Any, path: str) -> tuple[Any, int]:
    """A model of the sizes that the tensors' shapes tell."""
    gammas = [tensor for name, tensor in found.items() if name.endswith(".gamma")]
    if not gammas or found.get("0.weight") is None or found["0.weight"].dim() != 2:
        raise UserError(f"{path} holds no weights of a makemore model")
    block_size = 2 ** len(gammas)
    vocab_size, n_embd = found["0.weight"].shape
    return makemore.build_model(vocab_size, block_size, n_embd, len(gammas[0])), block_size
