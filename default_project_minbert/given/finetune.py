"""The training loop of every task. Given code: there is nothing to write here.

    trainer = Trainer(model, {"sst": train}, {"sst": dev}, Settings(steps=1000, evaluate_every=250))
    trainer.train()
    trainer.take_best()

One step is one batch of one task, in the order that `settings.order` names; with pcgrad it is a
batch of every task. The learning rate rises over the first steps, then falls to 0 on a line. That
of the heads, which start from nothing, may be higher than BERT's. With heads_first the first steps
train only the heads, at their highest rate. A model that was best on dev is kept.

A step draws from generators seeded by (seed, step) alone, and the order of the batches depends on
the seed alone, so a training that is stopped and resumed from `state_dict` continues exactly as if
it had never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import fast
import gradients
import numpy as np
import torch
from batches import Batch, Buckets, Encoded
from calibration import calibrate
from evaluation import model_eval_multitask
from losses import loss_of, predict
from mixing import ORDERS, ends_of_tasks
from smart import smoothness
from torch import nn

from course.devices import pick_device, seed_step
from course.training import slope

Scores = dict[str, float]


@dataclass(frozen=True)
class Settings:
    """How to train. steps: optimizer updates; evaluate_every: steps between scores on dev."""

    steps: int
    evaluate_every: int
    batch_size: int = 32
    learning_rate: float = 5e-5  # the highest
    weight_decay: float = 0.01
    warmup_share: float = 0.1  # of the steps after heads_first
    clip: float = 1.0  # the largest norm of the gradient
    order: str = "round_robin"  # one of mixing.ORDERS
    heads_first: int = 0  # steps
    heads_lr: float | None = None  # the heads' highest learning rate; None: BERT's
    pcgrad: bool = False
    smart: float = 0.0  # the weight of the smoothness in the loss
    seed: int = 0
    device: str = "auto"


class Trainer:
    """Trains a model on tasks: {name: data} to train on, and {name: data} to score on.

    step, loss, real_tokens: see course.training.Trainable. scores: [(step, scores), ...] so far.
    """

    def __init__(
        self,
        model: nn.Module,
        train: Mapping[str, Encoded],
        dev: Mapping[str, Encoded],
        settings: Settings,
    ) -> None:
        self.device = pick_device(settings.device)
        self.model, self.data, self.dev = model.to(self.device), dict(train), dict(dev)
        self.settings = settings
        texts = (ids for data in self.data.values() for own in data.ids for ids in own)
        fast_enough = fast.accelerate(model, texts)  # before the optimizer: it replaces parameters
        size = model.bert.config.hidden_size
        self.bfloat16 = not fast_enough and fast.bfloat16_is_faster(self.device.type, size)
        self.of_bert = [p for p in model.bert.parameters() if p.requires_grad]
        self.trained = [p for p in model.parameters() if p.requires_grad]
        rates = {"lr": settings.learning_rate, "heads_lr": settings.heads_lr}
        self.optimizer = fast.optimizer(model, weight_decay=settings.weight_decay, **rates)
        self.highest_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.step, self.loss, self.real_tokens = 0, math.nan, 0
        self.scores: list[tuple[int, Scores]] = []
        self.best: dict[str, Any] = {"score": -math.inf, "step": 0, "model": {}}
        self.on_step: Callable[[Any], None] | None = None  # called after each step
        self.on_score: Callable[[int, Scores], None] | None = None

    @property
    def total_steps(self) -> int:
        return self.settings.steps

    @property
    def batches_per_step(self) -> int:
        return len(self.data) if self.settings.pcgrad else 1

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step: BERT's, or the heads' if it trained only them."""
        only_heads = 0 < self.step <= self.settings.heads_first
        return float(self.optimizer.param_groups[-1 if only_heads else 0]["lr"])

    def train(self) -> None:
        """Train to the end. Raises FloatingPointError if the loss is not finite."""
        each = self.batches_per_step
        batches = self._batches(each * self.total_steps)
        batches = islice(batches, each * self.step, None)  # only indices: skipping costs nothing
        points = self._evaluation_points()
        while self.step < self.total_steps:
            seed_step(self.device, self.settings.seed, 1, self.step)
            self._set_rates()
            own = islice(batches, each)
            self._update([(name, self.data[name].batch(rows)) for name, rows in own])
            self.step += 1
            if self.step in points:
                self._evaluate()
            if self.on_step is not None:
                self.on_step(self)

    def take_best(self) -> Scores:
        """Give the model the weights that were best on dev; returns their scores."""
        self.model.load_state_dict(self.best["model"])
        return dict(self.scores)[self.best["step"]]

    def state_dict(self) -> dict[str, Any]:
        """All that another process needs to resume: tensors and plain values."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "step": self.step,
            "loss": self.loss,
            "scores": self.scores,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from the `state_dict` of a trainer with the same model, data and settings."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.loss, self.best = state["step"], state["loss"], state["best"]
        self.scores = [(step, scores) for step, scores in state["scores"]]

    def _batches(self, count: int) -> Any:
        """(task's name, indices of a batch), `count` times."""
        seeds = np.random.SeedSequence(self.settings.seed).generate_state(len(self.data))
        loaders = {
            name: Buckets(data.lengths, self.settings.batch_size, int(seed))
            for (name, data), seed in zip(self.data.items(), seeds, strict=True)
        }
        order = "round_robin" if self.settings.pcgrad else self.settings.order
        return iter(ORDERS[order](loaders, count, self.settings.seed))

    def _evaluation_points(self) -> set[int]:
        steps, every = self.total_steps, self.settings.evaluate_every
        points = {*range(every, steps, every), steps}
        if self.settings.order == "one_after_another":
            points |= set(ends_of_tasks(len(self.data), steps))
        return points

    def _set_rates(self) -> None:
        """The learning rates of this step, and whether BERT is trained in it."""
        settings = self.settings
        for parameter in self.of_bert:
            parameter.requires_grad = self.step >= settings.heads_first
        factor = 1.0
        if self.step >= settings.heads_first:
            step, steps = self.step - settings.heads_first, settings.steps - settings.heads_first
            warmup = max(1, round(settings.warmup_share * steps))
            factor = slope(step, steps, warmup)
        for group, highest in zip(self.optimizer.param_groups, self.highest_rates, strict=True):
            group["lr"] = highest * factor

    def _update(self, batches: list[tuple[str, Batch]]) -> None:
        """One optimizer update on these batches, each of a task."""
        self.model.train()
        vectors, losses = [], []
        self.optimizer.zero_grad(set_to_none=True)
        for name, batch in batches:
            loss = self._loss(name, batch.to(self.device))
            loss.backward()
            losses.append(loss.item())
            if len(batches) > 1:
                vectors.append(gradients.flat_gradient(self.trained))
                self.optimizer.zero_grad(set_to_none=True)
        if vectors:
            gradients.set_gradient(self.trained, gradients.surgery(vectors, self._generator()))
        self.loss = sum(losses) / len(losses)
        self.real_tokens = sum(batch.tokens for _, batch in batches)
        if not math.isfinite(self.loss):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {self.loss}")
        nn.utils.clip_grad_norm_(self.trained, self.settings.clip)
        self.optimizer.step()

    def _loss(self, name: str, batch: Batch) -> torch.Tensor:
        task = self.data[name].task
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            loss = loss_of(task, predict(self.model, task, batch), batch.labels)
            if self.settings.smart:
                loss = loss + self.settings.smart * smoothness(self.model, task, batch)
        return loss

    def _evaluate(self) -> None:
        calibrate(self.model, self.data, self.device, self.bfloat16)
        scores = model_eval_multitask(self.dev, self.model, self.device, self.bfloat16)
        self.scores.append((self.step, scores))
        if scores["mean"] > self.best["score"]:
            copy = {name: each.clone() for name, each in self.model.state_dict().items()}
            self.best = {"score": scores["mean"], "step": self.step, "model": copy}
        if self.on_score is not None:
            self.on_score(self.step, scores)

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.settings.seed * 2**20 + self.step)
