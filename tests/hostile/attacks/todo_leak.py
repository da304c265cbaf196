"""Says that a TODO still stands whose id is the hidden input.

layer: messages
outcome: error
plain: not run
"""
# ruff: noqa


def count(text):
    raise NotImplementedError(f"TODO({text[:20]})")


def mean(numbers):
    raise NotImplementedError(f"TODO({numbers[0]})")
