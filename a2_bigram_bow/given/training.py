"""Train a single cell, resumably, for run.py's train; and generate text with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from cells import Setting, fresh
from corpora import Corpus
from grid import get_batch
from torch import Tensor, nn


class Trainer:
    """Trains a cell's module as `run_plain` does, with the interface that course.watch needs.

    step: steps done. loss: of the last step. real_tokens: characters in its batch.
    """

    def __init__(self, cell: Any, setting: Setting, corpus: Corpus) -> None:
        self.cell, self.setting, self.text = cell, setting, corpus.splits["train"]
        self.model = fresh(cell, setting, corpus.vocab_size)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=cell.learning_rate)
        self.generator = torch.Generator().manual_seed(setting.seed)
        self.total_steps, self.step = setting.steps, 0
        self.loss, self.real_tokens = math.nan, setting.batch_size * cell.block_size
        self.learning_rate: float = cell.learning_rate
        self.on_step: Callable[[Trainer], None] | None = None

    def train(self) -> None:
        """Train to the end. Raises FloatingPointError if the loss is not finite."""
        sizes = self.cell.block_size, self.setting.batch_size
        while self.step < self.total_steps:
            self._step(*get_batch(self.text, *sizes, self.generator))
            if not math.isfinite(self.loss):
                raise FloatingPointError(f"step {self.step}: the loss is {self.loss}")
            if self.on_step:
                self.on_step(self)

    def _step(self, x: Tensor, y: Tensor) -> None:
        _, loss = self.model(x, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.loss, self.step = loss.item(), self.step + 1

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        return {
            "step": self.step,
            "loss": self.loss,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from what `state_dict` returned."""
        self.step, self.loss = state["step"], state["loss"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])


@torch.no_grad()
def write_on(
    model: nn.Module, idx: Tensor, length: int, block_size: int, generator: torch.Generator
) -> Tensor:
    """idx (T,) and `length` more characters, each drawn from the model's next-character softmax."""
    for _ in range(length):
        logits = model(idx[None, -block_size:])[0][0, -1]  # (V,)
        drawn = torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)
        idx = torch.cat((idx, drawn))
    return idx
