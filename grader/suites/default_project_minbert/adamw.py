"""Where right optimizers go, in float64, from the equations.

Adam's step with correction is written in two ways, which differ in what eps is added to: the root
of the second moment (the paper's efficient form, and the handout's), or of the corrected one (its
algorithm 1, and torch's). The decay may come before or after the step; the order matters by
lr^2 * decay times the step. Every test accepts all four.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

DEFAULTS = {
    "lr": 1e-3,
    "betas": (0.9, 0.999),
    "eps": 1e-6,
    "weight_decay": 0.0,
    "correct_bias": True,
}


def ends(
    start: Tensor, gradients: Sequence[Tensor | None], options: dict[str, Any]
) -> list[list[Tensor]]:
    """[the parameter after each step] for each right form; a gradient may be None.

    options: of the group; "rates", if there, is the lr of each step.
    """
    settings = DEFAULTS | options
    forms = itertools.product((True, False), repeat=2)
    return [_path(start, gradients, settings, *form) for form in forms]


def _path(
    start: Tensor,
    gradients: Sequence[Tensor | None],
    settings: dict[str, Any],
    efficient: bool,
    decay_last: bool,
) -> list[Tensor]:
    p, path, count = start.double(), [], 0
    m, v = torch.zeros_like(p), torch.zeros_like(p)
    (beta1, beta2), eps = settings["betas"], settings["eps"]
    rates = settings.get("rates") or [settings["lr"]] * len(gradients)
    for lr, gradient in zip(rates, gradients, strict=True):
        if gradient is not None:
            g, count = gradient.double(), count + 1
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
            c1, c2 = (1 - beta1**count, 1 - beta2**count) if settings["correct_bias"] else (1, 1)
            if efficient:
                step = lr * c2**0.5 / c1 * m / (v.sqrt() + eps)
            else:
                step = lr * (m / c1) / ((v / c2).sqrt() + eps)
            decay = lr * settings["weight_decay"]
            p = (p - step) * (1 - decay) if decay_last else p * (1 - decay) - step
        path.append(p)
    return path
