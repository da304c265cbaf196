"""Finds the socket and writes garbage to it.

layer: wire
outcome: crash
plain: not run
"""
# ruff: noqa

import os


def mean(numbers):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff\xc1passed" * 1000)
        except OSError:
            pass
