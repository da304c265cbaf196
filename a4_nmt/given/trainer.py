"""The training loop. Given code: there is nothing to write here.

    initialise(model, seed=0)
    trainer = Trainer(model, train, dev, Settings(steps=5000, evaluate_every=500))
    trainer.train()
    trainer.take_best()

Adam on batches of pairs of similar length, with clipped gradients. Every so many steps the model is
scored on dev. If it was not better for `patience` scores, model and optimizer return to their best
state and the learning rate falls; after `falls` such returns the training ends.

A step draws from generators seeded by (seed, step) alone, and the order of the batches depends on
the seed alone, so a training that is stopped and resumed from `state_dict` continues exactly as if
it had never stopped.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from batches import Batch, Encoded, by_length, epoch
from fast import agrees, plain_loss, training_loss
from nmt_model import NMT
from torch import Tensor, nn
from vocab import PAD_ID, UNKNOWN_ID

from course.devices import pick_device, seed_step
from course.training import slope

Scores = dict[str, float]
SCHEDULES = ("patience", "linear")
SELECT = ("perplexity", "bleu")
EVALUATED = 128  # pairs of dev at a time
TRIAL_ROWS = 4  # pairs on which the fast loss is compared with the model's own


@dataclass(frozen=True)
class Settings:
    """How to train. steps: updates, at most; evaluate_every: updates between scores on dev."""

    steps: int
    evaluate_every: int
    batch_size: int = 64  # pairs
    learning_rate: float = 1e-3
    schedule: str = "patience"  # or "linear": down to 0 at the last step
    warmup: int = 0  # the first steps, in which the rate rises on a line
    patience: int = 3  # scores in a row that are no better
    decay: float = 0.5  # the rate's factor after them
    falls: int = 4  # of the rate, with schedule "patience"
    clip: float = 1.0  # the largest norm of the gradient of the mean loss
    label_smoothing: float = 0.0  # the share of each target that all pieces get, in equal parts
    word_dropout: float = 0.0  # the share of the source's pieces that the model sees as <unk>
    select: str = "perplexity"  # what the best model is best in; or "bleu"
    seed: int = 0
    device: str = "auto"


class Trainer:
    """Trains a model on pairs, and scores it on others.

    bleu: the BLEU of a model on dev, for the scores; None leaves it out.
    step, loss, real_tokens: see course.training.Trainable; the tokens are those of the target, the
    loss is the mean of one of them. scores: [(step, scores), ...] so far.
    """

    def __init__(
        self,
        model: NMT,
        train: Encoded,
        dev: Encoded,
        settings: Settings,
        bleu: Callable[[NMT], float] | None = None,
    ) -> None:
        _check(settings, bleu)
        self.device = pick_device(settings.device)
        self.model, self.data, self.dev = model.to(self.device), train, dev
        self.settings, self.bleu = settings, bleu
        self.loss_of = loss_function(self.model, train)
        parameters = self.model.parameters()
        self.optimizer = torch.optim.Adam(parameters, settings.learning_rate, fused=True)
        self.step, self.loss, self.real_tokens = 0, math.nan, 0
        self.waited, self.fallen = 0, 0  # scores since the best one, and falls of the rate
        self.scores: list[tuple[int, Scores]] = []
        self.best: dict[str, Any] = {}
        self.on_step: Callable[[Any], None] | None = None  # called after each step
        self.on_score: Callable[[int, Scores], None] | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do: all steps are done, or the rate has fallen too often."""
        return self.step >= self.settings.steps or self.fallen > self.settings.falls

    @property
    def total_steps(self) -> int:
        return self.step if self.ended else self.settings.steps

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
        while not self.ended:
            if number != self.step // self.steps_per_epoch:
                number = self.step // self.steps_per_epoch
                batches = epoch(self.data.lengths, settings.batch_size, settings.seed, number)
            seed_step(self.device, settings.seed, 1, self.step)
            self._update(self.data.batch(batches[self.step % self.steps_per_epoch]))
            self.step += 1
            if self.step % settings.evaluate_every == 0 or self.step == settings.steps:
                self._evaluate()
            if self.on_step is not None:
                self.on_step(self)

    def take_best(self) -> Scores:
        """Give the model the weights that were best on dev; returns their scores."""
        self.model.load_state_dict(self.best["model"])
        return dict(self.scores)[self.best["step"]]

    def state_dict(self) -> dict[str, Any]:
        """All that another process needs to resume: tensors and plain values."""
        state = {name: getattr(self, name) for name in _PLAIN}
        return state | {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from the `state_dict` of a trainer with the same model, data and settings."""
        self._return_to(state)
        for name in _PLAIN:
            setattr(self, name, state[name])

    def _update(self, batch: Batch) -> None:
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self._factor()
        self.optimizer.zero_grad(set_to_none=True)
        self.real_tokens = batch.target_tokens
        batch = without_some_words(batch, self.settings.word_dropout).to(self.device)
        loss = self.loss_of(self.model, batch, self.settings.label_smoothing) / self.real_tokens
        loss.backward()
        self.loss = loss.item()
        if not math.isfinite(self.loss):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {self.loss}")
        nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()

    def _factor(self) -> float:
        """The learning rate's factor at this step."""
        settings = self.settings
        if settings.schedule == "linear":
            return slope(self.step, settings.steps, settings.warmup)
        rise = min(1.0, (self.step + 1) / max(1, settings.warmup))
        return rise * settings.decay**self.fallen

    def _evaluate(self) -> None:
        scores = {"perplexity": perplexity(self.model, self.dev, self.loss_of)}
        if self.bleu is not None:
            scores["bleu"] = self.bleu(self.model.eval())
        self.scores.append((self.step, scores))
        self._remember(scores)
        if self.on_score is not None:
            self.on_score(self.step, scores)

    def _remember(self, scores: Scores) -> None:
        """Keep the state if it is the best so far; else wait, and then return to the best one."""
        value = scores["bleu"] if self.settings.select == "bleu" else -scores["perplexity"]
        if not self.best or value > self.best["value"]:
            state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
            self.best = {"value": value, "step": self.step, **copy.deepcopy(state)}
            self.waited = 0
            return
        self.waited += 1
        if self.settings.schedule == "patience" and self.waited >= self.settings.patience:
            self.fallen, self.waited = self.fallen + 1, 0
            self._return_to(self.best)

    def _return_to(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        # A copy: the optimizer would go on in the tensors that it is given.
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))


_PLAIN = ("step", "loss", "real_tokens", "waited", "fallen", "scores", "best")


def initialise(model: NMT, seed: int, scale: float = 0.1) -> None:
    """Fresh weights: uniform from -scale to scale, as in Luong et al. Pads have the vector 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            drawn = torch.rand(parameter.shape, generator=generator)
            parameter.copy_(scale * (2 * drawn - 1))
        for table in (model.model_embeddings.source, model.model_embeddings.target):
            table.weight[PAD_ID] = 0


def loss_function(model: NMT, data: Encoded) -> Callable[..., Tensor]:
    """The fast loss of fast.py if it agrees with the model on a few pairs, else the model's own."""
    places = sorted(range(len(data)), key=lambda index: len(data.sources[index]))
    spread = [places[n * (len(places) - 1) // (TRIAL_ROWS - 1)] for n in range(TRIAL_ROWS)]
    device = next(model.parameters()).device
    return training_loss if agrees(model, data.batch(spread).to(device)) else plain_loss


@torch.no_grad()
def perplexity(model: NMT, data: Encoded, loss_of: Callable[..., Tensor] = plain_loss) -> float:
    """exp of the mean -log p of a target token, </s> among them, without dropout."""
    model.eval()
    device = next(model.parameters()).device
    total, tokens = 0.0, 0
    for indices in by_length(data.lengths, EVALUATED):
        batch = data.batch(indices)
        total += loss_of(model, batch.to(device)).item()
        tokens += batch.target_tokens
    return math.exp(total / tokens)


def without_some_words(batch: Batch, share: float) -> Batch:
    """The batch with this share of the source's pieces replaced by <unk>, drawn at random."""
    if not share:
        return batch
    dropped = (torch.rand(batch.source.shape) < share) & (batch.source != PAD_ID)
    return replace(batch, source=batch.source.masked_fill(dropped, UNKNOWN_ID))


def _check(settings: Settings, bleu: object) -> None:
    for name, values in (("schedule", SCHEDULES), ("select", SELECT)):
        if getattr(settings, name) not in values:
            raise ValueError(f"{name} {getattr(settings, name)!r}: choose from {', '.join(values)}")
    if settings.select == "bleu" and bleu is None:
        raise ValueError("select 'bleu' needs a function that computes it")
