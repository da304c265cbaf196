"""Probes of this suite: repeated draws, commands, a plain model, the short training of a GPT.

Runs next to student code and holds no answer; see probes.py in boundary/inside.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from grader.boundary.inside.models import undisclosed

MAX_OUTPUT = 64 * 1024  # characters of a command's output that are kept


def items(target: Any, keys: list[Any]) -> Any:
    """[target[key], ...]; one tensor (n, 2, T) if all are pairs of long tensors (T,).

    That travels, and is read, many times as fast.
    """
    found = [target[key] for key in keys]
    lengths = {_length(item) for item in found}
    if len(lengths) != 1 or None in lengths:
        return found
    return torch.stack([torch.stack(tuple(item)) for item in found])


def _length(item: Any) -> int | None:
    """T, if an item is a pair of long tensors (T,)."""
    parts = tuple(item) if isinstance(item, tuple | list) else ()
    long = [p for p in parts if isinstance(p, torch.Tensor) and p.dtype == torch.long]
    alike = len(parts) == len(long) == 2 and long[0].shape == long[1].shape
    return len(long[0]) if alike and long[0].dim() == 1 else None


def on_file(function: Any, text: str, *arguments: Any) -> Any:
    """function(path, *arguments), where `path` is a file that holds `text`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.tsv")
        path.write_text(text, encoding="utf-8", newline="")
        return function(str(path), *arguments)


def run_command(
    module: str, arguments: list[str], files: dict[str, str]
) -> tuple[int, str, dict[str, str]]:
    """Runs a module as `python MODULE ARGUMENTS` in an empty folder that holds `files`.

    Returns (exit code, what it printed, {name: text} of the folder's files afterwards).
    """
    printed = _CappedText()
    before, argv = Path.cwd(), sys.argv
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        try:
            os.chdir(folder)
            sys.argv = [module, *arguments]
            with contextlib.redirect_stdout(printed):
                code = _exit_code(module)
        finally:
            os.chdir(before)
            sys.argv = argv
        written = {
            path.name: path.read_text(encoding="utf-8", errors="replace")[:MAX_OUTPUT]
            for path in sorted(Path(folder).iterdir())
            if path.is_file()
        }
    return code, printed.getvalue(), written


def _exit_code(module: str) -> int:
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        if leaving.code is None:
            return 0
        return leaving.code if isinstance(leaving.code, int) else 1
    return 0


class _CappedText(io.StringIO):
    """Keeps the first MAX_OUTPUT characters, so that a loop of prints takes no memory."""

    def write(self, text: str) -> int:
        super().write(text[: max(MAX_OUTPUT - self.tell(), 0)])
        return len(text)


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
    model = undisclosed(torch.nn.Module, methods)
    model.tok_emb = torch.nn.Embedding.from_pretrained(table.clone())
    model.block_size = block_size
    return model


def optimise(model: torch.nn.Module, inputs: list[Any], steps: int, lr: float) -> list[float]:
    """The losses of `steps` AdamW steps on one batch; the model returns (logits, loss)."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = model(*inputs)[1]
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def sgd_step(
    model: torch.nn.Module, inputs: list[Any], lr: float, output: int | None = None
) -> None:
    """One step of plain gradient descent on the output's sum; `output` picks one of a tuple."""
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    result = model(*inputs)
    (result if output is None else result[output]).sum().backward()
    optimiser.step()
    optimiser.zero_grad()


def pairs(x: torch.Tensor, y: torch.Tensor) -> torch.utils.data.Dataset[tuple[torch.Tensor, ...]]:
    """A dataset of the rows of x and y: item i is (x[i], y[i])."""
    return torch.utils.data.TensorDataset(x, y)


def train(model: torch.nn.Module, data: Any, epochs: int, batch_size: int, lr: float) -> None:
    """Trains a GPT on data[i] = (x, y), each (T,) long, PADs (0) after what is to be guessed.

    Its inner Linear layers learn by Muon and the rest by AdamW, at half the rate; the rate rises
    for ten steps and falls on a cosine. The columns after a batch's last target are not computed:
    what comes later is nothing to a causal model.
    """
    optimisers = _optimisers(model, lr)
    steps, step = epochs * math.ceil(len(data) / batch_size), 0
    model.train()
    for _ in range(epochs):
        for indices in torch.randperm(len(data)).split(batch_size):
            columns = zip(*(data[index] for index in indices.tolist()), strict=True)
            x, y = (torch.stack(list(column)) for column in columns)
            step += 1
            if not bool((y != 0).any()):
                continue
            width = int((y != 0).any(0).nonzero().max()) + 1
            model(x[:, :width].contiguous(), y[:, :width].contiguous())[1].backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            falling = max(0.05, 0.5 * (1 + math.cos(math.pi * (step - 1) / steps)))
            for optimiser in optimisers:
                optimiser.step_at(min(1.0, step / 10, falling))
            model.zero_grad()


def _optimisers(model: torch.nn.Module, lr: float) -> list[Any]:
    head = getattr(model, "head", None)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head]
    inner = [layer.weight for layer in layers]
    known = {id(parameter) for parameter in inner}
    return [_Muon(inner, lr), _AdamW([p for p in model.parameters() if id(p) not in known], lr / 2)]


class _AdamW:
    """torch's AdamW, with the rate given at each step."""

    def __init__(self, parameters: list[torch.nn.Parameter], lr: float) -> None:
        self.lr = lr
        self.inner = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.95), weight_decay=0.0)

    def step_at(self, share: float) -> None:
        """One step at this share of the learning rate."""
        for group in self.inner.param_groups:
            group["lr"] = share * self.lr
        self.inner.step()


class _Muon:
    """Muon (Jordan et al., 2024), the step scaled as in Liu et al. (2025).

    torch.optim.Muon does the same in bfloat16 and matrix by matrix, which takes several times as
    long on a processor without units for it; here matrices of one shape are done together.
    """

    def __init__(self, parameters: list[torch.Tensor], lr: float) -> None:
        by_shape: dict[torch.Size, list[torch.Tensor]] = {}
        for parameter in parameters:
            by_shape.setdefault(parameter.shape, []).append(parameter)
        self.lr, self.groups = lr, list(by_shape.values())
        self.momenta = [torch.zeros(len(group), *group[0].shape) for group in self.groups]

    @torch.no_grad()
    def step_at(self, share: float) -> None:
        """One step at this share of the learning rate."""
        for group, momentum in zip(self.groups, self.momenta, strict=True):
            zeros = torch.zeros(group[0].shape)
            gradient = torch.stack([zeros if p.grad is None else p.grad for p in group])
            momentum.lerp_(gradient, 0.05)
            update = _orthogonal(gradient.lerp(momentum, 0.95))
            rate = share * self.lr
            for parameter, change in zip(group, update, strict=True):
                parameter.mul_(1 - 0.1 * rate)
                parameter.sub_(change, alpha=0.2 * rate * max(change.shape) ** 0.5)


def _orthogonal(x: torch.Tensor) -> torch.Tensor:
    """(n, rows, columns) -> nearly the nearest matrices of orthogonal rows or columns."""
    tall = x.size(1) > x.size(2)
    x = x.mT if tall else x
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(5):  # Newton and Schulz's iteration, with Muon's coefficients
        square = x @ x.mT
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x
