"""The wire: what crosses comes back the same, and whatever the bytes, a value or a WireError.

`HYPOTHESIS_PROFILE=nightly` runs 100,000 examples of any and of mutated bytes instead of 2,000.
"""

from __future__ import annotations

import math
import struct
import tracemalloc
from typing import Any

import msgpack
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.boundary import wire

# Beside the two properties of any and of mutated bytes, which have all the profile's examples.
FEWER = settings(max_examples=settings.default.max_examples // 4)
FEW_BYTES = 4096  # of a fuzzed frame
# What decoding so few bytes may take: structure at its cost, tensors once more, and some for luck.
MOST_MEMORY = 4 * FEW_BYTES * wire.STRUCTURE_COST + 2**20

_KEYS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60) + 1, 2**60 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.binary(max_size=5),
)
_INTEGERS = st.integers(-(2**63), 2**64 - 1)
_BOUNDS = st.none() | st.integers(-(2**63), 2**63 - 1)
_LEAVES = st.one_of(
    _KEYS,
    _INTEGERS,
    st.floats(),
    st.just(...),
    st.builds(slice, _BOUNDS, _BOUNDS, _BOUNDS),
    st.builds(wire.Handle, st.integers(0, 2**63), st.text(max_size=20)),
)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """A small tensor of any shape and dtype that cross."""
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    dtype = draw(st.sampled_from(wire._DTYPES))
    numbers = draw(
        st.lists(st.integers(0, 99), min_size=math.prod(shape), max_size=math.prod(shape))
    )
    return torch.tensor(numbers, dtype=torch.int64).reshape(shape).to(dtype)


VALUES = st.recursive(
    _LEAVES | tensors(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(_KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


def halves(value: Any) -> tuple[bytes, bytes]:
    """The structure and the buffers of a value's frame."""
    frame = b"".join(map(bytes, wire.encode(value)))
    size, _ = wire.read_header(frame[: wire.HEADER.size])
    return frame[wire.HEADER.size :][:size], frame[wire.HEADER.size :][size:]


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, in their types, NaNs and tensors too."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype is b.dtype and a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    return a == b or (a != a and b != b)


def decoded(structure: bytes, buffers: bytes) -> Any:
    """The value, or the WireError that its bytes raise; memory is watched."""
    tracemalloc.start()
    try:
        return wire.decode(structure, bytearray(buffers))
    except wire.WireError as error:
        return error
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEMORY


def check_plain(value: Any) -> None:
    """Nothing but what may cross, to the last leaf."""
    if type(value) in (list, tuple):
        for item in value:
            check_plain(item)
    elif type(value) is dict:
        for key, item in value.items():
            assert wire._is_plain_key(key)
            check_plain(item)
    else:
        plain = (bool, int, float, str, bytes, type(None), slice, type(...), wire.Handle)
        assert type(value) in (*plain, torch.Tensor)


@FEWER
@given(VALUES)
def test_what_crosses_comes_back_the_same(value: Any) -> None:
    structure, buffers = halves(value)
    assert same(wire.decode(structure, bytearray(buffers)), value)


@given(st.binary(max_size=FEW_BYTES), st.binary(max_size=64))
def test_any_bytes_give_a_value_or_an_error(structure: bytes, buffers: bytes) -> None:
    value = decoded(structure, buffers)
    if not isinstance(value, wire.WireError):
        check_plain(value)


@given(VALUES, st.data())
def test_a_mutated_frame_gives_a_value_or_an_error(value: Any, data: st.DataObject) -> None:
    """Bytes of a true frame are changed, left out, put in twice."""
    structure, buffers = (bytearray(half) for half in halves(value))
    for _ in range(data.draw(st.integers(1, 4))):
        half = structure if data.draw(st.integers(0, 3)) else buffers
        start = data.draw(st.integers(0, len(half)))
        stop = data.draw(st.integers(start, min(start + 8, len(half))))
        half[start:stop] = data.draw(st.binary(max_size=8)) * data.draw(st.integers(0, 3))
    value = decoded(bytes(structure), bytes(buffers))
    if not isinstance(value, wire.WireError):
        check_plain(value)


def _nest(parts: list[bytes]) -> bytes:
    """The parts in a list, a dict and each extension, by how many they are."""
    body = b"".join(parts)
    kinds = [
        bytes([0x90 + len(parts)]) + body,
        b"\x91\xd4\x03\x00" if not body else bytes([0x80 + len(parts)]) + body + body,
        struct.pack(">BHb", 0xC8, len(body) % 2**16, len(body) % 7) + body[: 2**16 - 1],
    ]
    return kinds[len(body) % 3]


@FEWER
@given(st.recursive(st.just(b"\xc0"), lambda inner: st.lists(inner, max_size=3).map(_nest)))
def test_nested_extensions_give_a_value_or_an_error(structure: bytes) -> None:
    value = decoded(structure, b"")
    if not isinstance(value, wire.WireError):
        check_plain(value)


@pytest.mark.parametrize(
    "structure",
    [
        b"",
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",  # a list of four thousand million items
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x02",
        b"\x91" * 5000 + b"\xc0",  # five thousand lists in one another
        b"\xd6\xff\x00\x00\x00\x00",  # msgpack's timestamp
        b"\xc7\x00\x03",  # a tuple's mark alone
        b"\x81\x90\xc0",  # a list as key
        b"\x81" + msgpack.packb(2**61 - 1) + b"\xc0",
        b"\xc0\xc0",
        b"\xa1\xff",  # no UTF-8
        msgpack.packb(msgpack.ExtType(2, msgpack.packb([8, [2**40]]))),
        msgpack.packb(msgpack.ExtType(2, msgpack.packb([8, [-1]]))),
        msgpack.packb(msgpack.ExtType(2, msgpack.packb([8, [0, 2**40]]))),
        msgpack.packb(msgpack.ExtType(2, msgpack.packb([8, [1]]))),  # and not a byte for it
        msgpack.packb(msgpack.ExtType(2, msgpack.packb([99, []]))),
        msgpack.packb(msgpack.ExtType(2, msgpack.packb([8, [1] * 17]))),
        msgpack.packb(msgpack.ExtType(1, msgpack.packb([True, "x"]))),
        msgpack.packb(msgpack.ExtType(1, msgpack.packb([1, "x" * 101]))),
        msgpack.packb(msgpack.ExtType(4, msgpack.packb([1.0, None, None]))),
        msgpack.packb(msgpack.ExtType(99, b"")),
    ],
)
def test_malformed_structures_are_refused(structure: bytes) -> None:
    assert isinstance(decoded(structure, b""), wire.WireError)


def test_bytes_that_belong_to_no_tensor_are_refused() -> None:
    with pytest.raises(wire.WireError, match="belong to no tensor"):
        wire.decode(b"\xc0", bytearray(16))


def test_a_frame_holds_so_many_extensions_and_no_more() -> None:
    """Each may become an object of hundreds of bytes."""
    item = msgpack.packb(msgpack.ExtType(2, msgpack.packb([8, [0]])))
    most = wire.MAX_EXTENSIONS
    assert len(wire.decode(struct.pack(">BI", 0xDD, most) + item * most, bytearray())) == most
    with pytest.raises(wire.WireError, match=str(most)):
        wire.decode(struct.pack(">BI", 0xDD, most + 1) + item * (most + 1), bytearray())


def test_a_frame_holds_so_many_numbers_as_keys_and_no_more() -> None:
    """Numbers can be chosen so that a dict of them takes quadratic time."""
    most = wire.MAX_NUMBERS
    allowed = {"text": None} | dict.fromkeys(range(most))
    assert wire.decode(msgpack.packb(allowed), bytearray()) == allowed
    with pytest.raises(wire.WireError, match=f"more than {most} keys"):
        wire.decode(msgpack.packb(allowed | {-1: None}), bytearray())


def test_a_header_over_the_limits_is_refused() -> None:
    for sizes in ((wire.MAX_STRUCTURE + 1, 0), (0, wire.MAX_BUFFERS + 1), (2**32 - 1, 2**32 - 1)):
        with pytest.raises(wire.WireError, match="over the limit"):
            wire.read_header(wire.HEADER.pack(*sizes))


@pytest.mark.parametrize("value", [b"x" * (wire.MAX_STRUCTURE + 1), 2**64, "\ud800", object()])
def test_what_cannot_cross_is_refused_by_its_sender(value: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(value)


def test_a_list_that_holds_itself_is_refused_by_its_sender() -> None:
    value: list = []
    value.append(value)
    with pytest.raises(wire.WireError):
        wire.encode(value)


def test_a_lying_object_arrives_as_a_handle() -> None:
    """Nothing of an object crosses but a number and its type's name, cut to its limit."""

    class Liar:
        def __eq__(self, other: object) -> bool:
            return True

    Liar.__name__ = "L" * 1000
    frame = b"".join(
        map(bytes, wire.encode([Liar()], lambda item: wire.Handle(7, type(item).__name__)))
    )
    (arrived,) = wire.decode(frame[wire.HEADER.size :], bytearray())
    assert arrived == wire.Handle(7, "L" * wire.MAX_KIND)


def test_subclasses_arrive_as_what_they_are_made_of() -> None:
    class Number(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    class Odd(torch.Tensor):
        pass

    structure, buffers = halves([Number(3), torch.ones(2).as_subclass(Odd)])
    number, tensor = wire.decode(structure, bytearray(buffers))
    assert type(number) is int and number == 3
    assert type(tensor) is torch.Tensor and tensor.tolist() == [1.0, 1.0]


def test_a_tensor_of_any_layout_arrives_dense() -> None:
    """Transposed, expanded, conjugated: what crosses is what the tensor means."""
    for tensor in (
        torch.arange(6).reshape(2, 3).T,
        torch.zeros(1).expand(4),
        torch.tensor([1 + 2j], dtype=torch.complex64).conj(),
        torch.arange(3.0, requires_grad=True),
    ):
        structure, buffers = halves(tensor)
        arrived = wire.decode(structure, bytearray(buffers))
        assert torch.equal(arrived, tensor.detach().resolve_conj()) and arrived.is_contiguous()
        assert not arrived.requires_grad
