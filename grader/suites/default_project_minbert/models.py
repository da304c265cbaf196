"""Small models without dropout, inputs with padding, and both masks of an input.

Letters in the shapes: b batch, T tokens, H hidden size, nh heads, hs = H // nh, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from grader import expect
from grader.random_inputs import indices, normal

V, LONGEST, H, HEADS, INNER = 23, 12, 16, 4, 40
SIZES: dict[str, Any] = {
    "vocab_size": V,
    "max_position_embeddings": LONGEST,
    "hidden_size": H,
    "num_attention_heads": HEADS,
    "num_hidden_layers": 2,
    "intermediate_size": INNER,
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "num_labels": 5,
    "option": "finetune",
    "pretrained": None,
}


def config(code: Any, **changes: Any) -> Any:
    """A small configuration of `code`, the student or the reference, without dropout."""
    return code.config.BertConfig(**SIZES | changes)


def words(generator: torch.Generator, b: int, T: int) -> Tensor:
    """Random ids, (b, T) long, none of them [PAD] (0)."""
    return indices(generator, V, b, T, first=1)


def padded(generator: torch.Generator, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Random ids and their attention mask, (b, T) long each: 1 for the first `lengths` tokens.

    The padding has ids of words, so that whoever looks at it is noticed.
    """
    places = torch.arange(max(lengths))
    mask = (places < torch.tensor(lengths)[:, None]).long()
    return words(generator, len(lengths), max(lengths)), mask


def check_gradient(
    student: Any, function: Callable[..., Any], arguments: list[Any], wrt: int, what: str
) -> None:
    """Checks a gradient by one argument against the function's own slope, right or wrong as it is.

    The slopes are differences of two values, in directions that the worker sees. Whatever is
    detached on the way is missing from the gradient, but not from them.
    """
    generator, x = torch.Generator().manual_seed(0), arguments[wrt]
    y = expect.tensor(function(*arguments), dtype="float", what="the result")
    cotangent = normal(generator, *y.shape)
    gradient = student.probe.input_gradient(function, arguments, cotangent, wrt)
    gradient = expect.tensor(gradient, x.shape, "float", what)
    for _ in range(4):
        direction = normal(generator, *x.shape)
        sides = []
        for step in (3e-3, -3e-3):
            moved = [*arguments[:wrt], x + step * direction, *arguments[wrt + 1 :]]
            sides.append(expect.tensor(function(*moved), y.shape, "float", "the result"))
        slope = ((sides[0] - sides[1]).double() * cotangent).sum() / 6e-3
        error = (slope - (gradient.double() * direction).sum()).abs()
        assert error <= 0.02 * gradient.norm() + 0.02, f"{what} is not all of it"


def check_reached(gradients: Any, expected: dict[str, Tensor | None], what: str) -> None:
    """Checks that a gradient that is not 0 reaches each parameter that has one in `expected`.

    Values are not compared: what else is wrong should cost no points here.
    """
    gradients = expect.plain(gradients, f"the gradients of {what}")
    for name, ours in expected.items():
        if ours is None or ours.abs().max() < 1e-4:  # such as a key's bias, which has none
            continue
        value = gradients.get(name)
        assert value is not None, f"no gradient reaches {name} of {what}"
        value = expect.tensor(value, ours.shape, "float", f"the gradient of {name}")
        assert value.any(), f"the gradient of {name} is nothing but zeros"


def additive(mask: Tensor) -> Tensor:
    """An attention mask (b, T) of 1 and 0 -> (b, 1, 1, T) of 0.0 and -10000.0."""
    return (1.0 - mask[:, None, None, :].float()) * -10000.0
