"""What this suite's tests share: small models, copied random weights, the perceiver's variants.

Letters in the shapes: B batch, T time, C channels, V vocabulary, m places of the bottleneck.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader import expect

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
) -> tuple[Any, nn.Module]:
    """The module that `make` makes of the student's code and of ours, with the same weights."""
    ours = randomise(make(reference), generator)
    theirs = expect.thing(make(student), "the module")
    load(theirs, ours.state_dict())
    theirs.eval()
    return theirs, ours.eval()


def randomise(module: nn.Module, generator: torch.Generator) -> nn.Module:
    """Every parameter random, so that no bias, gain or position is there without being seen."""
    for name, parameter in module.named_parameters():
        noise = 0.3 * torch.randn(parameter.shape, generator=generator)
        gain = name.endswith(("ln1.weight", "ln2.weight", "ln_f.weight"))
        parameter.data.copy_(1 + noise if gain else noise)
    return module


def load(module: Any, state: dict[str, Tensor]) -> None:
    """Copies weights into the student's module; the names and shapes must be the handout's."""
    compare_names(expect.tensors(module.state_dict()), state)
    module.load_state_dict(dict(state))


def compare_names(theirs: dict[str, Tensor], ours: dict[str, Tensor]) -> None:
    """An AssertionError that names what is missing, too much, or of another shape."""
    missing = sorted(ours.keys() - theirs.keys())
    assert not missing, f"the state_dict has no {missing[0]}"
    extra = len(theirs.keys() - ours.keys())
    assert not extra, f"the state_dict has {extra} entries that the handout's model has not"
    for name, value in ours.items():
        assert theirs[name].shape == value.shape, (
            f"{name} should have shape {tuple(value.shape)}, and has {tuple(theirs[name].shape)}"
        )


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Normally distributed numbers of `shape`."""
    return torch.randn(shape, generator=generator)


def indices(generator: torch.Generator, *shape: int) -> Tensor:
    """Random indices of characters, (B, T) long, without PAD and MASK."""
    return torch.randint(2, V, shape, generator=generator)


def logits_of(output: Any) -> Any:
    """The first of the two things that a GPT returns."""
    return expect.items(output, 2, "what GPT returns")[0]


def check_gradients(gradients: Any, variants: list[dict[str, Tensor | None]], what: str) -> None:
    """Every parameter's gradient is that of one of the right `variants`, {name: gradient}.

    The values are compared, not only that some are there: what a worker says is its claim, and
    gradients that are not 0 are soon invented.
    """
    assert isinstance(gradients, dict) and gradients, f"{what} has no parameters"
    for name in variants[0]:
        assert gradients.get(name) is not None, f"no gradient reaches {name} of {what}"
    theirs = {
        name: expect.tensor(gradients[name], gradient.shape, "float", f"the gradient of {name}")
        for name, gradient in variants[0].items()
    }
    right = any(
        all(expect.is_close(theirs[name], ours[name], atol=1e-4, rtol=1e-3) for name in ours)
        for ours in variants
    )
    assert right, f"the gradients of {what} have wrong values"


def down(block: nn.Module, x: Tensor, residual: bool = True) -> Tensor:
    """DownProjectBlock, (B, T, C) -> (B, m, C), with or without the basis added."""
    y = block.attn(block.ln1(x), block.C)
    y = y + block.C if residual else y
    return y + block.mlp(block.ln2(y))


def up(block: nn.Module, y: Tensor, x: Tensor, residual: bool = True) -> Tensor:
    """UpProjectBlock, (B, m, C), (B, T, C) -> (B, T, C), with or without the input added."""
    z = block.attn(block.ln1(y), x)
    z = z + x if residual else z
    return z + block.mlp(block.ln2(z))


def perceiver_logits(model: nn.Module, idx: Tensor) -> list[Tensor]:
    """The logits (B, T, V) of each right variant of the perceiver."""
    x = model.tok_emb(idx) + model.pos_emb[:, : idx.size(1)]
    inner = [model.blocks(down(model.down_block, x, residual)) for residual in (True, False)]
    outer = [up(model.up_block, y, x, residual) for y in inner for residual in (True, False)]
    return [model.head(model.ln_f(z)) for z in outer]


def perceiver_gradients(
    model: nn.Module, idx: Tensor, targets: Tensor
) -> list[dict[str, Tensor | None]]:
    """{name: gradient of the loss} of each right variant of the perceiver."""
    found = []
    for logits in perceiver_logits(model, idx):
        model.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0).backward(
            retain_graph=True
        )
        found.append({name: p.grad.clone() for name, p in model.named_parameters()})
    return found
