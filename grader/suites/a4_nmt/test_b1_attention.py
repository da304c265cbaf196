"""Part b: the three scores of attention."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal
from grader.suites.a4_nmt.models import H
from grader.suites.a4_nmt.variants import expect_right

pytestmark = pytest.mark.part("b")
SIZES = ((3, 6), (1, 4), (4, 1), (1, 1), (H, H))  # (b, S)


@pytest.mark.about("dot_product")
@pytest.mark.points(2)
@pytest.mark.hint(
    "add the forward and the backward half of each state, [:h] and [h:]; then / sqrt(h)"
)
def test_dot_product(student: Any, reference: Any, generator: torch.Generator) -> None:
    """dot_product is h_dec . (forward half + backward half) / sqrt(h), for every batch size."""
    call = student.attention.dot_product
    for b, S in SIZES:
        dec, enc = normal(generator, b, H), normal(generator, b, S, 2 * H)
        right = reference.attention.dot_product(dec, enc)
        forward, backward = (_dots(dec, half) for half in enc.chunk(2, -1))
        pairs = _dots(dec, enc.view(b, S, H, 2).sum(-1))
        wrong = {
            "it is not divided by sqrt(h)": right * math.sqrt(H),
            "it is divided by h, not by sqrt(h)": right / math.sqrt(H),
            "it is divided by sqrt(2h), not by sqrt(h)": right / math.sqrt(2),
            "it is multiplied by sqrt(h), not divided by it": right * H,
            "only the forward half counts": forward / math.sqrt(H),
            "only the backward half counts": backward / math.sqrt(H),
            "the halves are averaged, not added": right / 2,
            "neighbouring numbers are added, not the two halves": pairs / math.sqrt(H),
        }
        expect_right(call(dec, enc), right, wrong, "what dot_product returns")


def _dots(dec: Tensor, keys: Tensor) -> Tensor:
    """(b, h) and (b, S, h) -> (b, S)."""
    return (dec[:, None] * keys).sum(-1)


@pytest.mark.about("multiplicative")
@pytest.mark.points(1)
@pytest.mark.hint("one dot product of h-sized vectors for each source word, not scaled")
def test_multiplicative(student: Any, reference: Any, generator: torch.Generator) -> None:
    """multiplicative is the dot product with each projected state, for every batch and length."""
    call = student.attention.multiplicative
    for b, S in SIZES:
        dec, keys = normal(generator, b, H), normal(generator, b, S, H)
        right = reference.attention.multiplicative(dec, keys)
        wrong = {
            "it is divided by sqrt(h), as only the dot product is": right / math.sqrt(H),
            "the scores have gone through a softmax, which step does": right.softmax(-1),
        }
        expect_right(call(dec, keys), right, wrong, "what multiplicative returns")


@pytest.mark.about("additive")
@pytest.mark.points(2)
@pytest.mark.hint("v . tanh(dec + enc): add the decoder's vector to every source word's first")
def test_additive(student: Any, reference: Any, generator: torch.Generator) -> None:
    """additive is v . tanh of the sum of both projections, for every batch and length."""
    call = student.attention.additive
    for b, S in SIZES:
        dec, keys, v = normal(generator, b, H), normal(generator, b, S, H), normal(generator, H)
        right = reference.attention.additive(dec, keys, v)
        total = dec[:, None] + keys
        wrong = {
            "there is no tanh": total @ v,
            "tanh is taken of the product with v, not of the sum": (total @ v).tanh(),
            "tanh is taken of each projection before they are added": (
                (dec[:, None].tanh() + keys.tanh()) @ v
            ),
            "tanh is taken once more at the end": right.tanh(),
            "a sigmoid is in the place of tanh": total.sigmoid() @ v,
            "a ReLU is in the place of tanh": total.relu() @ v,
            "the sum lacks the decoder's projection": keys.tanh() @ v,
            "the projections are multiplied, not added": (dec[:, None] * keys).tanh() @ v,
            "the second projection is subtracted, not added": (dec[:, None] - keys).tanh() @ v,
            "it is divided by sqrt(h), as only the dot product is": right / math.sqrt(H),
            "v is left out: the sum over tanh is not weighted": total.tanh().sum(-1),
        }
        expect_right(call(dec, keys, v), right, wrong, "what additive returns")


SPARES = "no detach, no .data, no torch.no_grad, and no argument changed in place"


@pytest.mark.about("dot_product")
@pytest.mark.points(1)
@pytest.mark.hint(SPARES)
def test_dot_product_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach both arguments of dot_product, which stay as they are."""
    arguments = [normal(generator, 2, H), normal(generator, 2, 3, 2 * H)]
    check_gradients(student, reference, "dot_product", arguments, normal(generator, 2, 3))


@pytest.mark.about("multiplicative")
@pytest.mark.points(1)
@pytest.mark.hint(SPARES)
def test_multiplicative_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach both arguments of multiplicative, which stay as they are."""
    arguments = [normal(generator, 2, H), normal(generator, 2, 3, H)]
    check_gradients(student, reference, "multiplicative", arguments, normal(generator, 2, 3))


@pytest.mark.about("additive")
@pytest.mark.points(1)
@pytest.mark.hint(SPARES)
def test_additive_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients reach all three arguments of additive, which stay as they are."""
    arguments = [normal(generator, 2, H), normal(generator, 2, 3, H), normal(generator, H)]
    check_gradients(student, reference, "additive", arguments, normal(generator, 2, 3))


def check_gradients(
    student: Any, reference: Any, name: str, arguments: list[Tensor], cotangent: Tensor
) -> None:
    """Compares the gradients of every argument, and the arguments after the call."""
    ours, theirs = (getattr(code.attention, name) for code in (reference, student))
    for wrt in range(len(arguments)):
        expected = reference.probe.input_gradient(ours, arguments, cotangent, wrt)
        gradient = student.probe.input_gradient(theirs, arguments, cotangent, wrt)
        expect.close(gradient, expected, f"the gradient of argument {wrt + 1} of {name}")
    after = student.probe.arguments_after(theirs, [each.clone() for each in arguments])
    after = expect.items(after, len(arguments), "the arguments")
    for value, before in zip(after, arguments, strict=True):
        expect.close(value, before, f"an argument of {name} after the call")
