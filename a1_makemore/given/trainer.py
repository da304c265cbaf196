"""The training loop of run.py: what `makemore.train` does, quickly, resumably. Given.

    Trainer(model, x, y, TrainerConfig(max_steps=200_000)).train()

Batches of some hundred steps are drawn and gathered at once, and a step is the engine's
(engine.py) where that gives the model's own loss and gradients, else autograd's. The loss and the
learning rate are those of makemore.py. A piece of the training draws from a generator seeded by
(seed, step) alone, so one that is stopped and taken up again from `state_dict` goes on exactly as
if it had not been.

What the published recipe does not have, and ours may: a learning rate that falls to nothing on a
cosine, weight decay, an average of the weights over the last steps, and noise, which hides some of
the characters that the model sees so that it learns to do without each.
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

PIECE = 100  # steps whose batches are drawn together; a checkpoint stands between two pieces
AVERAGE_EVERY = 10  # steps: neighbours are nearly equal, and adding them up takes time
HIDDEN = 0  # the index of END, which stands where a character is hidden


@dataclass
class TrainerConfig:
    """How to train; the defaults are the published recipe."""

    max_steps: int = 200_000
    batch_size: int = 32
    seed: int = 0
    cosine: bool = False  # the rate falls from lr to 0 on a cosine, instead of learning_rate's step
    lr: float = 0.1  # the highest of the cosine
    weight_decay: float = 0.0  # of the matrices; a step takes lr * weight_decay of them away
    noise: float = 0.0  # share of the context's characters that are hidden
    average: float = 0.0  # share of the steps, the last ones, whose weights are averaged
    fast: bool = True  # whether to use the engine where it agrees with the model


class Trainer:
    """Trains a model on x (N, T) and y (N,), both long.

    step: steps done. loss: the mean of the last piece's. real_tokens: examples in it.
    """

    def __init__(self, model: Any, x: Tensor, y: Tensor, config: TrainerConfig) -> None:
        self.model, self.x, self.y, self.config = model, x, y, config
        self.total_steps = config.max_steps
        self.step, self.loss, self.real_tokens = 0, math.nan, 0
        self.engine = self._engine() if config.fast else None
        self.on_step: Callable[[Any], None] | None = None  # called with this after each piece
        own = model.parameters()
        self.matrices = [p for p in own if p.dim() == 2]
        self.averaged, self.count = [torch.zeros_like(p.data) for p in own], 0

    @property
    def learning_rate(self) -> float:
        """Of the last step."""
        return self.rate(max(self.step - 1, 0))

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        if not self.config.cosine:
            return learning_rate(step, self.total_steps)
        return self.config.lr * 0.5 * (1 + math.cos(math.pi * step / self.total_steps))

    def train(self) -> None:
        """Trains to the end. Raises FloatingPointError for a loss that is not finite."""
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
        """Puts the averaged weights into the model, and measures their running statistics."""
        if not self.count:
            return
        for p, mean in zip(self.model.parameters(), self.averaged, strict=True):
            p.data.copy_(mean)
        generator = torch.Generator().manual_seed(self.config.seed)
        for rows in torch.randint(len(self.x), (50, 2048), generator=generator):
            self.model(self.x[rows])

    def _engine(self) -> Engine | None:
        """The engine, None where it does not know the model or gives other numbers."""
        size = self.config.batch_size
        trial = torch.arange(size) % len(self.x)
        # Of a model of another make, or of work that is not finished, autograd will say what it is.
        with contextlib.suppress(CannotRun, AttributeError, IndexError, RuntimeError, TypeError,
                                 ValueError):  # fmt: skip
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
        """Goes on from what `state_dict` returned."""
        self.step, self.loss, self.count = state["step"], state["loss"], state["count"]
        self.averaged = [mean.clone() for mean in state["averaged"]]
        for p, value in zip(self.model.parameters(), state["parameters"], strict=True):
            p.data.copy_(value)
        norms = [layer for layer in self.model.layers if hasattr(layer, "running_mean")]
        for norm, (mean, var) in zip(norms, state["running"], strict=True):
            norm.running_mean, norm.running_var = mean.clone(), var.clone()
