"""Handles every signal by going on, and hangs in C, where no Python signal handler comes through.

layer: clock outside
outcome: timeout
plain: not run
"""
# ruff: noqa

import re
import signal

for number in range(1, 65):
    try:
        signal.signal(number, lambda *_: None)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))


def count(text):
    return re.match(r"(a|aa)+$", "a" * 200 + "b")
