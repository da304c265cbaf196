"""Returns tensors of hundreds of megabytes in place of small ones.

layer: wire
outcome: failed
plain: not run
"""
# ruff: noqa


def shift(text):
    return torch.zeros(2**24), torch.zeros(2**24)


def count(text):
    return torch.zeros(2**28, dtype=torch.uint8)
