"""Part e: one convolution whose masks are right, receptive fields and tied logits."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import LENGTHS, B, C, E, T, convolve
from grader.suites.a3_vae_clm.models import real
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("e")
CONV, RECEPTIVE, TIED = "masked_convolution", "receptive_field", "tied_logits"
RETURNED = f"what {CONV} returns"


@pytest.mark.about(CONV)
@pytest.mark.points(2)
@pytest.mark.hint("conv wants (B, E, T): transpose x, and transpose the result back")
def test_convolution(student: Any, generator: torch.Generator) -> None:
    """Without pads masked_convolution is the convolution along the places of each sequence."""
    for kernel, b, t in ((5, B, T), (3, 1, 9), (1, B, 2), (5, 2, 1), (3, E, E), (3, 2, E)):
        weight, bias = normal(generator, E, E, kernel), normal(generator, E)
        conv = student.probe.convolution(weight, bias)
        x, mask = normal(generator, b, t, E), torch.ones(b, t, dtype=torch.bool)
        right = convolve(x, weight, bias)
        wrong = {
            "the bias is missing": convolve(x, weight, None),
            "the bias is added twice": right + bias,
            "the mask is turned round": torch.zeros_like(right),
            "it sees the places before, not those on both sides": (
                convolve(x, weight, bias, kernel - 1)
            ),
            "it sees the places after, not those on both sides": convolve(x, weight, bias, 0),
            "the kernel is turned round": convolve(x, weight.flip(-1), bias),
            "the input is added: the stack does that": right + x,
            "a tanh follows: the stack does that": right.tanh(),
            "tanh is taken of the input: the stack does that": convolve(x.tanh(), weight, bias),
            "x is given to conv as it is, though conv wants (B, E, T)": (
                _over_channels(x, weight, bias) if t == E else x
            ),
        }
        result = student.convolution.masked_convolution(x, mask, conv)
        expect_right(result, right, wrong, RETURNED, atol=1e-4)


def _over_channels(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What comes out if T and E are taken for each other."""
    return convolve(x.transpose(1, 2), weight, bias).transpose(1, 2)


@pytest.mark.about(CONV)
@pytest.mark.points(2)
@pytest.mark.hint(
    "set x to 0 outside the mask before conv, and the result afterwards: a bias is there"
)
def test_convolution_padding(student: Any, generator: torch.Generator) -> None:
    """A padded batch gives what each sequence gives by itself, whatever stands in its pads."""
    call = student.convolution.masked_convolution
    for kernel, lengths in ((5, LENGTHS), (3, (1, 6, 2)), (3, (2, 2))):
        weight, bias = normal(generator, E, E, kernel), normal(generator, E)
        conv = student.probe.convolution(weight, bias)
        mask = real(lengths, max(lengths) + 2)
        x = normal(generator, *mask.shape, E)
        inside = x * mask[..., None]
        unmasked = convolve(inside, weight, bias)
        right = unmasked * mask[..., None]
        wrong = {
            "what stands outside the mask counts: set it to 0 before the convolution": (
                convolve(x, weight, bias) * mask[..., None]
            ),
            "it is not 0 outside the mask: set it to 0 after the convolution too": unmasked,
            "the mask is not used": convolve(x, weight, bias),
            "the mask is turned round": (
                convolve(x * ~mask[..., None], weight, bias) * ~mask[..., None]
            ),
            "outside the mask the result is the input": torch.where(mask[..., None], right, x),
        }
        together = expect_right(call(x, mask, conv), right, wrong, RETURNED, atol=1e-4)
        for row, length in enumerate(lengths):
            alone = call(x[row : row + 1, :length], mask[row : row + 1, :length], conv)
            what = f"{RETURNED} for a sequence by itself"
            expect.close(alone, together[row : row + 1, :length], what, atol=1e-4)
        for value in (1e6, torch.nan, -torch.inf):
            result = call(x.masked_fill(~mask[..., None], value), mask, conv)
            expect.close(result, right, f"{RETURNED} with {value} in the pads", atol=1e-4)


@pytest.mark.about(CONV)
@pytest.mark.points(1)
@pytest.mark.hint("use conv itself, and masked_fill or torch.where; no detach, nothing in place")
def test_convolution_gradients(student: Any, generator: torch.Generator) -> None:
    """Gradients reach x, 0 in the pads, and conv's weight and bias; x stays as it is."""
    call = student.convolution.masked_convolution
    weight, bias = normal(generator, E, E, 3), normal(generator, E)
    conv, mask = student.probe.convolution(weight, bias), real(LENGTHS)
    x, cotangent = normal(generator, B, T, E), normal(generator, B, T, E)
    leaves = x.clone().requires_grad_(), weight.requires_grad_(), bias.requires_grad_()
    inside = leaves[0] * mask[..., None]
    total = (convolve(inside, weight, bias) * mask[..., None] * cotangent).sum()
    of_x, of_weight, of_bias = torch.autograd.grad(total, leaves)
    gradient = student.probe.gradient_of(call, [x, mask, conv], cotangent, 0)
    assert gradient is not None, "no gradient reaches x"
    expect.close(gradient, of_x, "the gradient of x", atol=1e-4)
    found = student.probe.layer_gradients(conv, call, [x, mask, conv], cotangent)
    expect.gradients(found, [{"weight": of_weight, "bias": of_bias}], "conv")
    after = student.probe.arguments_after(call, [x, mask, conv])
    after = expect.items(after, 3, "the arguments")
    expect.close(after[0], x, "x after the call")


@pytest.mark.about(RECEPTIVE)
@pytest.mark.points(1)
@pytest.mark.hint("each layer adds (kernel - 1) / 2 places on each side")
def test_receptive_field(student: Any) -> None:
    """Each layer adds kernel - 1 places to what one place of the output depends on."""
    for depth, kernel in ((1, 5), (3, 5), (0, 5), (4, 1), (2, 3), (10, 7)):
        found = expect.whole(student.convolution.receptive_field(depth, kernel), "receptive_field")
        known = {
            depth * kernel: "of one layer without overlap: neighbouring layers share a place",
            kernel**depth: "as if each layer saw `kernel` separate places",
            depth * (kernel - 1): "without the place itself",
            depth * (kernel // 2) + 1: "of one side only",
        }
        right = 1 + depth * (kernel - 1)
        assert found == right, (
            f"{depth} layers of kernel {kernel} see {right} places, "
            f"not {found} {known.get(found, '')}".rstrip()
        )


@pytest.mark.about(TIED)
@pytest.mark.points(1)
@pytest.mark.hint("h @ embedding.T: no softmax, no scale, no detach")
def test_tied_logits(student: Any, generator: torch.Generator) -> None:
    """tied_logits are the scalar products with each symbol's vector, for h of every shape."""
    call = student.convolution.tied_logits
    for shape, symbols in (((B, T, E), C), ((E,), C), ((2, B, T, E), C), ((B, E), 1), ((E, E), E)):
        h, embedding = normal(generator, *shape), normal(generator, symbols, E)
        right = (h[..., None, :] * embedding).sum(-1)
        wrong = {
            "they have gone through log_softmax": right.log_softmax(-1),
            "they have gone through a softmax": right.softmax(-1),
            "they are divided by sqrt(E)": right / E**0.5,
            "they are divided by E": right / E,
            "they are cosines: the vectors are not normalised": (
                F.cosine_similarity(h[..., None, :], embedding, dim=-1)
            ),
            "they are distances, not scalar products": (
                -((h[..., None, :] - embedding) ** 2).sum(-1)
            ),
            "the embedding is not transposed": h @ embedding if symbols == E else right,
        }
        expect_right(call(h, embedding), right, wrong, "what tied_logits returns", atol=1e-4)
    h, embedding, cotangent = normal(generator, B, E), normal(generator, C, E), torch.ones(B, C)
    of_h, of_embedding = embedding.sum(0).expand(B, E), h.sum(0).expand(C, E)
    for wrt, (name, right) in enumerate((("h", of_h), ("embedding", of_embedding))):
        gradient = student.probe.gradient_of(call, [h, embedding], cotangent, wrt)
        assert gradient is not None, f"no gradient reaches {name} of {TIED}"
        expect.close(gradient, right, f"the gradient of {name} of {TIED}", atol=1e-4)
