"""The wire: the only things that may cross between the grader and student code.

Plain values cross: None, bool, int, float, str, bytes, list, tuple, dict (with plain keys), slice,
Ellipsis, and dense CPU tensors. Everything else stays where it is and crosses as a `Handle`, a
number with a type's name. Nothing is ever pickled.

A frame is `structure length, buffers length` (two little-endian uint32), then the structure
(msgpack), then the tensors' raw bytes in the order in which the structure names them. The two are
apart so that a frame can carry a large tensor and yet cannot make its reader build millions of
small objects: a structure byte may cost some 64 bytes of Python, a buffer byte costs one.

The reader trusts nothing: whatever the bytes, `decode` returns a value or raises `WireError`, in
time and memory bounded by the two limits below.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack
import torch

MAX_STRUCTURE = 4 * 2**20  # bytes of msgpack in one frame
STRUCTURE_COST = 64  # bytes of memory that one of them may become: an empty list is one byte
MAX_EXTENSIONS = 2**16  # tensors, handles, tuples and such in one frame: objects of some 500 bytes
MAX_NUMBERS = 2**14  # keys of dicts in one frame that are numbers
MAX_BUFFERS = 256 * 2**20  # bytes of tensors in one frame
MAX_DIMENSIONS = 16
MAX_ELEMENTS = 2**31  # of a tensor, dimensions of size 0 counted as 1, so that strides fit too
MAX_KIND = 100  # characters of a handle's type name
HEADER = struct.Struct("<II")

_HANDLE, _TENSOR, _TUPLE, _SLICE, _ELLIPSIS = range(1, 6)
_ALIGNMENT = 16  # of a tensor's bytes in the buffers, so that every dtype may be read in place
# The order is part of the protocol: a dtype's code is its index here.
_DTYPES = (
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
)
_CODES = {dtype: code for code, dtype in enumerate(_DTYPES)}
# Their subclasses, such as an IntEnum, cross as one of them.
_PLAIN: tuple[type[Any], ...] = (int, float, str, bytes, list)
# An int that is a multiple of 2**61 - 1 hashes to 0: a dict of such keys takes quadratic time. So
# do smaller numbers that are chosen for it, hence MAX_NUMBERS; the hashes of text are random.
_MAX_INT_KEY = 2**60


class WireError(ValueError):
    """The bytes are not a frame, or the value is not one that can cross."""


@dataclass(frozen=True)
class Handle:
    """Stands for an object that stays in the other process."""

    id: int
    kind: str  # the name of its type, for messages; never trusted


class _Tuple:
    """Marks a list as a tuple: it is the list's first element."""


_TUPLE_MARK = _Tuple()


def encode(value: Any, to_handle: Callable[[Any], Handle] | None = None) -> list[Any]:
    """The frame of `value`, as chunks of bytes to be sent one after the other.

    `to_handle` gives what to send instead of an object that cannot cross; without it such an
    object raises WireError, as does a value nested deeper than 500 or larger than the limits.
    """
    buffers: list[Any] = []

    def default(item: Any) -> Any:
        return _encode_special(item, buffers, to_handle)

    try:
        structure = msgpack.packb(value, default=default, strict_types=True)
    except WireError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WireError(f"the value cannot be sent: {error}") from None
    size = sum(len(buffer) for buffer in buffers)
    if len(structure) > MAX_STRUCTURE or size > MAX_BUFFERS:
        raise WireError(
            f"the value is too large to be sent: {len(structure)} bytes of structure (at most "
            f"{MAX_STRUCTURE}) and {size} of tensors (at most {MAX_BUFFERS})"
        )
    return [HEADER.pack(len(structure), size) + structure, *buffers]


def _encode_special(
    item: Any, buffers: list[Any], to_handle: Callable[[Any], Handle] | None
) -> Any:
    if isinstance(item, tuple):
        return [msgpack.ExtType(_TUPLE, b""), *item]
    if isinstance(item, Handle):
        return msgpack.ExtType(_HANDLE, msgpack.packb([item.id, item.kind]))
    if isinstance(item, torch.Tensor):
        return _encode_tensor(item, buffers, to_handle)
    if item is Ellipsis:
        return msgpack.ExtType(_ELLIPSIS, b"")
    if isinstance(item, slice):
        return msgpack.ExtType(_SLICE, msgpack.packb([item.start, item.stop, item.step]))
    if isinstance(item, dict) and all(_is_plain_key(key) for key in item):
        return dict(item)
    for plain in _PLAIN:
        if isinstance(item, plain) and type(item) is not plain:
            return plain(item)
    if type(item).__module__ == "numpy":
        return _encode_numpy(item, buffers, to_handle)
    return _as_handle(item, to_handle)


def _encode_numpy(item: Any, buffers: list[Any], to_handle: Callable[[Any], Handle] | None) -> Any:
    """A numpy array or scalar, as the tensor or number it stands for."""
    if hasattr(item, "__array_interface__") and bool(getattr(item, "ndim", 0)):
        try:
            return _encode_tensor(torch.from_numpy(item.copy()), buffers, to_handle)
        except TypeError:  # an array of objects or strings
            return _as_handle(item, to_handle)
    return item.item() if hasattr(item, "item") else _as_handle(item, to_handle)


def _encode_tensor(
    tensor: torch.Tensor, buffers: list[Any], to_handle: Callable[[Any], Handle] | None
) -> Any:
    code = _CODES.get(tensor.dtype)
    if code is None or tensor.layout is not torch.strided or tensor.is_quantized:
        return _as_handle(tensor, to_handle)
    flat = tensor.detach().cpu().contiguous().reshape(-1).resolve_conj().resolve_neg()
    raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    buffers.append(raw + bytes(-len(raw) % _ALIGNMENT))
    return msgpack.ExtType(_TENSOR, msgpack.packb([code, list(tensor.shape)]))


def _as_handle(item: Any, to_handle: Callable[[Any], Handle] | None) -> Any:
    if to_handle is None:
        raise WireError(f"a {type(item).__name__} cannot be sent")
    handle = to_handle(item)
    return msgpack.ExtType(_HANDLE, msgpack.packb([handle.id, handle.kind[:MAX_KIND]]))


def _is_plain_key(key: Any) -> bool:
    if type(key) is int:
        return -_MAX_INT_KEY < key < _MAX_INT_KEY
    return key is None or type(key) in (bool, float, str, bytes)


def read_header(header: bytes | bytearray) -> tuple[int, int]:
    """(structure length, buffers length) of a frame; WireError if one is over its limit."""
    structure, buffers = HEADER.unpack(header)
    if structure > MAX_STRUCTURE or buffers > MAX_BUFFERS:
        raise WireError(f"a frame of {structure} + {buffers} bytes is over the limit")
    return structure, buffers


def decode(
    structure: bytes | bytearray | memoryview,
    buffers: bytearray,
    from_handle: Callable[[Handle], Any] = lambda handle: handle,
) -> Any:
    """The value of a frame's two halves; `from_handle` gives what replaces a handle.

    Raises WireError for anything that `encode` does not write.
    """
    reader = _Reader(buffers, from_handle)
    try:
        value = msgpack.unpackb(
            structure,
            ext_hook=reader.extension,
            list_hook=reader.sequence,
            object_pairs_hook=reader.mapping,
            strict_map_key=False,
            max_array_len=MAX_STRUCTURE,
            max_map_len=MAX_STRUCTURE,
        )
    except WireError:
        raise
    except Exception as error:  # whatever msgpack or torch raise on malformed bytes
        raise WireError(f"malformed frame: {type(error).__name__}: {error}"[:300]) from None
    _refuse_foreign((value,))
    if reader.offset != len(buffers):
        raise WireError(f"{len(buffers) - reader.offset} bytes of tensors belong to no tensor")
    return value


def _refuse_foreign(items: tuple[Any, ...] | list[Any]) -> None:
    """A timestamp is msgpack's own, and a tuple's mark alone is not a value."""
    for item in items:
        if isinstance(item, msgpack.Timestamp | _Tuple):
            raise WireError(f"a {type(item).__name__.strip('_').lower()} is not a value")


class _Reader:
    """Rebuilds what msgpack has no type for; tracks the position in the buffers."""

    def __init__(self, buffers: bytearray, from_handle: Callable[[Handle], Any]) -> None:
        self.buffers = buffers
        self.offset = 0
        self.from_handle = from_handle
        self.extensions, self.numbers = 0, 0

    def sequence(self, items: list[Any]) -> Any:
        if items and items[0] is _TUPLE_MARK:
            _refuse_foreign(items[1:])
            return tuple(items[1:])
        _refuse_foreign(items)
        return items

    def mapping(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        for key, value in pairs:
            if not _is_plain_key(key):
                raise WireError(f"a {type(key).__name__} is not a key")
            _refuse_foreign((value,))
            self.numbers += not isinstance(key, str | bytes)
        if self.numbers > MAX_NUMBERS:
            raise WireError(f"more than {MAX_NUMBERS} keys of dicts are numbers")
        return dict(pairs)

    def extension(self, code: int, data: bytes) -> Any:
        self.extensions += 1
        if self.extensions > MAX_EXTENSIONS:
            raise WireError(f"more than {MAX_EXTENSIONS} tensors, handles and tuples")
        if code == _TUPLE and not data:
            return _TUPLE_MARK
        if code == _ELLIPSIS and not data:
            return Ellipsis
        if code == _HANDLE:
            return self.from_handle(_read_handle(data))
        if code == _SLICE:
            return _read_slice(data)
        if code == _TENSOR:
            return self.tensor(data)
        raise WireError(f"{code} is not an extension")

    def tensor(self, data: bytes) -> torch.Tensor:
        dtype, shape = _read_tensor_header(data)
        count = math.prod(shape)
        size = count * dtype.itemsize
        start = self.offset
        self.offset += size + -size % _ALIGNMENT
        if self.offset > len(self.buffers):
            raise WireError(f"a tensor of shape {shape} has too few bytes")
        if not count:
            return torch.empty(shape, dtype=dtype)
        if dtype is torch.bool:  # a bool of any other byte than 0 or 1 is undefined
            raw = torch.frombuffer(self.buffers, dtype=torch.uint8, count=count, offset=start)
            return (raw != 0).reshape(shape)
        return torch.frombuffer(self.buffers, dtype=dtype, count=count, offset=start).reshape(shape)


def _read_small(data: bytes, length: int) -> list[Any]:
    """The short flat list inside an extension."""
    value = msgpack.unpackb(data, max_array_len=64, max_map_len=0, max_ext_len=0)
    if type(value) is not list or len(value) != length:
        raise WireError(f"an extension holds {length} items")
    return value


def _read_handle(data: bytes) -> Handle:
    number, kind = _read_small(data, 2)
    if type(number) is not int or type(kind) is not str or len(kind) > MAX_KIND:
        raise WireError("a handle is a number and a name")
    return Handle(number, kind)


def _read_slice(data: bytes) -> slice:
    parts = _read_small(data, 3)
    if any(part is not None and type(part) is not int for part in parts):
        raise WireError("a slice is made of whole numbers")
    return slice(*parts)


def _read_tensor_header(data: bytes) -> tuple[torch.dtype, list[int]]:
    code, shape = _read_small(data, 2)
    if type(code) is not int or not 0 <= code < len(_DTYPES):
        raise WireError(f"{code!r} is not a dtype")
    if type(shape) is not list or len(shape) > MAX_DIMENSIONS:
        raise WireError("a shape is a list of at most 16 dimensions")
    if any(type(size) is not int or size < 0 for size in shape):
        raise WireError(f"{shape!r} is not a shape")
    if math.prod(max(size, 1) for size in shape) > MAX_ELEMENTS:
        raise WireError(f"a tensor of shape {shape} is too large")
    return _DTYPES[code], shape
