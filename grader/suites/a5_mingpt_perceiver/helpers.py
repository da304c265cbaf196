"""What this suite's tests share: small models with the same weights, and how they are compared.

Letters in the shapes: B batch, T time, C channels, V vocabulary, m places of the bottleneck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from grader import expect, weights

V, BLOCK, C, HEADS, M = 11, 12, 16, 4, 5
NO_DROPOUT = {"embd_pdrop": 0.0, "resid_pdrop": 0.0, "attn_pdrop": 0.0}


def config(code: Any, **changes: Any) -> Any:
    """A small configuration of `code`, the student or the reference, without dropout."""
    sizes = {"n_layer": 2, "n_head": HEADS, "n_embd": C} | NO_DROPOUT | changes
    block_size = sizes.pop("block_size", BLOCK)
    return code.model.GPTConfig(V, block_size, **sizes)


def perceiver(code: Any, **changes: Any) -> Any:
    """The same for a perceiver: two inner blocks and M places in the bottleneck."""
    sizes = {"n_layer": 4, "perceiver": True, "bottleneck_dim": M}
    return config(code, **sizes | changes)


def twins(
    student: Any, reference: Any, make: Callable[[Any], Any], generator: torch.Generator
) -> tuple[Any, Any]:
    """The module that `make` builds from the student's code and from ours, with equal weights."""
    ours = randomise(make(reference), generator)
    theirs = expect.thing(make(student), "the module")
    fill(student, theirs, ours)
    theirs.eval()
    return theirs, ours.eval()


def randomise(module: nn.Module, generator: torch.Generator) -> nn.Module:
    """Makes every parameter random, so that no bias, gain or position goes unnoticed."""
    for name, parameter in module.named_parameters():
        noise = 0.3 * torch.randn(parameter.shape, generator=generator)
        gain = name.endswith(("ln1.weight", "ln2.weight", "ln_f.weight"))
        parameter.data.copy_(1 + noise if gain else noise)
    return module


def fill(student: Any, theirs: Any, ours: nn.Module) -> None:
    """Copies our module's parameters into the student's, which keeps its own buffers."""
    weights.fill(student, theirs, parameters(ours))


def take_back(student: Any, ours: nn.Module, theirs: Any) -> nn.Module:
    """Our module with the weights of the student's state_dict; masks are not weights."""
    state, values = expect.tensors(theirs.state_dict()), parameters(ours)
    weights.compare(student, state, values, state.keys() - ours.state_dict().keys())
    for name, value in values.items():
        value.copy_(expect.tensor(state[name], value.shape, "float", name))
    return ours


def parameters(ours: nn.Module) -> dict[str, Tensor]:
    """{name: the parameter's own tensor}."""
    return {name: parameter.data for name, parameter in ours.named_parameters()}


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Normally distributed numbers of `shape`."""
    return torch.randn(shape, generator=generator)


def indices(generator: torch.Generator, *shape: int) -> Tensor:
    """Random indices of characters, (B, T) long, without PAD and MASK."""
    return torch.randint(2, V, shape, generator=generator)


def logits_of(output: Any) -> Any:
    """The first of the two things that a GPT returns."""
    return expect.items(output, 2, "what GPT returns")[0]


def check_gradients(gradients: Any, variants: Sequence[dict[str, Tensor]], what: str) -> None:
    """Checks that the gradients are those of one of the right `variants`, {name: gradient}.

    Values are compared too, since a worker could easily invent gradients that are not 0. A
    gradient that is 0 in every variant may be None.
    """
    assert isinstance(gradients, dict) and gradients, f"{what} has no parameters"
    theirs = {}
    for name, ours in variants[0].items():
        gradient = gradients.get(name)
        if gradient is None and not any(each[name].any() for each in variants):
            gradient = torch.zeros_like(ours)
        assert gradient is not None, f"no gradient reaches {name} of {what}"
        theirs[name] = expect.tensor(gradient, ours.shape, "float", f"the gradient of {name}")
    right = any(
        all(expect.is_close(theirs[name], ours[name], atol=1e-4, rtol=1e-3) for name in ours)
        for ours in variants
    )
    assert right, f"the gradients of {what} have wrong values"
