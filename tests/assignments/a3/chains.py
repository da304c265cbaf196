"""A diffusion over two places small enough to be enumerated, and what is exact about it."""

from __future__ import annotations

import itertools

import torch
from torch import nn

LETTERS = 3  # "a", "b" and the unknown one
PLACES = 2
STEPS = 3


def states(symbols: int, places: int = PLACES) -> torch.Tensor:
    """Every sequence of `places` symbols, (symbols ** places, places)."""
    return torch.tensor(list(itertools.product(range(symbols), repeat=places)))


class Table(nn.Module):
    """A network that has learned nothing: random log p(x0 | x_t) for each state and level.

    The absorbing symbol may have any code: it is known as the one that is no letter.
    """

    def __init__(self, keep: torch.Tensor, seed: int = 0, places: int = PLACES) -> None:
        super().__init__()
        self.keep = keep
        self.places = places
        generator = torch.Generator().manual_seed(seed)
        shape = (len(keep), (LETTERS + 1) ** places, places, LETTERS)
        self.table = nn.Parameter(torch.randn(shape, generator=generator).mul(1.5).log_softmax(-1))

    def forward(self, x_t: torch.Tensor, mask: torch.Tensor, keep_t: torch.Tensor) -> torch.Tensor:
        level = (keep_t[:, None] - self.keep).abs().argmin(1)  # (B,)
        powers = (LETTERS + 1) ** torch.arange(self.places - 1, -1, -1)
        return self.table[level, (x_t.clamp_max(LETTERS) * powers).sum(1)]


def forwards(keep: float, symbols: int) -> torch.Tensor:
    """q(x_t | x_s) at one place as a matrix, (symbols, symbols); row: x_s.

    symbols: LETTERS for uniform noise; one more for absorbing noise, the last one absorbing.
    """
    if symbols == LETTERS:
        return keep * torch.eye(symbols) + (1 - keep) / symbols
    matrix = keep * torch.eye(symbols)
    matrix[:, -1] += 1 - keep
    return matrix


def backwards(network: Table, level: int, symbols: int) -> torch.Tensor:
    """p(x_s | x_t) as a matrix over all states; row: x_t. By Bayes' rule, one x0 at a time."""
    keep_s, keep_t = network.keep[level - 1].item(), network.keep[level].item()
    since, before = forwards(keep_t / keep_s, symbols), forwards(keep_s, symbols)
    every = states(symbols, network.places)
    mask = torch.ones(every.shape, dtype=torch.bool)
    believed = network(every, mask, torch.full((len(every),), keep_t)).exp()
    matrix = torch.ones(len(every), len(every))
    for row, state in enumerate(every.tolist()):
        for place, symbol in enumerate(state):
            marginal = torch.zeros(symbols)
            for letter in range(LETTERS):
                joint = before[letter] * since[:, symbol]  # over x_s
                if joint.sum() > 0:
                    marginal += believed[row, place, letter] * joint / joint.sum()
            if symbols > LETTERS and symbol < LETTERS:
                marginal = torch.eye(symbols)[symbol]  # untouched: nothing is to be guessed
            matrix[row] *= marginal[every[:, place]]
    return matrix


def exact(network: Table, symbols: int, start: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(log p(x0), its whole bound) of every x0, by sums over all paths. start: p(x_steps)."""
    every = states(symbols, network.places)
    letters = (every < LETTERS).all(1)
    steps = len(network.keep) - 1
    kernels = [backwards(network, level, symbols).double() for level in range(1, steps + 1)]
    marginal = start.double()
    for kernel in reversed(kernels):
        marginal = marginal @ kernel
    bounds = [path_bound(network.keep, kernels, start.double(), x0, every) for x0 in every[letters]]
    return marginal[letters].log(), torch.stack(bounds)


def path_bound(
    keep: torch.Tensor,
    kernels: list[torch.Tensor],
    start: torch.Tensor,
    x0: torch.Tensor,
    every: torch.Tensor,
) -> torch.Tensor:
    """E_q[log p(x0 .. x_steps) - log q(x1 .. x_steps | x0)], step by step along the chain of q."""
    symbols = int(every.max()) + 1
    reached = (every == x0).all(1).double()  # q(x_s | x0), over all states
    total = torch.zeros((), dtype=torch.float64)
    for level, kernel in enumerate(kernels, 1):
        ratio = (keep[level] / keep[level - 1]).item()
        matrix = forwards(ratio, symbols).double()
        moves = torch.ones(len(every), len(every), dtype=torch.float64)
        for place in range(every.size(1)):
            moves *= matrix[every[:, place]][:, every[:, place]]
        joint = reached[:, None] * moves  # q(x_s, x_t | x0)
        possible = joint > 0
        gain = kernel.T.log() - moves.log()
        total += (joint[possible] * gain[possible]).sum()
        reached = joint.sum(0)
    possible = reached > 0
    return total + (reached[possible] * start[possible].log()).sum()
