"""The training loop of run.py: `makemore.train`, but fast and resumable. Given code.

    Trainer(model, x, y, TrainerConfig(max_steps=200_000)).train()

The batches of a hundred steps are drawn and gathered at once, and a step runs on the engine
(engine.py) if that gives the model's own loss and gradients, else on autograd. The loss and the
learning rate are those of makemore.py. Each piece of the training draws from a generator seeded by
(seed, step) alone, so a training that is stopped and resumed from `state_dict` continues exactly as
if it had never stopped.

Ours has options that the published recipe lacks: a learning rate that falls to zero on a cosine,
weight decay, an average of the weights over the last steps, and noise, which hides some of the
characters that the model sees so that it learns to do without any one of them.
"""

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from engine import CannotRun, Engine, agrees
from makemore import cross_entropy, learning_rate, sgd_step
from torch import Tensor

PIECE = 100  # steps whose batches are drawn together; checkpoints fall between two pieces
AVERAGE_EVERY = 10  # steps: neighbours are nearly equal, and averaging takes time
OF_ANOTHER_MODEL = (AttributeError, IndexError, RuntimeError, TypeError, ValueError)
HIDDEN = 0  # the index of END, which replaces a hidden character


@dataclass
class TrainerConfig:
    """How to train; the defaults are the published recipe."""

    max_steps: int = 200_000
    batch_size: int = 32
    seed: int = 0
    cosine: bool = False  # the rate falls from lr to 0 on a cosine, instead of learning_rate's step
    lr: float = 0.1  # the highest rate of the cosine
    weight_decay: float = 0.0  # of the matrices; a step shrinks them by lr * weight_decay
    noise: float = 0.0  # share of the context's characters that are hidden
    average: float = 0.0  # share of the steps, counted from the end, whose weights are averaged
    fast: bool = True  # whether to use the engine if it agrees with the model


class Trainer:
    """Trains a model on x (N, T) and y (N,), both long.

    step: steps done. loss: the mean over the last piece. real_tokens: examples in that piece.
    """

    def __init__(self, model: Any, x: Tensor, y: Tensor, config: TrainerConfig) -> None:
        self.model, self.x, self.y, self.config = model, x, y, config
        self.total_steps = config.max_steps
        self.step, self.loss, self.real_tokens = 0, math.nan, 0
        self.engine = self._engine() if config.fast else None
        self.on_step: Callable[[Any], None] | None = None  # called with self after each piece
        own = model.parameters()
        self.matrices = [p for p in own if p.dim() == 2]
        self.averaged, self.count = [torch.zeros_like(p.data) for p in own], 0

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step."""
        return self.rate(max(self.step - 1, 0))

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        if not self.config.cosine:
            return learning_rate(step, self.total_steps)
        return self.config.lr * 0.5 * (1 + math.cos(math.pi * step / self.total_steps))

    def train(self) -> None:
        """Train to the end. Raises FloatingPointError if the loss is not finite."""
        while self.step < self.total_steps:
            self._piece(min(PIECE, self.total_steps - self.step))
            if not math.isfinite(self.loss):
                raise FloatingPointError(f"step {self.step}: the loss is {self.loss}")
            if self.on_step:
                self.on_step(self)
        self._use_average()

    def _piece(self, steps: int) -> None:
        x, y = self._batches(steps)
        one = self._fast_step if self.engine else self._plain_step
        losses = torch.zeros(steps)
        for number in range(steps):
            lr = self.rate(self.step)
            self._decay(lr)
            losses[number] = one(x[number], y[number], lr)
            self.step += 1
            self._average()
        self.loss, self.real_tokens = losses.mean().item(), y.numel()

    def _batches(self, steps: int) -> tuple[Tensor, Tensor]:
        """x (steps, B, T) and y (steps, B)."""
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.step)
        size = (steps, self.config.batch_size)
        rows = torch.randint(len(self.x), size, generator=generator)
        x, y = self.x[rows], self.y[rows]
        if self.config.noise:
            x[torch.rand(x.shape, generator=generator) < self.config.noise] = HIDDEN
        return x, y

    def _fast_step(self, x: Tensor, y: Tensor, lr: float) -> Tensor:
        loss = self.engine.forward_backward(x, y)
        self.engine.move(-lr)
        return loss

    def _plain_step(self, x: Tensor, y: Tensor, lr: float) -> Tensor:
        loss = cross_entropy(self.model(x), y)
        loss.backward()
        sgd_step(self.model.parameters(), lr)
        return loss.detach()

    @torch.no_grad()
    def _decay(self, lr: float) -> None:
        if self.config.weight_decay:
            torch._foreach_mul_(self.matrices, 1 - lr * self.config.weight_decay)

    @torch.no_grad()
    def _average(self) -> None:
        first = self.total_steps * (1 - self.config.average)
        if self.config.average and self.step > first and self.step % AVERAGE_EVERY == 0:
            self.count += 1
            own = [p.data for p in self.model.parameters()]
            torch._foreach_lerp_(self.averaged, own, 1 / self.count)

    @torch.no_grad()
    def _use_average(self) -> None:
        """Load the averaged weights into the model, and measure their running statistics."""
        if not self.count:
            return
        for p, mean in zip(self.model.parameters(), self.averaged, strict=True):
            p.data.copy_(mean)
        generator = torch.Generator().manual_seed(self.config.seed)
        for rows in torch.randint(len(self.x), (50, 2048), generator=generator):
            self.model(self.x[rows])

    def _engine(self) -> Engine | None:
        """The engine, or None if it does not support the model or gives different numbers."""
        size = self.config.batch_size
        trial = torch.arange(size) % len(self.x)
        # Autograd handles a different model, and reports what is wrong with unfinished work.
        with contextlib.suppress(CannotRun, *OF_ANOTHER_MODEL):
            engine = Engine(self.model, size, self.x.size(1))
            if agrees(engine, self.model, cross_entropy, self.x[trial], self.y[trial]):
                return engine
        return None

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        norms = [layer for layer in self.model.layers if hasattr(layer, "running_mean")]
        return {
            "step": self.step,
            "loss": self.loss,
            "parameters": [p.data.clone() for p in self.model.parameters()],
            "running": [[n.running_mean.clone(), n.running_var.clone()] for n in norms],
            "averaged": [mean.clone() for mean in self.averaged],
            "count": self.count,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from what `state_dict` returned."""
        self.step, self.loss, self.count = state["step"], state["loss"], state["count"]
        self.averaged = [mean.clone() for mean in state["averaged"]]
        for p, value in zip(self.model.parameters(), state["parameters"], strict=True):
            p.data.copy_(value)
        norms = [layer for layer in self.model.layers if hasattr(layer, "running_mean")]
        for norm, (mean, var) in zip(norms, state["running"], strict=True):
            norm.running_mean, norm.running_var = mean.clone(), var.clone()
