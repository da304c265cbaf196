"""Raises exceptions whose message is the hidden input.

layer: messages
outcome: error
plain: not run
"""
# ruff: noqa


def mean(numbers):
    raise ValueError(f"was given {numbers}")


def count(text):
    raise AssertionError(text)
