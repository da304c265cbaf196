"""In what order the tasks' batches come. Given code: there is nothing to write here.

    for name, batch in ORDERS["annealed"](loaders, steps, seed=0): ...

Each order takes {task's name: what gives its batches, as often as it is iterated} and yields
`steps` pairs (name, batch). A loader that runs out starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np


class Loader(Protocol):
    """Gives batches, another epoch at each iteration; its length is the batches of one."""

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...


Loaders = Mapping[str, Loader]
Steps = Iterator[tuple[str, Any]]


def one_after_another(loaders: Loaders, steps: int, seed: int = 0) -> Steps:
    """All steps of the first task, then all of the second, ...: the same number for each."""
    batches = _endless(loaders)
    names = list(loaders)
    for step in range(steps):
        name = names[step * len(names) // steps]
        yield name, next(batches[name])


def ends_of_tasks(tasks: int, steps: int) -> list[int]:
    """After how many steps `one_after_another` has finished each task."""
    return [-(-steps * (task + 1) // tasks) for task in range(tasks)]


def mixed(loaders: Loaders, steps: int, seed: int = 0) -> Steps:
    """Each step's task is drawn, with a chance that is its share of all batches."""
    return _drawn(loaders, steps, seed, lambda progress: 1.0)


def annealed(loaders: Loaders, steps: int, seed: int = 0) -> Steps:
    """Drawn like `mixed` at first, and nearly evenly at the end.

    The chance is proportional to (batches of the task)^a with a from 1 to 0.2: annealed sampling
    of Stickland and Murray, "BERT and PALs" (2019).
    """
    return _drawn(loaders, steps, seed, lambda progress: 1 - 0.8 * progress)


def round_robin(loaders: Loaders, steps: int, seed: int = 0) -> Steps:
    """The student's: each task in turn."""
    import multitask_classifier

    return multitask_classifier.round_robin(loaders, steps)


ORDERS: dict[str, Callable[..., Steps]] = {
    "round_robin": round_robin,
    "mixed": mixed,
    "annealed": annealed,
    "one_after_another": one_after_another,
}


def _drawn(loaders: Loaders, steps: int, seed: int, power: Callable[[float], float]) -> Steps:
    rng = np.random.default_rng([seed, len(loaders)])
    batches, names = _endless(loaders), list(loaders)
    sizes = np.array([len(loaders[name]) for name in names], dtype=float)
    for step in range(steps):
        weights = sizes ** power(step / max(steps - 1, 1))
        name = names[rng.choice(len(names), p=weights / weights.sum())]
        yield name, next(batches[name])


def _endless(loaders: Mapping[str, Iterable[Any]]) -> dict[str, Iterator[Any]]:
    return {name: _repeat(loader) for name, loader in loaders.items()}


def _repeat(loader: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from loader
