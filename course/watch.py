"""What run.py does while its trainer works: progress bar, metrics, checkpoints.

with watched(trainer, folder, "a5_mingpt_perceiver", "run", identity, title="train"):
    trainer.train()
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course import checkpoints
from course.cli import SAVE_EVERY
from course.errors import UserError
from course.files import is_file
from course.progress import Progress
from course.runs import Run, open_run
from course.training import Trainable

LOG_EVERY = 20  # steps
State = dict[str, Any]


@contextmanager
def watched(
    trainer: Trainable, folder: Path, assignment: str, name: str, identity: State, **options: Any
) -> Iterator[Run]:
    """Open the run folder, and resume the trainer from its checkpoint if there is one.

    identity: the seed, and all else that a run must have in common with a checkpoint to resume
    from it. options: those of Watcher. Raises UserError for another run's checkpoint, and in place
    of a FloatingPointError.
    """
    state = earlier(folder, identity)
    if state is not None:
        trainer.load_state_dict(state["trainer"])
    step = None if state is None else trainer.step
    device, seed = getattr(trainer, "device", None), identity["seed"]
    run = open_run(folder, assignment, name, identity, seed, resumed_step=step, device=device)
    watcher = Watcher(trainer, run, identity, **options)
    watcher.losses += state["losses"] if state else []
    with run, watcher:
        try:
            yield run
        except FloatingPointError as error:
            raise UserError(f"{error}; a lower learning rate may keep it finite") from error


@dataclass
class Watcher:
    """Called by the trainer after each step or every few; a context manager around the training."""

    trainer: Trainable
    run: Run
    identity: State
    title: str
    seconds: float = SAVE_EVERY  # between checkpoints; 0 saves one after every call
    log_every: int = LOG_EVERY  # steps between rows of metrics; a row is the mean of its calls
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.saved, self.saved_step = time.monotonic(), self.trainer.step
        self.seen = self.trainer.step
        self.bar = Progress(self.trainer.total_steps, self.title, initial=self.seen)
        self.trainer.on_step = self

    def __call__(self, trainer: Trainable) -> None:
        self.losses.append(trainer.loss)
        self.bar.update(trainer.loss, trainer.real_tokens, trainer.step - self.seen)
        self.seen = trainer.step
        last = trainer.step == trainer.total_steps
        if trainer.step % self.log_every == 0 or last:
            self._log(trainer)
        if time.monotonic() - self.saved >= self.seconds or last:
            self.save(trainer)

    def save(self, trainer: Trainable) -> None:
        """Write the checkpoint; a kill leaves the old one or the new one."""
        if self.saved_step != trainer.step:
            state = {"identity": self.identity, "losses": self.losses}
            state["trainer"] = trainer.state_dict()
            checkpoints.save(checkpoint_path(self.run.folder), state)
        self.saved, self.saved_step = time.monotonic(), trainer.step

    def _log(self, trainer: Trainable) -> None:
        mean = sum(self.losses) / len(self.losses)
        speed = round(self.bar.tokens_per_second())
        rate = trainer.learning_rate
        self.run.log(trainer.step, loss=mean, learning_rate=rate, tokens_per_second=speed)
        self.losses.clear()

    def __enter__(self) -> Watcher:
        self.bar.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.__exit__(*exception)


def checkpoint_path(folder: Path) -> Path:
    return folder / "checkpoint.pt"


def earlier(folder: Path, identity: State) -> State | None:
    """The folder's checkpoint: "trainer", its state, and "losses"; None if there is none.

    Raises UserError if it belongs to another run, and says what differs.
    """
    path = checkpoint_path(folder)
    if not is_file(path):
        return None
    state = checkpoints.load(path)
    saved = state.get("identity", {})
    for name, value in identity.items():
        if saved.get(name) != value:
            other = f"with {name} {saved.get(name)!r}, this one has {value!r}"
            other = "of other code (it has changed since)" if name == "code" else other
            raise UserError(
                f"{folder} holds a run {other}: name another folder with --out, or delete this one"
            )
    return state
