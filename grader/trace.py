"""What a test saw of student code, kept as a few numbers: enough to tell one mistake from another.

    with recording() as seen:
        ...                         # expect.py notes each value that it is asked to check
    tuple(seen)

A value's print is its kind and shape, and for numbers their norm and three fixed random
projections: two prints are equal if the values are, up to rounding, and say little about them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

MOST = 256  # values of one test that are kept
PROJECTIONS = 3
RTOL, ATOL = 1e-4, 1e-6  # of the norm; float32 sums differ by less from machine to machine


@dataclass(frozen=True)
class Print:
    """The print of one value."""

    kind: str  # e.g. "float32 (2, 5)"
    numbers: tuple[float, ...] = ()  # the norm over sqrt(n), then the projections over sqrt(n)

    def equals(self, other: Print) -> bool:
        """Whether both are of the same value, up to rounding."""
        if self.kind != other.kind or len(self.numbers) != len(other.numbers):
            return False
        size = max((abs(number) for number in self.numbers), default=0.0)
        pairs = zip(self.numbers, other.numbers, strict=True)
        return all(abs(a - b) <= ATOL + RTOL * size for a, b in pairs)


Prints = tuple[Print, ...]


def equal(prints: Sequence[Print], others: Sequence[Print]) -> bool:
    """Whether two tests saw the same values in the same order, up to rounding."""
    pairs = zip(prints, others, strict=False)
    return len(prints) == len(others) and all(a.equals(b) for a, b in pairs)


_seen: list[Print] | None = None


@contextmanager
def recording() -> Iterator[list[Print]]:
    """Within it, `note` adds to the list that it gives."""
    global _seen
    before, _seen = _seen, []
    try:
        yield _seen
    finally:
        _seen = before


def note(value: Any) -> None:
    """Adds a value's print, if something is recording."""
    if _seen is not None and len(_seen) < MOST:
        _seen.append(print_of(value))


def print_of(value: Any) -> Print:
    """The print of any value that can come from student code."""
    if isinstance(value, Tensor) and value.layout is torch.strided and not value.is_complex():
        kind = f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
        return Print(kind, _numbers(value.detach().double().flatten()))
    if isinstance(value, bool | str | bytes):
        return Print(f"{type(value).__name__} {value!r:.60}")
    if isinstance(value, int | float) and abs(value) < 2**1000:  # nan and inf are not
        return Print("number", (float(value),))
    if isinstance(value, list | tuple | dict):
        return Print(f"{len(value)} items {_digest(value)}")
    return Print("number" if isinstance(value, int | float) else "object")


def _digest(value: Any) -> str:
    """A digest of plain values, with floats to 4 significant digits; of anything else, its kind."""
    return hashlib.sha256(_plain(value).encode(errors="replace")).hexdigest()[:12]


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_plain(key)}: {_plain(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_plain, value))}]"
    if isinstance(value, float):
        return f"{value:.4g}"
    return repr(value) if isinstance(value, bool | int | str | None) else print_of(value).kind


def _numbers(values: Tensor) -> tuple[float, ...]:
    values = torch.nan_to_num(values, nan=1e6, posinf=1e7, neginf=-1e7)
    root = math.sqrt(max(len(values), 1))
    projected = (_directions(len(values)) @ values).tolist()
    return tuple(number / root for number in (values.norm().item(), *projected))


@lru_cache(maxsize=64)
def _directions(size: int) -> Tensor:
    """(PROJECTIONS, size): the same for the same size, in every process."""
    generator = torch.Generator().manual_seed(size)
    return torch.randn(PROJECTIONS, size, generator=generator, dtype=torch.float64)
