"""Small models without dropout, texts for them, and the weights of a student's model taken back.

Letters in the shapes: B batch, T time, C channels, V vocabulary, m places of the bottleneck.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from grader import expect, weights
from grader.random_inputs import indices

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


def take_back(student: Any, ours: nn.Module, theirs: Any) -> nn.Module:
    """Our module with the weights of the student's state_dict; masks are not weights."""
    state, values = expect.tensors(theirs.state_dict()), weights.parameters(ours)
    weights.compare(student, state, values, state.keys() - ours.state_dict().keys())
    for name, value in values.items():
        value.copy_(expect.tensor(state[name], value.shape, "float", name))
    return ours


def characters(generator: torch.Generator, *shape: int) -> Tensor:
    """Random indices of characters, (B, T) long, without PAD and MASK."""
    return indices(generator, V, *shape, first=2)


def logits_of(output: Any) -> Any:
    """The first of the two things that a GPT returns."""
    return expect.items(output, 2, "what GPT returns")[0]
