"""Every outcome of two independent choices, so that a mean over samples is exact."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from grader.random_inputs import normal

OUTCOMES = torch.tensor(list(itertools.product((0.0, 1.0), repeat=2)))  # (4, 2): two choices


def others(rewards: Tensor) -> Tensor:
    """The mean of the other samples' rewards, one by one."""
    count = len(rewards)
    rows = [[j for j in range(count) if j != k] for k in range(count)]
    return torch.stack([rewards[row].mean(0) for row in rows])


def columns(samples: int) -> Tensor:
    """Every way to draw `samples` outcomes, (K, N): numbers of rows of OUTCOMES."""
    return torch.tensor(list(itertools.product(range(4), repeat=samples))).t()


class Bernoullis:
    """Two independent choices with known probabilities, and all that follows from them."""

    def __init__(self, generator: torch.Generator) -> None:
        """Draws both logits."""
        logits = normal(generator, 2).double()
        self.scores = OUTCOMES.double() - logits.sigmoid()  # (4, 2): d log q / d logits
        signs = 2 * OUTCOMES.double() - 1
        self.log_q = torch.nn.functional.logsigmoid(signs * logits).sum(1)  # (4,)
        self.q = self.log_q.exp()

    def exact(self, rewards: Tensor) -> Tensor:
        """The gradient of E_q[reward] by the logits, (2,); rewards: (4,), held fixed."""
        return (self.q[:, None] * rewards[:, None] * self.scores).sum(0)

    def estimates(self, gradient: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """What a loss's gradient by log_q, (K, N), gives by the logits for each column.

        Returns the estimates (N, 2) and the columns' probabilities (N,). The loss is a mean over
        the N columns, each of which stands for a batch of its own.
        """
        each = (gradient.double()[..., None] * self.scores[drawn]).sum(0) * drawn.size(1)
        return each, self.q[drawn].prod(0)


def moments(estimates: Tensor, probabilities: Tensor) -> tuple[Tensor, float]:
    """The mean (2,) of the estimates, and their variance, added over both logits."""
    mean = (probabilities[:, None] * estimates).sum(0)
    spread = (probabilities[:, None] * (estimates - mean) ** 2).sum()
    return mean, float(spread)
