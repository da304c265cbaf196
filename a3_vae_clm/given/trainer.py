"""The training loop. Given code: there is nothing to write here.

    trainer = Trainer(model, alphabet, train, dev, Settings(steps=5000, evaluate_every=500))
    trainer.train()
    trainer.take_best()

Adam on batches of sequences of similar length, with clipped gradients; the learning rate rises
during `warmup` steps and then falls on a line to 0. Every so many steps the model is scored on dev,
by its bound. With `average` the weights that are scored, and kept, are an exponential average of
those of all steps.

A step draws from generators seeded by (seed, step) alone, and the order of the batches depends on
the seed alone, so a training that is stopped and resumed from `state_dict` continues exactly as if
it had never stopped.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from alphabet import Alphabet, Batch, collate
from batches import epoch, in_order
from lengths import LengthPrior
from torch import nn

from course.devices import pick_device, seed_step
from course.training import slope

Sequences = Sequence[list[int]]


@dataclass(frozen=True)
class Settings:
    """How to train. steps: updates; evaluate_every: updates between scores on dev."""

    steps: int
    evaluate_every: int
    batch_size: int = 64  # sequences
    learning_rate: float = 2e-3
    warmup: int = 0  # the first steps, in which the rate rises on a line
    clip: float = 1.0  # the largest norm of the gradient, per character
    average: float = 0.0  # decay of the average of the weights; 0: none
    seed: int = 0
    device: str = "auto"


class Trainer:
    """Trains a model on sequences of codes, and scores it on others.

    step, loss, real_tokens: see course.training.Trainable; the tokens are the characters, the loss
    is the mean of a sequence in nats. scores: [(step, dev's NLPPS), ...] so far.
    """

    def __init__(
        self,
        model: nn.Module,
        alphabet: Alphabet,
        train: Sequences,
        dev: Sequences,
        settings: Settings,
    ) -> None:
        self.device = pick_device(settings.device)
        self.model, self.alphabet, self.settings = model, alphabet, settings
        self.data, self.dev = train, dev
        self.lengths = [len(sequence) for sequence in train]
        self.mean_length = max(1.0, sum(self.lengths) / len(train))
        prepare(model, train)
        model.to(self.device)
        self.optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate, fused=True)
        self.average = copy.deepcopy(model.state_dict()) if settings.average else None
        self.step, self.loss, self.real_tokens = 0, math.nan, 0
        self.scores: list[tuple[int, float]] = []
        self.best: dict[str, Any] = {}
        self.on_step: Callable[[Any], None] | None = None  # called after each step
        self.on_score: Callable[[int, float], None] | None = None

    @property
    def total_steps(self) -> int:
        return self.settings.steps

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.data) / self.settings.batch_size)

    def train(self) -> None:
        """Train to the end. Raises FloatingPointError if the loss is not finite."""
        settings, number, batches = self.settings, None, []
        while self.step < settings.steps:
            if number != self.step // self.steps_per_epoch:
                number = self.step // self.steps_per_epoch
                batches = epoch(self.lengths, settings.batch_size, settings.seed, number)
            rows = batches[self.step % self.steps_per_epoch]
            self._update(collate([self.data[row] for row in rows], self.alphabet))
            self.step += 1
            if self.step % settings.evaluate_every == 0 or self.step == settings.steps:
                self._evaluate()
            if self.on_step is not None:
                self.on_step(self)

    def take_best(self) -> float:
        """Give the model the weights that were best on dev; returns their NLPPS there."""
        self.model.load_state_dict(self.best["model"])
        return float(self.best["nlpps"])

    def state_dict(self) -> dict[str, Any]:
        """All that another process needs to resume: tensors and plain values."""
        state = {name: getattr(self, name) for name in _PLAIN}
        return state | {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from the `state_dict` of a trainer with the same model, data and settings."""
        self.model.load_state_dict(state["model"])
        # A copy: the optimizer would go on in the tensors that it is given.
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        for name in _PLAIN:
            setattr(self, name, copy.deepcopy(state[name]))
        if self.average is not None:  # a checkpoint is read to the CPU
            self.average = {name: own.to(self.device) for name, own in self.average.items()}

    def _update(self, batch: Batch) -> None:
        settings = self.settings
        seed_step(self.device, settings.seed, 1, self.step)
        self.model.train()
        if hasattr(self.model, "set_progress"):
            self.model.set_progress(self.step / settings.steps)
        rate = settings.learning_rate * slope(self.step, settings.steps, settings.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        self.real_tokens = int(batch.lengths.sum())
        loss = self.model.loss(batch.to(self.device))
        self.loss = loss.item()
        if not math.isfinite(self.loss):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {self.loss}")
        (loss / self.mean_length).backward()  # so that the norm of a gradient is a character's
        nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        self.optimizer.step()
        self._add_to_average()

    @torch.no_grad()
    def _add_to_average(self) -> None:
        if self.average is None:
            return
        # At first the average is that of few steps, and must not hold on to fresh weights.
        decay = min(self.settings.average, (self.step + 1) / (self.step + 10))
        for name, value in self.model.state_dict().items():
            own = self.average[name]
            own.copy_(torch.lerp(value, own, decay) if own.is_floating_point() else value)

    @torch.no_grad()
    def _evaluate(self) -> None:
        with self._averaged():
            seed_step(self.device, self.settings.seed, 2, 0)  # the same draws at every score
            nlpps = nlpps_of(self.model, self.alphabet, self.dev)
            self.scores.append((self.step, nlpps))
            if not self.best or nlpps < self.best["nlpps"]:
                weights = copy.deepcopy(self.model.state_dict())
                self.best = {"nlpps": nlpps, "step": self.step, "model": weights}
            if self.on_score is not None:
                self.on_score(self.step, nlpps)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The model has its averaged weights for a while, if there are any."""
        if self.average is None:
            yield
            return
        own = copy.deepcopy(self.model.state_dict())
        self.model.load_state_dict(self.average)
        yield
        self.model.load_state_dict(own)


_PLAIN = ("step", "loss", "real_tokens", "scores", "best", "average")


def prepare(model: nn.Module, train: Sequences) -> None:
    """Let a model count what it needs of the training sequences: their lengths, for example."""
    for part in model.modules():
        if isinstance(part, LengthPrior):
            part.count([len(sequence) for sequence in train])
    if hasattr(model, "prepare"):
        model.prepare(list(train))


@torch.no_grad()
def nlpps_of(model: nn.Module, alphabet: Alphabet, sequences: Sequences) -> float:
    """Minus the mean of the model's bound, nats a sequence, the length included."""
    model.eval()
    device = next(model.parameters()).device
    total = sum(
        model.bound(batch.to(device)).double().sum().item()
        for _, batch in in_order(sequences, alphabet)
    )
    return -total / len(sequences)
