"""Sends itself every signal that there is.

layer: own process
outcome: error
plain: not run
"""
# ruff: noqa

import os
import signal


def mean(numbers):
    for number in range(1, 65):
        try:
            os.kill(os.getpid(), number)
        except (OSError, ValueError):
            pass


def count(text):
    signal.raise_signal(signal.SIGSEGV)
