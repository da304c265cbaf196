"""Replies with a dict whose keys have one hash, so that building it takes quadratic time.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa


def count(text):
    return {k * (2**61 - 1): 0 for k in range(5)} | {k << 61: 0 for k in range(5)}


def shift(text):
    return {float(2**60 * k): 0 for k in range(100_000)}
