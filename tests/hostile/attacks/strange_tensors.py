"""Returns sparse, quantised, meta, conjugated, complex and expanded tensors.

layer: wire
outcome: memory
plain: not run
"""
# ruff: noqa


def shift(text):
    return torch.eye(3).to_sparse(), torch.empty(10**9, device="meta")


def mean(numbers):
    return torch.ones(2, dtype=torch.complex64).conj()


def count(text):
    return {"a": torch.zeros(1).expand(2**40)}
