"""Lifts the limit on recursion and recurses until the stack is full.

layer: own process
outcome: crash
plain: not run
"""
# ruff: noqa

import sys

sys.setrecursionlimit(10**9)


class Deep:
    def __getattr__(self, name):
        return getattr(Deep(), name + "x"[:0])


def mean(numbers):
    return getattr(Deep(), "deep")
