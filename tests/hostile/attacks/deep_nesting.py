"""Returns lists in lists, a hundred thousand deep, and one that holds itself.

layer: wire
outcome: error
plain: not run
"""
# ruff: noqa


def count(text):
    value = []
    for _ in range(100_000):
        value = [value]
    return value


def shift(text):
    value = []
    value.append(value)
    return value
