"""Wrong work on the chain: two functions are wrong, one is not written."""

import torch  # noqa: F401 (the attacks use it)


def scale(x):
    return x - x.mean()


def mix(x):
    # as handed in: a graft has no comments
    return scale(x).flip(0).cumsum(0) / len(x)


def twin(x):
    raise NotImplementedError("TODO(b): twin")
