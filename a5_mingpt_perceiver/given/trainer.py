"""The training loop. Given code: there is nothing to write here.

    Trainer(model, train_dataset, None, TrainerConfig(max_epochs=10, batch_size=128)).train()

This is minGPT's loop: AdamW with weight decay on the linear layers only, clipped gradients, and a
learning rate that rises over `warmup_tokens`, then falls on a cosine until `final_tokens`. Instead
of AdamW, Muon can train the matrices inside the model (Jordan et al., 2024; its steps scaled to the
size of AdamW's as in Liu et al., "Muon is Scalable for LLM Training", 2025). Two things make the
loop fast. PADs are skipped: by `packed.py` if that gives the model's own loss and gradients, else
by splitting the batch into pieces cut to their own longest row; either way loss and gradients are
those of the whole batch. And matrices are multiplied in bfloat16 if that is faster here.

A step draws from generators seeded by (seed, step) alone, so a training that is stopped and resumed
from `state_dict` continues exactly as if it had never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from packed import agrees, packed_loss
from ragged import pack
from torch import Tensor, nn
from torch.utils.data import Dataset

from course.devices import pick_device, pick_dtype, seed_step

PAD_INDEX = 0
PIECES = 4  # a batch that cannot be packed is cut into this many
OPTIMIZERS = ("adamw", "muon")
TRIAL_ROWS = 4  # rows on which the packed path is compared with the model's own


class TrainerConfig:
    """How to train. Every keyword becomes an attribute; these are the defaults."""

    max_epochs = 10
    batch_size = 64
    learning_rate = 3e-4
    betas = (0.9, 0.95)
    grad_norm_clip = 1.0
    weight_decay = 0.1  # of the linear layers' weights
    optimizer = "adamw"  # or "muon": of the linear layers inside the model, AdamW for the rest
    lr_decay = False  # whether the rate follows warmup_tokens and final_tokens
    warmup_tokens = 375e6  # tokens including PADs, like all token counts of the schedule
    final_tokens = 260e9
    ckpt_path = None  # where to save the weights after each epoch; None: nowhere
    num_workers = 0  # accepted for old code; batches are made in this process
    writer = None  # a TensorBoard SummaryWriter
    seed = 0
    device = "auto"  # auto, cpu or cuda
    bfloat16 = None  # None: if it is faster here
    packed = True  # whether to skip PADs with packed.py if it agrees with the model

    def __init__(self, **kwargs) -> None:
        for name, value in kwargs.items():
            setattr(self, name, value)


class Trainer:
    """Trains a model on a dataset of (x, y).

    step: steps done. tokens: tokens seen, including PADs. real_tokens: characters computed in
    the last step. loss: of the last step, mean cross-entropy in nats per character.
    """

    def __init__(
        self,
        model: nn.Module,
        train_dataset: Dataset,
        test_dataset: Dataset | None,
        config: TrainerConfig,
    ) -> None:
        self.device = pick_device(config.device)
        self.model = model.to(self.device)
        self.train_dataset, self.test_dataset, self.config = train_dataset, test_dataset, config
        fast = pick_dtype(self.device) == torch.bfloat16
        self.bfloat16 = fast if config.bfloat16 is None else config.bfloat16
        self.optimizers = self._optimizers()
        self.step, self.tokens, self.real_tokens, self.loss = 0, 0, 0, math.nan
        self._packs: bool | None = None  # unknown before the first batch
        self.on_step: Callable[[Trainer], None] | None = None  # called after each step

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.train_dataset) / self.config.batch_size)

    @property
    def total_steps(self) -> int:
        return self.config.max_epochs * self.steps_per_epoch

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step."""
        return self.optimizers[0].param_groups[0]["lr"]

    def train(self) -> None:
        """Train from the current step to the end of the last epoch."""
        config = self.config
        while self.step < self.total_steps:
            for indices in self._rest_of_epoch():
                self.train_batch(*self._batch(self.train_dataset, indices))
                if config.writer is not None:
                    config.writer.add_scalar("train/loss", self.loss, self.step)
                if self.on_step is not None:
                    self.on_step(self)
            if self.test_dataset is not None and config.writer is not None:
                config.writer.add_scalar("test/loss", self.test_loss(), self.step)
            if config.ckpt_path is not None:
                torch.save(self.model.state_dict(), config.ckpt_path)

    def train_batch(self, x: Tensor, y: Tensor) -> float:
        """One step on x, y: (B, T) long on the CPU. Returns the loss before the step."""
        self.model.train()
        self._choose_path(x, y)
        self.tokens += int((y >= 0).sum())
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * self.rate_multiplier()
            optimizer.zero_grad(set_to_none=True)
        self.loss = self._backward(x, y)
        if not math.isfinite(self.loss):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {self.loss}")
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_norm_clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        return self.loss

    def rate_multiplier(self) -> float:
        """The learning rate's factor at the tokens seen: linear warmup, then a cosine to 0.1."""
        config = self.config
        if not config.lr_decay:
            return 1.0
        if self.tokens < config.warmup_tokens:
            return self.tokens / max(1, config.warmup_tokens)
        span = max(1, config.final_tokens - config.warmup_tokens)
        progress = (self.tokens - config.warmup_tokens) / span
        return max(0.1, 0.5 * (1.0 + math.cos(math.pi * progress)))

    def test_loss(self) -> float:
        """The mean cross-entropy over the test set's targets, without dropout."""
        self.model.eval()
        total, count = 0.0, 0
        with torch.no_grad():
            for first in range(0, len(self.test_dataset), self.config.batch_size):
                last = min(first + self.config.batch_size, len(self.test_dataset))
                x, y = self._batch(self.test_dataset, range(first, last))
                targets = int((y != PAD_INDEX).sum())
                total += targets * self.model(x.to(self.device), y.to(self.device))[1].item()
                count += targets
        return total / count

    def state_dict(self) -> dict:
        """All that another process needs to resume: tensors and plain values."""
        return {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "tokens": self.tokens,
            "loss": self.loss,
        }

    def load_state_dict(self, state: dict) -> None:
        """Resume from the `state_dict` of a trainer with the same model, data and configuration."""
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.tokens, self.loss = state["step"], state["tokens"], state["loss"]

    def _rest_of_epoch(self) -> Iterator[Tensor]:
        """The indices of each remaining batch of this epoch."""
        epoch, done = divmod(self.step, self.steps_per_epoch)
        seed_step(self.device, self.config.seed, 0, epoch)
        order = torch.randperm(len(self.train_dataset))
        for indices in order.split(self.config.batch_size)[done:]:
            seed_step(self.device, self.config.seed, 1, self.step)
            yield indices

    @staticmethod
    def _batch(dataset: Dataset, indices) -> tuple[Tensor, Tensor]:
        pairs = [dataset[int(index)] for index in indices]
        x, y = zip(*pairs, strict=True)
        return torch.stack(x), torch.stack(y)

    def _choose_path(self, x: Tensor, y: Tensor) -> None:
        if self._packs is None:
            first = slice(TRIAL_ROWS)
            trial = x[first].to(self.device), y[first].to(self.device)
            self._packs = self.config.packed and agrees(self.model, *trial)

    def _backward(self, x: Tensor, y: Tensor) -> float:
        """Compute the gradients of the batch's loss, and return the loss."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            if self._packs:
                batch = pack(x, y)
                self.real_tokens = sum(batch.lengths)
                loss = packed_loss(self.model, batch)
                loss.backward()
                return loss.item()
            return self._backward_in_pieces(x, y)

    def _backward_in_pieces(self, x: Tensor, y: Tensor) -> float:
        """Rows of similar length together, each piece weighted by its share of the targets."""
        places = torch.arange(1, y.size(1) + 1)
        lengths, order = (places * (y != PAD_INDEX)).amax(dim=1).sort()
        total, targets, self.real_tokens = 0.0, int((y != PAD_INDEX).sum()), int(lengths.sum())
        for rows, piece in zip(order.chunk(PIECES), lengths.chunk(PIECES), strict=True):
            if not piece[-1]:
                continue  # no row has anything to guess
            width = int(piece[-1])
            piece_x, piece_y = x[rows, :width], y[rows, :width]
            share = int((piece_y != PAD_INDEX).sum()) / targets
            loss = share * self.model(piece_x.to(self.device), piece_y.to(self.device))[1].float()
            loss.backward()
            total += loss.item()
        return total

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        config, model = self.config, self.model
        if config.optimizer not in OPTIMIZERS:
            raise ValueError(
                f"{config.optimizer!r} is not an optimizer: choose one of {', '.join(OPTIMIZERS)}"
            )
        linear = {id(m.weight): m for m in model.modules() if isinstance(m, nn.Linear)}
        trained = [p for p in model.parameters() if p.requires_grad]
        decayed = [p for p in trained if id(p) in linear]
        rest = [p for p in trained if id(p) not in linear]
        inner: list[nn.Parameter] = []
        if config.optimizer == "muon":
            head = getattr(model, "head", None)
            inner = [p for p in decayed if linear[id(p)] is not head]
            decayed = [p for p in decayed if linear[id(p)] is head]
        groups = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ]
        lr = config.learning_rate
        optimizers = [torch.optim.AdamW(groups, lr=lr, betas=config.betas, fused=True)]
        if inner:
            optimizers.append(
                torch.optim.Muon(
                    inner, lr=lr, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"
                )
            )
        return optimizers
