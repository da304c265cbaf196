"""Checkpoints that survive a kill at any moment, and model weights that are checked before use.

A checkpoint is a dict of tensors and plain values, read with `weights_only=True` so that a file
from elsewhere cannot carry code. Weights are safetensors if the path ends in .safetensors.
"""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from course.errors import UserError
from course.files import is_file, make_folder, write_aside

State = dict[str, Any]


def save(path: Path | str, state: Mapping[str, Any]) -> None:
    """Write `state` to `path`, whole or not at all.

    Raises UserError if the folder cannot be written.
    """
    _write(Path(path), lambda file: torch.save(dict(state), file))


def load(path: Path | str, map_location: torch.device | str = "cpu") -> State:
    """Read a checkpoint. Raises UserError if the file is missing or is not a checkpoint."""
    path = Path(path)
    _must_exist(path)
    try:
        state = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # broken bytes: zip, pickle, struct and torch each raise their own
        raise UserError(
            f"{path} is broken, or does not hold tensors and plain values saved by torch.save"
        ) from error
    if not isinstance(state, dict):
        raise UserError(f"{path} holds a {type(state).__name__}, not a dict")
    return state


def save_weights(path: Path | str, weights: nn.Module | Mapping[str, Tensor]) -> None:
    """Write a model's weights: safetensors if `path` ends in .safetensors, else torch's format.

    Tensors are copied to the CPU, tied ones twice: safetensors rejects shared memory.
    """
    path = Path(path)
    state = weights.state_dict() if isinstance(weights, nn.Module) else weights
    plain = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in state.items()}
    if path.suffix == ".safetensors":
        _write(path, lambda file: file.write(safetensors.torch.save(plain)))
    else:
        save(path, plain)


def load_weights(path: Path | str) -> dict[str, Tensor]:
    """Read weights in either format. Raises UserError unless every value is a tensor."""
    path = Path(path)
    _must_exist(path)
    if path.suffix == ".safetensors":
        try:
            return safetensors.torch.load_file(path)
        except Exception as error:  # SafetensorError for broken bytes, OSError for the file
            raise UserError(f"{path} is broken, or is not a safetensors file") from error
    state = load(path)
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise UserError(
                f"{path}: {name!r} is a {type(value).__name__}; all weights must be tensors"
            )
    return state


def load_into(model: nn.Module, path: Path | str) -> None:
    """Load the weights at `path` into `model`, which is left untouched unless every tensor fits.

    Raises UserError naming the file, the first wrong tensor, and its expected and actual shapes.
    """
    weights = load_weights(path)
    check_fits(model, weights, str(path))
    model.load_state_dict(weights)


def check_fits(model: nn.Module, found: Mapping[str, Tensor], source: str) -> None:
    """Raise UserError unless `found` has exactly the names and shapes of `model`'s state."""
    expected = model.state_dict()
    for name, tensor in expected.items():
        if name not in found:
            raise UserError(f"{source}: tensor {name} {_shape(tensor)} is missing")
        if found[name].shape != tensor.shape:
            raise UserError(
                f"{source}: tensor {name} has shape {_shape(found[name])}, "
                f"the model expects {_shape(tensor)}"
            )
    for name in found:
        if name not in expected:
            raise UserError(
                f"{source}: tensor {name} {_shape(found[name])} is not one of the model's "
                f"{len(expected)} tensors"
            )


def rng_state() -> State:
    """The state of every random source, in tensors and plain values only."""
    numbers: Any = np.random.get_state()  # a tuple; a dict only on request
    _, keys, position, has_gauss, cached = numbers
    return {
        "python": random.getstate(),
        "numpy": (torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_rng(state: State) -> None:
    """Put every random source back into the state that `rng_state` returned."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    # A run may resume on a machine with fewer devices, or none.
    for index, cuda in enumerate(state["cuda"][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(cuda.cpu(), index)


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    try:
        make_folder(path.parent)
        with write_aside(path) as file:
            write(file)
    except (OSError, RuntimeError) as error:
        # On a full disk torch.save complains about its file position; the cause is in the context.
        reason = error if isinstance(error, OSError) else error.__context__
        if not isinstance(reason, OSError):
            raise
        raise UserError(f"cannot write {path}: {reason.strerror or reason}") from error


def _must_exist(path: Path) -> None:
    if not is_file(path):
        raise UserError(f"{path}: there is no such file")


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))
