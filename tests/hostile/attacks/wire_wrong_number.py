"""Answers other requests than those that were made.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa

import os


def mean(numbers):
    from grader.boundary import wire

    for number in (-1, 0, 10**18, "x", None, [1], 1.0, True):
        os.write(3, wire.encode([number, "value", 0.0])[0])
