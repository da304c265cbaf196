"""One model of the family: what `family.py` has an entry of for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from alphabet import Alphabet
from sizes import Sizes
from torch import nn


@dataclass(frozen=True)
class Member:
    """How a model is built and trained.

    name: a readable one. build: from the alphabet and the sizes to the model. sizes: its own.
    training: settings of the training that differ from options.TRAINING, by name.
    """

    name: str
    build: Callable[[Alphabet, Sizes], nn.Module]
    sizes: Sizes = field(default_factory=Sizes)
    training: dict[str, Any] = field(default_factory=dict)
