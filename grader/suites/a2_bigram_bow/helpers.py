"""What this suite's tests share: small models, copied random weights, gradients.

Letters in the shapes: B batch, T time, C channels, H hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from grader import expect, weights

V, BLOCK, C, H = 11, 12, 8, 6
PE_TYPES = ("randn", "sinpe", "rope")


def config(code: Any, **changes: Any) -> Any:
    """A small configuration of `code`, the student or the reference."""
    sizes = {"n_embd": C, "n_embd2": H, "pe_type": "rope", "attention": False} | changes
    return code.bow.BoWConfig(V, BLOCK, **sizes)


def twins(
    student: Any, reference: Any, make: Callable[[Any], Any], generator: torch.Generator
) -> tuple[Any, Any]:
    """The module that `make` builds from the student's code and from ours, with equal weights."""
    ours = make(reference)
    for parameter in ours.parameters():
        parameter.data.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    theirs = expect.thing(make(student), "the module")
    load(student, theirs, ours)
    return theirs, ours


def load(student: Any, theirs: Any, ours: nn.Module) -> None:
    """Copies our parameters and position encodings into the student's module, by their names."""
    extra = weights.fill(student, theirs, tensors(ours))
    assert not extra, (
        f"the handout's module has no such parameters: {weights.listing(student, extra)}"
    )


def tensors(ours: nn.Module) -> dict[str, Tensor]:
    """Our parameters and position encodings by name, detached."""
    return {name: value.detach() for name, value in ours.state_dict().items()}


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Normally distributed numbers of `shape`."""
    return torch.randn(shape, generator=generator)


def indices(generator: torch.Generator, *shape: int, size: int = V) -> Tensor:
    """Random characters, long."""
    return torch.randint(size, shape, generator=generator)


def check_model(theirs: Any, ours: nn.Module, idx: Tensor, targets: Tensor, what: str) -> None:
    """Compares logits and loss with ours; without targets the loss must be None."""
    logits, loss = expect.items(theirs(idx), 2, what)
    expect.close(logits, ours(idx)[0], f"{what}'s logits", atol=1e-4)
    assert loss is None, f"{what} should return None as its loss without targets"
    logits, loss = expect.items(theirs(idx, targets), 2, what)
    expected = ours(idx, targets)
    expect.close(logits, expected[0], f"{what}'s logits with targets", atol=1e-4)
    expect.close(loss, expected[1], f"{what}'s loss")


def check_gradients(
    student: Any, reference: Any, theirs: Any, ours: nn.Module, inputs: list[Tensor], what: str
) -> None:
    """Compares the loss's gradient for every parameter with ours."""
    result = student.probe.parameter_gradients(theirs, inputs, 1)
    expected = reference.probe.parameter_gradients(ours, inputs, 1)
    assert isinstance(result, dict), f"{what} has no parameters"
    for name, gradient in expected.items():
        assert result.get(name) is not None, f"no gradient reaches {name} of {what}"
        expect.close(
            result[name], gradient, f"the gradient of {name} in {what}", atol=1e-4, rtol=1e-3
        )
