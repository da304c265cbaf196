"""Raises SystemExit and KeyboardInterrupt when it is called.

layer: own process
outcome: error
plain: nothing
"""
# ruff: noqa


def mean(numbers):
    raise SystemExit(0)


def count(text):
    raise KeyboardInterrupt
