"""A trainer's interface to the rest of the course: it can be watched, stopped and resumed.

And the schedule of the learning rate that several of them have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Trainable(Protocol):
    """A trainer that calls `on_step` with itself after each step, or every few.

    step: steps done. loss: the mean of the steps since the last call. real_tokens: those that the
    same steps read, without PADs. learning_rate: of the last step.
    """

    step: int
    loss: float
    real_tokens: int
    on_step: Callable[[Any], None] | None

    @property
    def total_steps(self) -> int: ...

    @property
    def learning_rate(self) -> float: ...

    def train(self) -> None:
        """Train to the end. Raises FloatingPointError if the loss is not finite."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on: tensors and plain values."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from what `state_dict` returned."""


def slope(step: int, steps: int, warmup: int) -> float:
    """The learning rate's factor at a step, counted from 0: up to 1 on a line, then down to 0.

    steps: of the whole training. warmup: of those, until the rate is highest.
    """
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / max(1, steps - warmup)
