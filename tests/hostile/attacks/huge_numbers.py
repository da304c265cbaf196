"""Returns whole numbers of a million digits, and floats at the edge.

layer: wire
outcome: as without it
plain: not run
"""
# ruff: noqa


def mean(numbers):
    return 10**1_000_000


def predict(texts):
    return [2**63, -(2**63), 2**64, 1e308, -1e308, 5e-324] * 6 + [2**200] * 4
