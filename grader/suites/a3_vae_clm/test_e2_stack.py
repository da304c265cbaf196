"""Part e: a stack of convolutions."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import normal
from grader.suites.a3_vae_clm.batches import LENGTHS, B, E, T, convolve
from grader.suites.a3_vae_clm.models import check_layers, real, twins
from grader.suites.a3_vae_clm.variants import expect_right

pytestmark = pytest.mark.part("e")
INIT, FORWARD = "ConvolutionStack.__init__", "ConvolutionStack.forward"
DEPTH = 3


def make(kind: tuple[bool, bool, str], depth: int = DEPTH, kernel: int = 3) -> Any:
    """Builds a stack of a given code. kind: (residual, shared, activation)."""
    residual, shared, activation = kind
    return lambda code: code.convolution.ConvolutionStack(
        E, depth, kernel, residual, shared, activation
    )


@pytest.mark.about(INIT)
@pytest.mark.points(2)
@pytest.mark.hint("nn.Conv1d(E, E, kernel, padding=kernel // 2), one if shared, else one a layer")
def test_stack_init(student: Any, reference: Any, generator: torch.Generator) -> None:
    """A stack has one convolution if shared, else `depth` of them, that keep the places."""
    for kind, depth, kernel in (
        ((False, False, "none"), 3, 5),
        ((True, False, "before"), 1, 3),
        ((True, True, "before"), 4, 3),
        ((False, True, "after"), 1, 1),
    ):
        check_layers(student, reference, make(kind, depth, kernel))
        stack = expect.thing(make(kind, depth, kernel)(student), "the stack")
        count = 1 if kind[1] else depth
        expect.plain([count])
        assert expect.whole(len(stack.convolutions), "their number") == count, (
            f"there should be {count} convolutions"
        )
        for place in range(count):
            conv, x = stack.convolutions[place], normal(generator, 2, E, 6)
            y = expect.tensor(conv(x), (2, E, 6), "float", "what a convolution returns")
            values = {name: getattr(conv, name) for name in ("weight", "bias")}
            weight = expect.tensor(values["weight"], (E, E, kernel), "float", "a weight")
            bias = expect.tensor(values["bias"], (E,), "float", "a bias")
            right = convolve(x.transpose(1, 2), weight, bias).transpose(1, 2)
            expect.close(y, right, "what a convolution of the stack returns", atol=1e-4)
            assert weight.std() > 0.01, "the weights should be random, as nn.Conv1d makes them"
        weights = [expect.tensor(stack.convolutions[place].weight) for place in range(count)]
        same = any(torch.equal(weights[0], other) for other in weights[1:])
        assert not same, "two layers begin with the same weights"


def stacked(
    ours: Any, x: Tensor, mask: Tensor, kind: tuple[bool, bool, str], **changes: Any
) -> Tensor:
    """The stack by hand, (B, T, E); `changes` are known mistakes."""
    residual, _, activation = kind
    layers = list(ours.convolutions)
    layers = layers * (DEPTH if len(layers) == 1 else 1)
    first, place = x, mask[..., None]
    for number, conv in enumerate(layers[:: -1 if changes.get("reversed") else 1]):
        value = x.tanh() if activation == "before" and (number or not changes.get("later")) else x
        masked = torch.where(place, value, 0.0) if changes.get("masked", True) else value
        y = convolve(masked, conv.weight, conv.bias)
        y = torch.where(place, y, 0.0) if changes.get("masked", True) else y
        last = number == len(layers) - 1
        if activation == "after" and not (last and changes.get("last_free")):
            y = y.tanh()
        added = {"tanh": value, "first": first}.get(changes.get("added", ""), x)
        x = added + y if residual else y
        if residual and changes.get("tanh_of_sum"):
            x = (added + convolve(masked, conv.weight, conv.bias) * place).tanh()
    return x


def wrongs(ours: Any, x: Tensor, mask: Tensor, kind: tuple[bool, bool, str]) -> dict[str, Tensor]:
    """What known mistakes give in the place of a stack's result."""
    residual, shared, activation = kind
    several = {
        f"it is what activation={other!r} gives": stacked(ours, x, mask, (residual, shared, other))
        for other in ("none", "before", "after")
    }
    other = (not residual, shared, activation)
    word = "residual=False" if residual else "residual=True"
    return several | {
        f"it is what {word} gives": stacked(ours, x, mask, other),
        "the layers run in the wrong order": stacked(ours, x, mask, kind, reversed=True),
        "the first layer lacks its tanh": stacked(ours, x, mask, kind, later=True),
        "the last layer lacks its tanh": stacked(ours, x, mask, kind, last_free=True),
        "tanh(x) is added, not x": stacked(ours, x, mask, kind, added="tanh"),
        "the first layer's input is added, not each layer's": (
            stacked(ours, x, mask, kind, added="first")
        ),
        "tanh is taken of the sum, not of y": stacked(ours, x, mask, kind, tanh_of_sum=True),
        "the layers do not use the mask": stacked(ours, x, mask, kind, masked=False),
    }


@pytest.mark.about(FORWARD)
@pytest.mark.points(1)
@pytest.mark.hint("each layer reads what the one before returns; x + y if residual, else y")
def test_stack(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Without a tanh the layers follow each other, and x is added if residual."""
    check_stacks(student, reference, generator, "none")


@pytest.mark.about(FORWARD)
@pytest.mark.points(1)
@pytest.mark.hint("y = masked_convolution(tanh(x), ..) in every layer; what is added is x itself")
def test_stack_tanh_before(student: Any, reference: Any, generator: torch.Generator) -> None:
    """With activation "before" each layer convolves tanh(x), and adds x if residual."""
    check_stacks(student, reference, generator, "before")


@pytest.mark.about(FORWARD)
@pytest.mark.points(1)
@pytest.mark.hint("y = tanh(masked_convolution(x, ..)) in every layer, before x is added")
def test_stack_tanh_after(student: Any, reference: Any, generator: torch.Generator) -> None:
    """With activation "after" each layer takes tanh of the convolution, and adds x if residual."""
    check_stacks(student, reference, generator, "after")


def check_stacks(student: Any, reference: Any, generator: torch.Generator, activation: str) -> None:
    """Compares stacks of one activation, without pads, with the layers by hand."""
    mask = torch.ones(B, T, dtype=torch.bool)
    for residual, shared in itertools.product((False, True), (False, True)):
        kind = (residual, shared, activation)
        theirs, ours = twins(student, reference, make(kind), generator)
        x = normal(generator, B, T, E)
        what = f"a stack with residual={residual}, shared={shared}, activation={activation!r}"
        right = stacked(ours, x, mask, kind)
        expect_right(theirs(x, mask), right, wrongs(ours, x, mask, kind), what, atol=1e-4)


@pytest.mark.about(FORWARD)
@pytest.mark.points(1)
@pytest.mark.hint("use masked_convolution in every layer: pads hold numbers after the first one")
def test_stack_padding(student: Any, reference: Any, generator: torch.Generator) -> None:
    """In a padded batch each sequence gets what it gets by itself, in every kind of stack."""
    mask = real(LENGTHS)
    for kind in itertools.product((False, True), (False,), ("none", "before", "after")):
        theirs, ours = twins(student, reference, make(kind), generator)
        x = normal(generator, B, T, E)
        right = stacked(ours, x, mask, kind)[mask]
        result = expect.tensor(theirs(x, mask), (B, T, E), "float", "what a stack returns")
        wrong = {name: each[mask] for name, each in wrongs(ours, x, mask, kind).items()}
        expect_right(result[mask], right, wrong, "a stack, at real places", atol=1e-4)
        alone = expect.tensor(theirs(x[2:, :3], mask[2:, :3]), (1, 3, E), "float", "a stack")
        expect.close(alone, result[2:, :3], "a stack, of a sequence by itself", atol=1e-4)


@pytest.mark.about(FORWARD)
@pytest.mark.points(1)
@pytest.mark.hint("no detach; a shared convolution gets the sum of its layers' gradients")
def test_stack_gradients(student: Any, reference: Any, generator: torch.Generator) -> None:
    """Gradients of a stack reach its input and every convolution of it."""
    mask, cotangent = real(LENGTHS), normal(generator, B, T, E)
    cotangent = cotangent * mask[..., None]
    for kind in ((True, True, "before"), (False, False, "after"), (True, False, "none")):
        theirs, ours = twins(student, reference, make(kind, DEPTH), generator)
        x = normal(generator, B, T, E)
        leaf = x.clone().requires_grad_()
        total = (stacked(ours, leaf, mask, kind) * cotangent).sum()
        names, parameters = zip(*ours.named_parameters(), strict=True)
        of_x, *others = torch.autograd.grad(total, (leaf, *parameters))
        found = student.probe.layer_gradients(theirs, theirs, [x, mask], cotangent)
        expect.gradients(found, [dict(zip(names, others, strict=True))], "a stack")
        gradient = student.probe.gradient_of(theirs, [x, mask], cotangent, 0)
        assert gradient is not None, "no gradient reaches the stack's input"
        expect.close(gradient, of_x, "the gradient of the stack's input", atol=1e-4)
