"""Part c: position encodings."""

import math
from typing import Any

import pytest
import torch

from grader import expect, weights
from grader.random_inputs import normal
from grader.suites.a2_bigram_bow.models import BLOCK, PE_TYPES, C

pytestmark = pytest.mark.part("c")


def expected_angles(length: int, channels: int) -> torch.Tensor:
    """From the definition, one by one."""
    return torch.tensor(
        [[t / 10000.0 ** (2 * k / channels) for k in range(channels // 2)] for t in range(length)]
    )


def turned(x: torch.Tensor) -> torch.Tensor:
    """rope as products of complex numbers."""
    pairs = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous())
    angles = expected_angles(*x.shape[-2:]).double()
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def encoding(student: Any, pe_type: str, length: int = BLOCK, channels: int = C) -> Any:
    module = student.positions.PositionEncoding(pe_type, length, channels)
    return expect.thing(module, "PositionEncoding")


@pytest.mark.about("randn_encoding")
@pytest.mark.points(3)
@pytest.mark.hint("multiply normal numbers by 0.02")
def test_randn(student: Any) -> None:
    """randn_encoding draws normal numbers of mean 0 and standard deviation 0.02."""
    first, second = (
        expect.tensor(
            student.positions.randn_encoding(200, 50), (200, 50), torch.float32, "randn_encoding"
        )
        for _ in range(2)
    )
    # 10,000 numbers: five standard errors of the mean and of the deviation.
    assert abs(first.mean()) < 0.02 * 5 / 100, "the mean should be 0"
    assert abs(first.std() - 0.02) < 0.02 * 5 / math.sqrt(20000), (
        "the standard deviation should be 0.02"
    )
    assert 0.6 < ((first.abs() < 0.02).float().mean()) < 0.76, (
        "the numbers should be normally distributed"
    )
    assert not torch.equal(first, second), (
        "randn_encoding draws the same numbers each time: set no seed"
    )


@pytest.mark.about("angles")
@pytest.mark.points(3)
@pytest.mark.hint("the first pair turns by 1 per position, each later pair more slowly")
def test_angles(student: Any) -> None:
    """angles returns t / 10000^(2k / C)."""
    for length, channels in ((1, 2), (5, 6), (64, 32)):
        result = student.positions.angles(length, channels)
        expect.close(result, expected_angles(length, channels), "angles", atol=1e-4)


@pytest.mark.about("sinusoid_encoding")
@pytest.mark.points(4)
@pytest.mark.hint("sine in the even channels, cosine in the odd ones, of the same angle")
def test_sinusoid(student: Any) -> None:
    """sinusoid_encoding has sines in channels 0, 2, ... and cosines in 1, 3, ..."""
    for length, channels in ((1, 2), (9, 6), (64, 32)):
        angles = expected_angles(length, channels)
        expected = torch.zeros(length, channels)
        expected[:, 0::2], expected[:, 1::2] = angles.sin(), angles.cos()
        result = student.positions.sinusoid_encoding(length, channels)
        expect.close(result, expected, "sinusoid_encoding", atol=1e-4)


@pytest.mark.about("apply_rope")
@pytest.mark.points(4)
@pytest.mark.hint("pairs are neighbours: channels (0, 1), (2, 3), ...")
def test_rope(student: Any, generator: torch.Generator) -> None:
    """apply_rope turns each pair of neighbouring channels by its position's angle."""
    for shape in ((1, 1, 2), (3, 5, 6), (2, 40, 8), (4, 8)):
        x = normal(generator, *shape)
        expect.close(student.positions.apply_rope(x), turned(x), "apply_rope", atol=1e-4)


@pytest.mark.about("apply_rope")
@pytest.mark.points(2)
@pytest.mark.hint("a rotation keeps lengths, and products depend only on the distance")
def test_rope_is_a_rotation(student: Any, generator: torch.Generator) -> None:
    """Rotated vectors keep their lengths; their products depend only on the distance."""
    a, b = (normal(generator, 8).expand(1, 9, 8) for _ in range(2))
    # Shifting the channels in a circle keeps lengths and distances too.
    x = expect.close(student.positions.apply_rope(a), turned(a), "apply_rope", atol=1e-4)
    y = expect.close(student.positions.apply_rope(b), turned(b), "apply_rope", atol=1e-4)
    expect.close(x.norm(dim=-1), a.norm(dim=-1), "the vectors' lengths")
    products = x[0] @ y[0].T
    for distance in (1, 3):
        line = products.diagonal(distance)
        expect.close(line, line[:1].expand_as(line), "the products at one distance", atol=1e-4)
    assert not expect.is_close(products[0, 1], products[0, 3]), (
        "the products should depend on the distance"
    )


@pytest.mark.about("PositionEncoding.__init__")
@pytest.mark.points(2)
@pytest.mark.hint("register_buffer")
def test_nothing_is_trained(student: Any, generator: torch.Generator) -> None:
    """randn and sinpe keep their encoding in a saved buffer `pe`; training does not change it."""
    for pe_type in PE_TYPES:
        module = encoding(student, pe_type)
        state = expect.tensors(module.state_dict())
        if pe_type != "rope":
            assert "pe" in state, f"the state_dict of {pe_type} should have pe"
            assert state["pe"].shape == (BLOCK, C), (
                f"pe should have shape (block_size, C), here ({BLOCK}, {C}); "
                f"it has {tuple(state['pe'].shape)}"
            )
        x, cotangent = normal(generator, 2, BLOCK, C), normal(generator, 2, BLOCK, C)
        before = expect.tensor(
            module(x), x.shape, "float", f"PositionEncoding's output for {pe_type}"
        )
        # If no encoding is used, training does not change it either.
        right = turned(x) if pe_type == "rope" else x + state["pe"]
        expect.close(before, right, f"PositionEncoding's output for {pe_type}", atol=1e-4)
        after = student.probe.after_sgd(module, x, cotangent, 1.0)
        after = expect.tensor(after, x.shape, "float", f"PositionEncoding's output for {pe_type}")
        assert torch.equal(before, after), f"a training step changes the encoding {pe_type}"


@pytest.mark.about("PositionEncoding.__init__", "PositionEncoding.forward")
@pytest.mark.points(2)
@pytest.mark.hint("use the first T rows; T may be smaller than block_size")
def test_forward(student: Any, generator: torch.Generator) -> None:
    """PositionEncoding encodes inputs of every length, from position 0 on."""
    for pe_type in PE_TYPES:
        module = encoding(student, pe_type)
        own = 0.5 * normal(generator, BLOCK, C)
        if pe_type != "rope":
            weights.fill(student, module, {"pe": own})
        for length in (1, 5, BLOCK):
            x = normal(generator, 2, length, C)
            expected = turned(x) if pe_type == "rope" else x + own[:length]
            expect.close(module(x), expected, f"PositionEncoding's output for {pe_type}", atol=1e-4)
