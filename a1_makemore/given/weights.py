"""Save a model's weights as named tensors and load them; their shapes give the model's sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from makemore import build_model
from torch import Tensor

from course import checkpoints
from course.errors import UserError

NAMES = ("weight", "bias", "gamma", "beta", "running_mean", "running_var")
CHARACTERS = "characters"  # the code points of the vocabulary, in its order


def state_of(model: Any) -> dict[str, Tensor]:
    """{"3.gamma": tensor}: the layer's index in the Sequential, and the tensor's name.

    Running statistics are (dim,), even if a layer keeps them as (1, 1, dim).
    """
    state = {
        f"{place}.{name}": getattr(layer, name).detach()
        for place, layer in enumerate(model.layers)
        for name in NAMES
        if isinstance(getattr(layer, name, None), Tensor)
    }
    return {k: v.flatten() if "running" in k else v for k, v in state.items()}


def save_model(path: Path, model: Any, stoi: dict[str, int]) -> None:
    """Write the model's weights and its vocabulary."""
    characters = torch.tensor(code_points(stoi))
    checkpoints.save_weights(path, state_of(model) | {CHARACTERS: characters})


def code_points(stoi: dict[str, int]) -> list[int]:
    """The code point of each character, in the order of the indices."""
    return [ord(char) for char in sorted(stoi, key=stoi.__getitem__)]


def load_model(path: str, stoi: dict[str, int]) -> tuple[Any, int]:
    """The model whose weights a file holds, and its block size.

    Raises UserError if the file holds anything else, or its vocabulary is not that of `stoi`.
    """
    state = checkpoints.load_weights(path)
    characters = state.pop(CHARACTERS, torch.tensor([]))
    model, block_size = _empty(state, path)
    expected = state_of(model)
    for name in sorted(expected.keys() | state.keys()):
        shapes = [tuple(t[name].shape) if name in t else None for t in (state, expected)]
        if shapes[0] != shapes[1]:
            raise UserError(f"{path}: tensor {name} has shape {shapes[0]}, expected {shapes[1]}")
    if characters.tolist() != code_points(stoi) or len(state["0.weight"]) != len(stoi):
        raise UserError(f"{path}: its model was trained on names with other characters")
    for name, tensor in state.items():
        place, _, attribute = name.partition(".")
        getattr(model.layers[int(place)], attribute).data.copy_(tensor)
    return model, block_size


def _empty(state: dict[str, Tensor], path: str) -> tuple[Any, int]:
    """A model with the sizes given by the tensors' shapes."""
    gammas = [t for name, t in state.items() if name.endswith(".gamma") and t.dim() == 1]
    if not gammas or state.get("0.weight") is None or state["0.weight"].dim() != 2:
        raise UserError(f"{path} holds no weights of a makemore model")
    block_size = 2 ** len(gammas)
    vocab_size, n_embd = state["0.weight"].shape
    return build_model(vocab_size, block_size, n_embd, len(gammas[0])), block_size
