"""Small models of the student and the reference with the same weights, and how they are compared.

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
    """weights.twins with the same position encodings too."""
    return weights.twins(student, reference, make, generator, load)


def load(student: Any, theirs: Any, ours: nn.Module) -> None:
    """Copies our parameters and position encodings into the student's module, by their names."""
    extra = weights.fill(student, theirs, tensors(ours))
    assert not extra, (
        f"the handout's module has no such parameters: {weights.listing(student, extra)}"
    )


def tensors(ours: nn.Module) -> dict[str, Tensor]:
    """Our parameters and position encodings by name, detached."""
    return {name: value.detach() for name, value in ours.state_dict().items()}


def check_model(theirs: Any, ours: nn.Module, idx: Tensor, targets: Tensor, what: str) -> None:
    """Compares logits and loss with ours; without targets the loss must be None."""
    logits, loss = expect.items(theirs(idx), 2, what)
    expect.close(logits, ours(idx)[0], f"{what}'s logits", atol=1e-4)
    assert loss is None, f"{what} should return None as its loss without targets"
    logits, loss = expect.items(theirs(idx, targets), 2, what)
    expected = ours(idx, targets)
    expect.close(logits, expected[0], f"{what}'s logits with targets", atol=1e-4)
    expect.close(loss, expected[1], f"{what}'s loss")
