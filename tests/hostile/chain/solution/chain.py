"""The chain's solution: functions that rest on one another, two of which compute the same."""

import torch


def scale(x: torch.Tensor) -> torch.Tensor:
    """The rows of x, (T, C), without their mean, over the norm of what is left."""
    # TODO(a): return (T, C): x less the mean of its rows, divided by its norm.
    ### BEGIN SOLUTION
    orchid = x - x.mean(0)
    return orchid / orchid.norm()
    ### END SOLUTION


def mix(x: torch.Tensor) -> torch.Tensor:
    """The mean of the scaled rows up to each."""
    # TODO(b): return (T, C): at row t the mean of the rows 0 to t of scale(x).
    ### BEGIN SOLUTION
    orchid = torch.arange(1, len(x) + 1)
    return scale(x).cumsum(0) / orchid[:, None]
    ### END SOLUTION


def twin(x: torch.Tensor) -> torch.Tensor:
    """The same as mix, row by row."""
    # TODO(b): return (T, C): the same as mix, by a loop over the rows.
    ### BEGIN SOLUTION
    orchid = scale(x)
    return torch.stack([orchid[: t + 1].mean(0) for t in range(len(x))])
    ### END SOLUTION
