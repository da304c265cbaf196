"""Leaves one function unwritten, and calls it from the other that computes the same.

layer: grafts
outcome: not implemented
plain: not run
"""
# ruff: noqa


def mix(x):
    return twin(x)
