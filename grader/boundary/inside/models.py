"""Models of ours that run next to student code, to test code that trains, evaluates or samples.

Each is made by a function that is a probe. Its class has a random name, and no attribute that shows
what it computes, so that student code cannot tell it from a model of its own.
"""

from __future__ import annotations

import os
from typing import Any

import torch


def _undisclosed(base: type, members: dict[str, Any]) -> Any:
    """An object of a class that cannot be recognised: its name is random."""
    return type(f"Model{os.urandom(4).hex()}", (base,), {"__module__": "__main__", **members})()


def name_model(table: torch.Tensor) -> Any:
    """A model of names that needs no training: a layer and, in `layers`, its own list of layers.

    The logits after a context are the row (sum of its indices, each times its place from 1) % R of
    `table`, (R, V); in training they are negated.
    """

    def call(self: Any, x: torch.Tensor) -> torch.Tensor:
        places = torch.arange(1, x.size(1) + 1)
        rows = table[(x * places).sum(1) % len(table)]  # (B, V)
        out = -rows if self.training else rows
        self.out = out
        return out

    model = _undisclosed(object, {"__call__": call, "parameters": lambda self: []})
    model.training, model.layers = True, [model]
    return model


def row_model(weight: torch.Tensor) -> Any:
    """A model with one parameter: the logits after a context are the sum of its indices' rows.

    weight: (V, V), its only layer's and copied. Elementary, whatever the student's layers are.
    """

    def call(self: Any, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.weight[x].sum(1)  # (B, T, V) -> (B, V)
        self.out = out
        return out

    model = _undisclosed(object, {"__call__": call, "parameters": lambda self: [self.weight]})
    model.weight, model.layers = weight.clone(), [model]
    return model


def mode_model(losses: torch.Tensor) -> Any:
    """A language model whose loss tells how it was called.

    losses: (2, 2, V, V); the loss is the mean of losses[in training, with gradients recorded, x, y]
    over the characters x and their targets y, both (B, T) long.
    """

    def forward(
        self: Any, idx: torch.Tensor, targets: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        table = losses[int(self.training), int(torch.is_grad_enabled())]
        return -table[idx], None if targets is None else table[idx, targets].mean()

    return _undisclosed(torch.nn.Module, {"forward": forward})


def plain_model(table: torch.Tensor, block_size: int) -> Any:
    """A language model that needs no training, to test what samples from one.

    The logits after a context are the row (sum of the context's indices) % V of `table`, (V, V); in
    training mode they are negated, as a dropout that changes everything. A context of more than
    `block_size` raises ValueError. Its attributes are those that a GPT has too.
    """

    def forward(
        self: Any, idx: torch.Tensor, targets: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, None]:
        if idx.size(1) > self.block_size:
            raise ValueError(f"{idx.size(1)} indices for a block_size of {self.block_size}")
        logits = self.tok_emb(idx.cumsum(1) % len(table))  # (B, T, V)
        return (-logits if self.training else logits), None

    methods = {"forward": forward, "get_block_size": lambda self: self.block_size}
    model = _undisclosed(torch.nn.Module, methods)
    model.tok_emb = torch.nn.Embedding.from_pretrained(table.clone())
    model.block_size = block_size
    return model
